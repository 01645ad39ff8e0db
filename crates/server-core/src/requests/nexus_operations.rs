//! Nexus operations that clients start: begun, looked at, waited for.

use perpetua_proto::enums::{
    NexusOperationExecutionStatus as Status, NexusOperationIdConflictPolicy as Conflict,
    NexusOperationIdReusePolicy as Reuse, NexusOperationWaitStage as Stage,
};
use perpetua_proto::errordetails::NexusOperationExecutionAlreadyStartedFailure;
use perpetua_proto::history::NexusOperationScheduledEventAttributes as Asked;
use perpetua_proto::workflowservice::{
    DescribeNexusOperationExecutionRequest, PollNexusOperationExecutionRequest, StartNexusOperationExecutionRequest,
    StartNexusOperationExecutionResponse,
};
use prost::Message;

use crate::nexus::operation::cap_timeouts;
use crate::nexus::waiter::{OperationWaiter, Wanted};
use crate::nexus::{OperationState, Standalone, header};
use crate::refusal::{Answer, Code, Refusal};
use crate::run::callback::{self, CallbackState};
use crate::token::ChangeToken;
use crate::world::{CallId, Waiting, is_uuid};
use crate::{World, limits};

impl World {
    /// Starts an operation.
    ///
    /// # Errors
    /// When the request is wrong, or the id is in use and the policies do not allow for that.
    pub fn start_nexus_operation(
        &mut self,
        request: StartNexusOperationExecutionRequest,
    ) -> Answer<StartNexusOperationExecutionResponse> {
        let operation = self.prepare_operation(&request)?;
        if let Some(current) = self.nexus.current(&request.namespace, &request.operation_id) {
            let run_id = current.run_id.clone();
            if current.asked.request_id == operation.asked.request_id {
                return Ok(StartNexusOperationExecutionResponse { run_id, started: true });
            }
            if current.is_open() && request.id_conflict_policy() == Conflict::UseExisting {
                self.join_operation(&run_id, &request)?;
                self.settle();
                return Ok(StartNexusOperationExecutionResponse { run_id, started: false });
            }
            if !may_follow(current, request.id_reuse_policy()) {
                return Err(in_use(current));
            }
        }
        let run_id = operation.run_id.clone();
        self.add_operation(operation);
        self.settle();
        Ok(StartNexusOperationExecutionResponse { run_id, started: true })
    }

    /// Checks a request and completes what it leaves open.
    fn prepare_operation(&mut self, request: &StartNexusOperationExecutionRequest) -> Answer<Standalone> {
        self.namespaces.check(&request.namespace)?;
        let mut asked = check(request, self.settings.blob_bytes)?;
        let endpoint = self.nexus.endpoint(&request.endpoint).ok_or_else(|| {
            Refusal::not_found(format!("could not find Nexus endpoint by name: {}", request.endpoint))
        })?;
        asked.endpoint_id.clone_from(&endpoint.id);
        let mut search_attributes = request.search_attributes.clone().unwrap_or_default().indexed_fields;
        let checked = self.namespaces.check_search_attributes(&request.namespace, &mut search_attributes);
        checked.map_err(Refusal::invalid)?;
        let run_id = self.cx().uuid();
        if asked.request_id.is_empty() {
            asked.request_id = self.cx().uuid();
        }
        let callbacks = request.completion_callbacks.iter();
        let mut operation = Standalone {
            namespace: request.namespace.clone(),
            id: request.operation_id.clone(),
            run_id,
            asked,
            state: OperationState::new(self.now),
            identity: request.identity.clone(),
            search_attributes,
            metadata: request.user_metadata.clone(),
            links: callback::other_links(&request.links, &request.completion_callbacks),
            callbacks: callbacks.map(|callback| CallbackState::new(callback.clone(), self.now, "")).collect(),
            ..Standalone::default()
        };
        operation.set_status(Status::Running);
        Ok(operation)
    }

