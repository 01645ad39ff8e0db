//! `handle.result()`: waiting for a workflow to end.
//!
//! ```text
//! wait for the closing event of a run --+-- nothing yet --> wait again
//!                                       +-- another run follows --> the same with that run
//!                                       `-- anything else --> the result, or why there is none
//! ```

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::BoxFuture;
use perpetua_proto::{enums, workflowservice as wire};
use perpetua_vocab::{
    Event, EventKind, Failure, FailureInfo, Identity, Payloads, RunId, TimeoutKind, WorkflowExecution,
};

use crate::history::events_of;
use crate::limit::Limit;
use crate::payloads::{read_failure, read_result};
use crate::{Client, RequestError, WorkflowFailure, WorkflowHandle};

/// A wait for the result of a workflow, ready to be awaited. Made by [`WorkflowHandle::result`].
#[must_use = "the result is waited for when this is awaited"]
pub struct ResultRequest<D: WorkflowDefinition> {
    handle: WorkflowHandle<D>,
    follow: bool,
    limit: Option<Limit>,
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// Waits until the workflow ends, and gives its result.
    ///
    /// Where a run is followed by another one (retry, cron, continuation), the last one counts, unless the handle is
    /// [at a run](Self::at_run). Dropping the future stops the wait, not the workflow.
    pub fn result(&self) -> ResultRequest<D> {
        ResultRequest { handle: self.clone(), follow: self.follows_runs(), limit: None }
    }
}

impl<D: WorkflowDefinition> ResultRequest<D> {
    /// Waits for the first run only. If it continues as new, that is a failure, which names the new run.
    pub fn first_run_only(mut self) -> Self {
        self.follow = false;
        self
    }

    /// Sets how long to wait. The time begins now.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(Limit::begin(Some(limit)));
        self
    }

    pub(crate) fn within(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    pub(crate) async fn wait(self) -> Result<D::Output, WorkflowFailure<D::Error>> {
        let Self { handle, follow, limit } = self;
        let limit = limit.unwrap_or_else(|| Limit::begin(None));
        let client = handle.client();
        match closed(client, handle.first_awaited(), follow, limit).await? {
            Closed::Completed(result) => {
                read_result(result, client.converter()).await.map_err(WorkflowFailure::Undecodable)
            }
            Closed::Failed(failure) => {
                let failure = read_failure(*failure, client.converter()).await.map_err(WorkflowFailure::Undecodable)?;
                Err(WorkflowFailure::read(failure, client.converter()))
            }
            Closed::Terminated { reason, mut details, identity } => {
                let decoded = client.converter().decode(&mut details).await;
                decoded.map_err(|error| WorkflowFailure::Undecodable(error.into()))?;
                Err(WorkflowFailure::Terminated { reason, details: details.unwrap_or_default(), identity })
            }
            Closed::ContinuedAsNew(run_id) => Err(WorkflowFailure::ContinuedAsNew { run_id }),
        }
    }
}

impl<D: WorkflowDefinition> IntoFuture for ResultRequest<D> {
    type Output = Result<D::Output, WorkflowFailure<D::Error>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl<D: WorkflowDefinition> fmt::Debug for ResultRequest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultRequest")
            .field("handle", &self.handle)
            .field("follow", &self.follow)
            .finish_non_exhaustive()
    }
}

/// How a workflow ended, or one run of it if runs are not followed.
enum Closed {
    Completed(Option<Payloads>),
    Failed(Box<Failure>),
    Terminated { reason: String, details: Option<Payloads>, identity: Identity },
    ContinuedAsNew(RunId),
}

async fn closed(
    client: &Client,
    mut execution: WorkflowExecution,
    follow: bool,
    limit: Limit,
) -> Result<Closed, RequestError> {
    loop {
        let event = closing_event(client, execution.clone(), limit).await?;
        let (closed, next) = how(event.kind);
        match next {
            Some(run) if follow => execution.run_id = run,
            _ => return Ok(closed),
        }
    }
}

/// Waits for the event that ends a run.
async fn closing_event(client: &Client, execution: WorkflowExecution, limit: Limit) -> Result<Event, RequestError> {
    let mut request = wire::GetWorkflowExecutionHistoryRequest {
        namespace: client.namespace().to_string(),
        execution: Some(execution.into()),
        wait_new_event: true,
        history_event_filter_type: enums::HistoryEventFilterType::CloseEvent.into(),
        skip_archival: true,
        ..Default::default()
    };
    loop {
        let response = client.rpc(&request).timeout(limit.remaining()).send().await;
        let response = response.map_err(|error| error.after(limit.whole()))?;
        request.next_page_token = response.next_page_token.clone();
        let events = events_of(response).map_err(|malformed| RequestError::Undecodable(malformed.into()))?;
        // Servers that do not know the filter send everything.
        if let Some(event) = events.into_iter().rev().find(Event::closes_workflow) {
            return Ok(event);
        }
    }
}

/// How a run ended, and which one follows it.
fn how(kind: EventKind) -> (Closed, Option<RunId>) {
    match kind {
        EventKind::WorkflowCompleted(completed) => (Closed::Completed(completed.result), completed.new_run),
        EventKind::WorkflowFailed(failed) => {
            (Closed::Failed(failed.failure.unwrap_or_default().into()), failed.new_run)
        }
        EventKind::WorkflowTimedOut { retry_state: _, new_run } => {
            let info = FailureInfo::Timeout { kind: TimeoutKind::StartToClose, last_heartbeat: None };
            (Closed::Failed(server_failure("the workflow took longer than it was given", info)), new_run)
        }
        EventKind::WorkflowCanceled { task_completed: _, details } => {
            let info = FailureInfo::Canceled { details, identity: Identity::default() };
            (Closed::Failed(server_failure("the workflow was canceled", info)), None)
        }
        EventKind::WorkflowTerminated { reason, details, identity } => {
            (Closed::Terminated { reason, details, identity }, None)
        }
        EventKind::WorkflowContinuedAsNew(continued) => {
            (Closed::ContinuedAsNew(continued.new_run.clone()), Some(continued.new_run))
        }
        other => unreachable!("{} does not end a run", other.name()),
    }
}

/// A failure for what the server tells by the kind of the event alone.
fn server_failure(message: &str, info: FailureInfo) -> Box<Failure> {
    Box::new(Failure { message: message.to_owned(), source: "Server".to_owned(), info, ..Failure::default() })
}
