//! An update that was sent, and the wait for its answer.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::{BoxFuture, CallError, Value};
use perpetua_proto::enums::UpdateWorkflowExecutionLifecycleStage as Stage;
use perpetua_proto::update::{self, UpdateRef, WaitPolicy};
use perpetua_proto::workflowservice::{PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse};
use perpetua_vocab::{Malformed, Outcome, RunId, UpdateId, WorkflowExecution, WorkflowId};

use super::UpdateFailure;
use crate::limit::Limit;
use crate::payloads::{read_failure, read_result};
use crate::{Client, PayloadError, RpcError, WorkflowHandle};

/// An update that was sent: its answer may be there or yet to come.
pub struct UpdateHandle<O, E> {
    client: Client,
    execution: WorkflowExecution,
    id: UpdateId,
    known: Option<Outcome>,
    outcome: PhantomData<fn() -> (O, E)>,
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// A handle of an update that was sent before, by its id. Makes no call.
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// use perpetua_convert::AnyError;
    ///
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// let notes = handle.update_handle::<usize, AnyError>("note-1").result().await?;
    /// # Ok(()) }
    /// ```
    pub fn update_handle<O: Value, E: CallError>(&self, id: impl Into<UpdateId>) -> UpdateHandle<O, E> {
        UpdateHandle::new(self.client().clone(), self.execution(), id.into(), None)
    }
}

impl<O, E> UpdateHandle<O, E> {
    pub(super) fn new(client: Client, execution: WorkflowExecution, id: UpdateId, known: Option<Outcome>) -> Self {
        Self { client, execution, id, known, outcome: PhantomData }
    }

    /// The update's id.
    pub fn id(&self) -> &UpdateId {
        &self.id
    }

    /// The id of the workflow that it is an update of.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.execution.workflow_id
    }

    /// The run that has the update; none for a handle made from an id.
    pub fn run_id(&self) -> Option<&RunId> {
        Some(&self.execution.run_id).filter(|run| !run.is_empty())
    }
}

impl<O: Value, E: CallError> UpdateHandle<O, E> {
    /// Waits for the answer.
    pub fn result(&self) -> UpdateResultRequest<O, E> {
        UpdateResultRequest { handle: self.clone(), limit: None }
    }
}

/// A wait for the answer to an update, ready to be awaited. Made by [`UpdateHandle::result`].
#[must_use = "the answer is waited for when this is awaited"]
pub struct UpdateResultRequest<O, E> {
    handle: UpdateHandle<O, E>,
    limit: Option<Limit>,
}

impl<O: Value, E: CallError> UpdateResultRequest<O, E> {
    /// Sets how long to wait. The time begins now.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(Limit::begin(Some(limit)));
        self
    }

    pub(super) fn within(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    pub(super) async fn wait(self) -> Result<O, UpdateFailure<E>> {
        let Self { handle: UpdateHandle { client, execution, id, known, outcome: _ }, limit } = self;
        let outcome = match known {
            Some(outcome) => outcome,
            None => {
                let outcome = poll(&client, execution, id, limit.unwrap_or_else(|| Limit::begin(None))).await;
                let outcome = outcome.map_err(UpdateFailure::Rpc)?;
                read_outcome(outcome)
                    .map_err(|malformed| UpdateFailure::Undecodable(PayloadError::Malformed(malformed)))?
            }
        };
        match outcome {
            Outcome::Success(values) => {
                read_result(values, client.converter()).await.map_err(UpdateFailure::Undecodable)
            }
            Outcome::Failure(failure) => {
                let failure = read_failure(*failure, client.converter()).await.map_err(UpdateFailure::Undecodable)?;
                Err(UpdateFailure::read(failure, client.converter()))
            }
        }
    }
}

/// Asks until there is an outcome. The server answers after a while in any case.
async fn poll(
    client: &Client,
    execution: WorkflowExecution,
    id: UpdateId,
    limit: Limit,
) -> Result<update::Outcome, RpcError> {
    let request = PollWorkflowExecutionUpdateRequest {
        namespace: client.namespace().to_string(),
        update_ref: Some(UpdateRef { workflow_execution: Some(execution.into()), update_id: id.into_string() }),
        identity: client.identity().to_string(),
        wait_policy: Some(WaitPolicy { lifecycle_stage: Stage::Completed.into() }),
    };
    loop {
        let response = client.rpc(&request).timeout(limit.remaining()).send().await;
        let response = response.map_err(|error| error.after(limit.whole()))?;
        let PollWorkflowExecutionUpdateResponse { outcome, stage: _, update_ref: _ } = response;
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
    }
}

pub(super) fn read_outcome(wire: update::Outcome) -> Result<Outcome, Malformed> {
    wire.try_into()
}

impl<O: Value, E: CallError> IntoFuture for UpdateResultRequest<O, E> {
    type Output = Result<O, UpdateFailure<E>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl<O, E> Clone for UpdateHandle<O, E> {
    fn clone(&self) -> Self {
        Self::new(self.client.clone(), self.execution.clone(), self.id.clone(), self.known.clone())
    }
}

impl<O, E> fmt::Debug for UpdateHandle<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateHandle").field("id", &self.id).field("execution", &self.execution).finish_non_exhaustive()
    }
}

impl<O, E> fmt::Debug for UpdateResultRequest<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UpdateResultRequest").field(&self.handle).finish()
    }
}