    /// Attaches what a start brings to the operation that is there, as it asks for.
    fn join_operation(&mut self, key: &str, request: &StartNexusOperationExecutionRequest) -> Answer<()> {
        let options = request.on_conflict_options.unwrap_or_default();
        let now = self.now;
        let Some(operation) = self.nexus.operations.get_mut(key) else { return Ok(()) };
        let is_new = |state: &CallbackState| state.request_id == request.request_id;
        if options.attach_completion_callbacks && !operation.callbacks.iter().any(is_new) {
            callback::check(&request.completion_callbacks, operation.callbacks.len())?;
            let callbacks = request.completion_callbacks.iter();
            let callbacks = callbacks.map(|callback| CallbackState::new(callback.clone(), now, &request.request_id));
            operation.callbacks.extend(callbacks);
        }
        if options.attach_links {
            let links = callback::other_links(&request.links, &request.completion_callbacks);
            let links = links.into_iter().filter(|link| !operation.links.contains(link)).collect::<Vec<_>>();
            operation.links.extend(links);
        }
        Ok(())
    }

    /// Says what is known of an operation; with the token of an earlier description, once that has changed.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such operation.
    pub fn describe_nexus_operation(
        &mut self,
        call: CallId,
        request: DescribeNexusOperationExecutionRequest,
    ) -> Answer<()> {
        self.check_operation_id(&request.namespace, &request.operation_id, &request.run_id)?;
        let mut after = -1;
        if !request.long_poll_token.is_empty() {
            if request.run_id.is_empty() {
                return Err(Refusal::invalid("run_id is required when long_poll_token is provided"));
            }
            let token = ChangeToken::decode(request.long_poll_token.clone()).ok();
            let token = token.filter(|token| token.run_id == request.run_id);
            after = token.ok_or_else(|| Refusal::invalid("invalid long poll token"))?.transitions;
        }
        let key = self.find_operation(&request.namespace, &request.operation_id, &request.run_id)?;
        self.wait_for_operation(OperationWaiter {
            call,
            key,
            wanted: Wanted::Change { after, request: Box::new(request) },
        });
        Ok(())
    }

    /// Waits until an operation runs, or is over.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such operation.
    pub fn poll_nexus_operation(&mut self, call: CallId, request: PollNexusOperationExecutionRequest) -> Answer<()> {
        self.check_operation_id(&request.namespace, &request.operation_id, &request.run_id)?;
        let stage = match Stage::try_from(request.wait_stage) {
            Ok(Stage::Unspecified) => Stage::Closed,
            Ok(stage) => stage,
            Err(_) => return Err(Refusal::invalid(format!("unsupported wait_stage: {}", request.wait_stage))),
        };
        let key = self.find_operation(&request.namespace, &request.operation_id, &request.run_id)?;
        self.wait_for_operation(OperationWaiter { call, key, wanted: Wanted::Stage(stage) });
        Ok(())
    }

    fn wait_for_operation(&mut self, waiter: OperationWaiter) {
        let now = self.now;
        let news = self.nexus.operations.get(&waiter.key).and_then(|operation| waiter.news(operation, now));
        match news {
            Some(reply) => self.cx().reply(waiter.call, Ok(reply)),
            None => {
                self.calls.insert(waiter.call, Waiting::Operation);
                self.nexus.waiters.push(waiter);
            }
        }
    }

    /// The key of the operation that a request names; the current one of its id where it names no run.
    ///
    /// # Errors
    /// When the request names nothing, or there is no such operation.
    pub(super) fn find_operation(&self, namespace: &str, id: &str, run_id: &str) -> Answer<String> {
        self.check_operation_id(namespace, id, run_id)?;
        let operation = if run_id.is_empty() {
            self.nexus.current(namespace, id)
        } else {
            self.nexus.operations.get(run_id).filter(|it| it.namespace == namespace && it.id == id)
        };
        let missing = || Refusal::not_found(format!("operation not found for ID: {id}"));
        operation.map(|it| it.run_id.clone()).ok_or_else(missing)
    }

