//! What workers say of Nexus requests.

use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::nexus::StartOperationResponse;
use perpetua_proto::nexus::response::Variant;
use perpetua_proto::nexus::start_operation_response::Variant as StartVariant;
use perpetua_proto::workflowservice::{RespondNexusTaskCompletedRequest, RespondNexusTaskFailedRequest};
use prost::Message;

use crate::nexus::{Errand, NexusAnswer, OperationToken, Owner, Started, failure, link};
use crate::refusal::{Answer, Refusal};
use crate::{World, limits};

impl World {
    /// A handler has answered.
    ///
    /// # Errors
    /// When the request is not the worker's any longer, or the answer means nothing.
    pub fn respond_nexus_task_completed(&mut self, request: RespondNexusTaskCompletedRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        if self.is_command(&request.task_token) {
            return Ok(());
        }
        let errand = self.read_errand(&request.task_token);
        let variant = request.response.and_then(|response| response.variant);
        let cancel = errand.as_ref().is_ok_and(|errand| errand.cancel);
        let answer = match variant {
            Some(Variant::CancelOperation(_)) if cancel => NexusAnswer::Told,
            Some(Variant::StartOperation(response)) if !cancel => started(response)?,
            _ => empty(),
        };
        self.finish_errand(errand?, answer)
    }

    /// A handler could not do what it was asked.
    ///
    /// # Errors
    /// When the request is not the worker's any longer, or no reason is given.
    pub fn respond_nexus_task_failed(&mut self, request: RespondNexusTaskFailedRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        if self.is_command(&request.task_token) {
            return Ok(());
        }
        let errand = self.read_errand(&request.task_token)?;
        let failure = match (request.failure, request.error) {
            (Some(failure), _) if matches!(failure.failure_info, Some(FailureInfo::NexusHandlerFailureInfo(_))) => {
                failure::as_passed_on(failure)
            }
            (_, Some(error)) => failure::of_handler_error(error),
            (Some(_), None) => {
                let words = "request Failure must contain error or failure with NexusHandlerFailureInfo";
                return Err(Refusal::invalid(words));
            }
            (None, None) => return Err(Refusal::invalid("request must contain error or failure")),
        };
        self.finish_errand(errand, NexusAnswer::Refused(Box::new(failure)))
    }

    fn finish_errand(&mut self, errand: Errand, answer: NexusAnswer) -> Answer<()> {
        self.answer_errand(errand, answer);
        self.settle();
        Ok(())
    }

    /// Whether a worker answers to what it was told, on which nothing depends.
    fn is_command(&self, token: &[u8]) -> bool {
        OperationToken::decode(token).is_ok_and(|token| token.command && token.server == self.server)
    }

    /// The request that a worker was given.
    fn read_errand(&self, token: &[u8]) -> Answer<Errand> {
        if token.is_empty() {
            return Err(Refusal::invalid("Task token not set on request."));
        }
        let token = OperationToken::decode(token)
            .ok()
            .filter(|token| !token.namespace.is_empty())
            .ok_or_else(|| Refusal::invalid("Error deserializing task token."))?;
        let expired = || Refusal::not_found("Nexus task not found or already expired");
        if token.server != self.server {
            return Err(expired());
        }
        let OperationToken { scheduled, attempt, cancel, .. } = token;
        if !token.standalone.is_empty() {
            let operation = self.nexus.operations.get(&token.standalone).filter(|operation| operation.is_open());
            let call = operation.and_then(|operation| operation.state.call(cancel));
            let owner = Owner::Client(token.standalone);
            return call
                .filter(|call| call.is_handed(attempt))
                .map(|_| Errand { owner, cancel, attempt })
                .ok_or_else(expired);
        }
        let run = self.run_of_id(&token.namespace, &token.run_id).filter(|run| run.is_open());
        let operation = run.and_then(|run| run.state.operations.get(&scheduled));
        let is_handed = operation.and_then(|it| it.call(cancel)).is_some_and(|call| call.is_handed(attempt));
        run.filter(|_| is_handed)
            .map(|run| Errand { owner: Owner::Run(run.number, scheduled), cancel, attempt })
            .ok_or_else(expired)
    }
}

/// What an answer to a request to start means.
///
/// # Errors
/// When it cannot be meant.
fn started(response: StartOperationResponse) -> Answer<NexusAnswer> {
    Ok(match response.variant {
        Some(StartVariant::SyncSuccess(sync)) => {
            NexusAnswer::Started(Started::Succeeded(sync.payload), link::all_from_nexus(&sync.links))
        }
        Some(StartVariant::AsyncSuccess(running)) => {
            let token = if running.operation_token.is_empty() { running.operation_id } else { running.operation_token };
            if token.is_empty() {
                return Err(Refusal::invalid("missing opration token in response"));
            }
            if token.len() > limits::OPERATION_TOKEN {
                return Err(Refusal::invalid(format!(
                    "operation token length exceeds allowed limit ({}/{})",
                    token.len(),
                    limits::OPERATION_TOKEN
                )));
            }
            NexusAnswer::Started(Started::Running(token), link::all_from_nexus(&running.links))
        }
        Some(StartVariant::OperationError(error)) => match failure::of_unsuccessful(error) {
            Some(failure) => NexusAnswer::Started(Started::Unsuccessful(Box::new(failure)), Vec::new()),
            None => NexusAnswer::Refused(Box::new(failure::of_handler("INTERNAL", ""))),
        },
        Some(StartVariant::Failure(failure)) => {
            let failure = Box::new(failure::as_passed_on(failure));
            NexusAnswer::Started(Started::Unsuccessful(failure), Vec::new())
        }
        None => empty(),
    })
}

/// An answer without content.
fn empty() -> NexusAnswer {
    NexusAnswer::Refused(Box::new(failure::of_handler("INTERNAL", "empty outcome")))
}
