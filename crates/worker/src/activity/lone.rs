//! An attempt of an activity without a worker and without a server: for tests.

use std::sync::Arc;

use perpetua_client::Client;
use perpetua_vocab::{ActivityId, ActivityType, Priority, RunId, TaskToken, WorkflowExecution, WorkflowType};
use perpetua_vocab::{Failure, FailureInfo, Header, Namespace, Payload, Payloads, TaskQueue, TimeoutKind, WorkflowId};

use super::attempt::{end_of, failure_of_join, run};
use super::cancel::CancelReason;
use super::context::ActivityContext;
use super::implementation::Activities;
use super::info::ActivityInfo;
use super::report::{Ended, Report, report};
use crate::abort::AbortOnDrop;
use crate::shutdown::Shutdown;

/// An attempt of an activity without a worker and without a server. Clones are the same attempt.
#[derive(Clone, Debug)]
pub struct LoneAttempt {
    ctx: ActivityContext,
    shutdown: Shutdown,
}

/// What such an attempt knows of itself, where nobody says otherwise: it is the first one of a workflow's activity.
pub fn lone_info(activity_type: ActivityType, local: bool) -> ActivityInfo {
    ActivityInfo {
        activity_id: ActivityId::new("1"),
        activity_type,
        attempt: 1,
        task_queue: TaskQueue::new("test"),
        workflow_namespace: Namespace::new("default"),
        workflow_execution: WorkflowExecution {
            workflow_id: WorkflowId::new("test"),
            run_id: RunId::new("00000000-0000-4000-8000-000000000000"),
        },
        workflow_type: WorkflowType::new("test"),
        scheduled: None,
        attempt_scheduled: None,
        started: None,
        schedule_to_close: None,
        start_to_close: None,
        heartbeat: None,
        retry_policy: None,
        priority: Priority::default(),
        header: Header::default(),
        task_token: TaskToken::default(),
        local,
    }
}

impl LoneAttempt {
    /// An attempt with this information, of which nothing runs yet. Each heartbeat is handed to the observer.
    pub fn new(
        info: ActivityInfo,
        last_heartbeat: Option<Payloads>,
        client: Client,
        observer: impl Fn(&Payload) + Send + Sync + 'static,
    ) -> Self {
        let shutdown = Shutdown::default();
        let ctx = ActivityContext::observed(info, last_heartbeat, client, shutdown.clone(), Box::new(observer));
        Self { ctx, shutdown }
    }

    /// Asks it to stop. The first reason is the one that it sees.
    pub fn cancel(&self, reason: CancelReason) {
        self.ctx.cancellation().cancel(reason);
    }

    /// Lets its worker begin to shut down.
    pub fn shut_down(&self) {
        self.shutdown.drain();
    }

    /// Runs it to its end. Its time is heeded as by a worker. The failure is what the workflow would be told.
    ///
    /// # Errors
    /// How the activity failed, in the opinion of the workflow.
    pub async fn run(self, activities: Activities, input: Payloads) -> Result<Payload, Failure> {
        let work = AbortOnDrop::new(tokio::spawn(run(Arc::new(activities), self.ctx.clone(), input)));
        tokio::pin!(work);
        let joined = tokio::select! {
            biased;
            joined = &mut work => joined,
            () = end_of(self.ctx.info().start_to_close) => {
                self.cancel(CancelReason::TimedOut);
                work.await
            }
        };
        let ended = joined.unwrap_or_else(|error| Ended::Failed(failure_of_join(error)));
        // Whatever it says is too late.
        if self.ctx.cancel_reason() == Some(CancelReason::TimedOut) {
            return Err(of("the time for this attempt is over", timed_out()));
        }
        match report(ended, self.ctx.cancellation(), self.ctx.take_invalid_heartbeat()) {
            Report::Completed(payload) => Ok(payload),
            Report::Failed(failure) => Err(failure),
            Report::Canceled(details) => {
                Err(of("the activity was canceled", FailureInfo::Canceled { details, identity: Default::default() }))
            }
            Report::Nothing => Err(of(
                "nobody waits for this attempt",
                FailureInfo::Canceled { details: None, identity: Default::default() },
            )),
        }
    }
}

fn timed_out() -> FailureInfo {
    FailureInfo::Timeout { kind: TimeoutKind::StartToClose, last_heartbeat: None }
}

fn of(message: &str, info: FailureInfo) -> Failure {
    Failure { message: message.to_owned(), source: "Perpetua".to_owned(), info, ..Failure::default() }
}