    /// Checks what names an operation.
    fn check_operation_id(&self, namespace: &str, id: &str, run_id: &str) -> Answer<()> {
        self.namespaces.check(namespace)?;
        check_text("operation_id", id)?;
        if !run_id.is_empty() && !is_uuid(run_id) {
            return Err(Refusal::invalid("run_id is not a valid UUID"));
        }
        Ok(())
    }
}

/// Whether another operation may have the id of this one.
fn may_follow(current: &Standalone, reuse: Reuse) -> bool {
    match reuse {
        _ if current.is_open() => false,
        Reuse::RejectDuplicate => false,
        Reuse::AllowDuplicateFailedOnly => current.status() != Status::Completed,
        Reuse::AllowDuplicate | Reuse::Unspecified => true,
    }
}

fn in_use(current: &Standalone) -> Refusal {
    let (request_id, run_id) = (&current.asked.request_id, &current.run_id);
    let words = format!("nexus operation execution already started: request_id={request_id}, run_id={run_id}");
    Refusal::new(Code::AlreadyExists, words).with(&NexusOperationExecutionAlreadyStartedFailure {
        start_request_id: request_id.clone(),
        run_id: run_id.clone(),
    })
}

/// What is asked for, if there is nothing wrong with it.
fn check(request: &StartNexusOperationExecutionRequest, blob_bytes: usize) -> Answer<Asked> {
    check_text("operation_id", &request.operation_id)?;
    check_text("endpoint", &request.endpoint)?;
    check_text("service", &request.service)?;
    check_text("operation", &request.operation)?;
    check_length("request_id", &request.request_id)?;
    check_length("identity", &request.identity)?;
    for (name, limit) in [
        ("schedule_to_close_timeout", &request.schedule_to_close_timeout),
        ("schedule_to_start_timeout", &request.schedule_to_start_timeout),
        ("start_to_close_timeout", &request.start_to_close_timeout),
    ] {
        if limit.as_ref().is_some_and(|limit| limit.seconds < 0 || limit.nanos < 0) {
            return Err(Refusal::invalid(format!("{name} is invalid: negative duration")));
        }
    }
    if let Some(key) = header::reserved(&request.nexus_header) {
        return Err(Refusal::invalid(format!("nexus_header contains a disallowed key: {key:?}")));
    }
    if header::is_too_long(&request.nexus_header) {
        return Err(Refusal::invalid("nexus_header exceeds size limit"));
    }
    let length = request.input.as_ref().map_or(0, Message::encoded_len);
    if length > blob_bytes {
        return Err(Refusal::invalid(format!("input exceeds size limit. Length={length} Limit={blob_bytes}")));
    }
    callback::check(&request.completion_callbacks, 0)?;
    let mut asked = Asked {
        endpoint: request.endpoint.clone(),
        service: request.service.clone(),
        operation: request.operation.clone(),
        input: request.input.clone(),
        schedule_to_close_timeout: request.schedule_to_close_timeout,
        nexus_header: header::lowered(&request.nexus_header),
        request_id: request.request_id.clone(),
        schedule_to_start_timeout: request.schedule_to_start_timeout,
        start_to_close_timeout: request.start_to_close_timeout,
        ..Asked::default()
    };
    cap_timeouts(&mut asked, None);
    Ok(asked)
}

fn check_text(name: &str, text: &str) -> Answer<()> {
    if text.is_empty() {
        return Err(Refusal::invalid(format!("{name} is required")));
    }
    check_length(name, text)
}

pub(super) fn check_length(name: &str, text: &str) -> Answer<()> {
    if text.len() > limits::ID_LENGTH {
        let (length, limit) = (text.len(), limits::ID_LENGTH);
        return Err(Refusal::invalid(format!("{name} exceeds length limit. Length={length} Limit={limit}")));
    }
    Ok(())
}
