//! `handle.reset(..)`: letting a workflow go on from an earlier place.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::BoxFuture;
use perpetua_proto::enums::ResetReapplyExcludeType as Exclude;
use perpetua_proto::workflowservice::ResetWorkflowExecutionRequest;
use perpetua_vocab::{Event, EventId, EventKind, History, RunId};
use uuid::Uuid;

use crate::limit::Limit;
use crate::{Handle, RequestError, WorkflowHandle};

/// Where a workflow goes on after a reset: a workflow task that is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetPoint {
    /// The first workflow task: everything is done again.
    FirstTask,
    /// The last workflow task that was completed, or the one under way where none was.
    LastTask,
    /// The workflow task that ended with this event: `WorkflowTaskCompleted`, or `WorkflowTaskFailed`, or
    /// `WorkflowTaskTimedOut`. A report of nondeterminism names the right one.
    Event(EventId),
}

/// A reset, ready to be awaited. Made by [`WorkflowHandle::reset`].
#[must_use = "the workflow is reset when this is awaited"]
pub struct ResetRequest<D> {
    handle: WorkflowHandle<D>,
    point: ResetPoint,
    reason: String,
    request_id: String,
    excluded: Vec<Exclude>,
    limit: Option<Duration>,
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// Lets the workflow go on from an earlier place, as a new run: the history before that place is kept, what comes after
    /// it is not, except that signals and updates are delivered again. A run that is still open is terminated. Gives a
    /// handle of the new run.
    ///
    /// For a workflow that took a wrong turn: one whose code was changed under it, or one whose activity did the wrong
    /// thing before a fix.
    ///
    /// ```no_run
    /// # use perpetua_client::ResetPoint;
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// let again = handle.reset(ResetPoint::LastTask).reason("the price was wrong").await?;
    /// println!("goes on as {:?}", again.run_id());
    /// # Ok(()) }
    /// ```
    pub fn reset(&self, point: ResetPoint) -> ResetRequest<D> {
        ResetRequest {
            handle: self.clone(),
            point,
            reason: String::new(),
            request_id: Uuid::new_v4().to_string(),
            excluded: Vec::new(),
            limit: None,
        }
    }
}

impl<D: WorkflowDefinition> ResetRequest<D> {
    /// Says why, for people who look at it.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Does not deliver the signals again that came after the place.
    pub fn without_signals(mut self) -> Self {
        self.excluded.push(Exclude::Signal);
        self
    }

    /// Does not deliver the updates again that came after the place.
    pub fn without_updates(mut self) -> Self {
        self.excluded.push(Exclude::Update);
        self
    }

    /// Sets how long the calls may take, their retries included.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn send(self) -> Result<Handle<D>, RequestError> {
        let Self { handle, point, reason, request_id, excluded, limit } = self;
        let limit = Limit::begin(limit);
        let client = handle.client().clone();
        let event = match point {
            ResetPoint::Event(event) => Some(event),
            ResetPoint::FirstTask | ResetPoint::LastTask => {
                let mut request = handle.history().raw();
                if let Some(remaining) = limit.remaining() {
                    request = request.timeout(remaining);
                }
                let history = History::from_bytes(&request.await?);
                let history = history.map_err(|malformed| RequestError::Undecodable(malformed.into()))?;
                task(&history.events, point)
            }
        };
        let request = ResetWorkflowExecutionRequest {
            namespace: client.namespace().to_string(),
            workflow_execution: Some(handle.execution().into()),
            reason,
            // Without any task, the server says what is wrong.
            workflow_task_finish_event_id: event.map_or(0, |event| i64::try_from(event.get()).unwrap_or(i64::MAX)),
            request_id,
            reset_reapply_exclude_types: excluded.into_iter().map(Into::into).collect(),
            identity: client.identity().to_string(),
            ..Default::default()
        };
        let response = client.rpc(&request).timeout(limit.remaining()).send().await;
        let run = RunId::new(response.map_err(|error| error.after(limit.whole()))?.run_id);
        let first = handle.first_run_id().cloned();
        Ok(D::handle(WorkflowHandle::started(client, handle.id().clone(), run, first)))
    }
}

/// The event that ended the task, or that will.
fn task(events: &[Event], point: ResetPoint) -> Option<EventId> {
    let completed = |event: &&Event| matches!(event.kind, EventKind::WorkflowTaskCompleted(_));
    let mut done = events.iter().filter(completed);
    let done = if point == ResetPoint::FirstTask { done.next() } else { done.next_back() };
    let under_way = || {
        let mut scheduled = events.iter().filter(|event| matches!(event.kind, EventKind::WorkflowTaskScheduled(_)));
        scheduled.next_back().map(|event| event.id.next())
    };
    done.map(|event| event.id).or_else(under_way)
}

impl<D: WorkflowDefinition> IntoFuture for ResetRequest<D> {
    type Output = Result<Handle<D>, RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<D> fmt::Debug for ResetRequest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetRequest").field("handle", &self.handle).field("point", &self.point).finish_non_exhaustive()
    }
}
