//! An update that is being described, and how it is sent.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use perpetua_contract::{UpdateCall, UpdateTarget, WorkflowDefinition};
use perpetua_convert::{Arguments, BoxFuture, CallError, ConversionError, Value};
use perpetua_proto::enums::UpdateWorkflowExecutionLifecycleStage as Stage;
use perpetua_proto::update::{Input, Meta, Request, UpdateRef, WaitPolicy};
use perpetua_proto::workflowservice::{UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse};
use perpetua_vocab::wire::encode_payloads;
use perpetua_vocab::{Payloads, RunId, UpdateId, UpdateName, WorkflowExecution};
use uuid::Uuid;

use super::handle::read_outcome;
use super::{UpdateFailure, UpdateHandle};
use crate::limit::Limit;
use crate::{Client, PayloadError, RequestError, WorkflowHandle};

/// An update, ready to be awaited: `.await` waits for the answer, [`.start().await`](Self::start) until the workflow
/// has accepted it.
#[must_use = "an update is sent when this is awaited"]
pub struct UpdateCallRequest<O, E> {
    client: Client,
    execution: WorkflowExecution,
    first_run: Option<RunId>,
    name: UpdateName,
    input: Result<Payloads, ConversionError>,
    id: UpdateId,
    limit: Option<Duration>,
    outcome: PhantomData<fn() -> (O, E)>,
}

impl<D: WorkflowDefinition> UpdateTarget<D> for WorkflowHandle<D> {
    type Update<O: Value, E: CallError> = UpdateCallRequest<O, E>;

    fn update<I: Arguments, O: Value, E: CallError>(&self, call: UpdateCall<D, I, O, E>) -> UpdateCallRequest<O, E> {
        UpdateCallRequest::new(self, call.name(), call.input())
    }
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// Sends an update that is known by its name only. The types of the answer and of the error are the last parameters.
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// use perpetua_convert::AnyError;
    ///
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// let notes = handle.update_named::<_, usize, AnyError>("note", ("fragile".to_owned(),)).await?;
    /// # Ok(()) }
    /// ```
    pub fn update_named<I: Arguments, O: Value, E: CallError>(
        &self,
        name: impl Into<UpdateName>,
        arguments: I,
    ) -> UpdateCallRequest<O, E> {
        UpdateCallRequest::new(self, name, &arguments)
    }
}

impl<O: Value, E: CallError> UpdateCallRequest<O, E> {
    fn new<D>(handle: &WorkflowHandle<D>, name: impl Into<UpdateName>, arguments: &impl Arguments) -> Self {
        Self {
            client: handle.client().clone(),
            execution: handle.execution(),
            first_run: handle.first_run_id().cloned(),
            name: name.into(),
            input: arguments.encode(handle.client().converter().payloads()),
            id: UpdateId::new(Uuid::new_v4().to_string()),
            limit: None,
            outcome: PhantomData,
        }
    }

    /// Sets the update's id; random by default. Two updates of a workflow with one id are one: both get its answer.
    pub fn id(mut self, id: impl Into<UpdateId>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets how long to wait for the answer, or with [`start`](Self::start) until the update is accepted.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sends the update and waits until the workflow has accepted it (or refused it, which shows when the result is
    /// awaited).
    ///
    /// # Errors
    /// When an argument cannot be sent or the call fails.
    pub async fn start(self) -> Result<UpdateHandle<O, E>, RequestError> {
        let limit = Limit::begin(self.limit);
        self.send(Stage::Accepted, limit).await
    }

    async fn execute(self) -> Result<O, UpdateFailure<E>> {
        let limit = Limit::begin(self.limit);
        let handle = self.send(Stage::Completed, limit).await?;
        handle.result().within(limit).wait().await
    }

    /// Repeats the request until the update has come far enough. The id makes all of them one.
    async fn send(self, stage: Stage, limit: Limit) -> Result<UpdateHandle<O, E>, RequestError> {
        let Self { client, execution, first_run, name, input, id, limit: _, outcome: _ } = self;
        let mut input = input.map_err(|error| RequestError::Unencodable(error.into()))?;
        client.converter().encode(&mut input).await.map_err(|error| RequestError::Unencodable(error.into()))?;
        let request = UpdateWorkflowExecutionRequest {
            namespace: client.namespace().to_string(),
            workflow_execution: Some(execution.clone().into()),
            first_execution_run_id: first_run.unwrap_or_default().into_string(),
            wait_policy: Some(WaitPolicy { lifecycle_stage: stage.into() }),
            request: Some(Request {
                meta: Some(Meta { update_id: id.to_string(), identity: client.identity().to_string() }),
                input: Some(Input { header: None, name: name.into_string(), args: Some(encode_payloads(input)) }),
                ..Default::default()
            }),
        };
        loop {
            let response = client.rpc(&request).timeout(limit.remaining()).send().await;
            let response = response.map_err(|error| error.after(limit.whole()))?;
            let UpdateWorkflowExecutionResponse { update_ref, outcome, stage, link: _ } = response;
            if outcome.is_none() && stage < Stage::Accepted.into() {
                continue;
            }
            let outcome = outcome
                .map(read_outcome)
                .transpose()
                .map_err(|malformed| RequestError::Undecodable(PayloadError::Malformed(malformed)))?;
            return Ok(UpdateHandle::new(client, found(update_ref, execution), id, outcome));
        }
    }
}

/// The run that has the update: the one that the server names.
fn found(update_ref: Option<UpdateRef>, asked: WorkflowExecution) -> WorkflowExecution {
    match update_ref.and_then(|reference| reference.workflow_execution) {
        Some(execution) => execution.into(),
        None => asked,
    }
}

impl<O: Value, E: CallError> IntoFuture for UpdateCallRequest<O, E> {
    type Output = Result<O, UpdateFailure<E>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.execute())
    }
}

impl<O, E> fmt::Debug for UpdateCallRequest<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateCallRequest")
            .field("name", &self.name)
            .field("id", &self.id)
            .field("execution", &self.execution)
            .finish_non_exhaustive()
    }
}
