//! The attempts of one local activity, one after the other.
//!
//! | meanwhile                  | a value      | a failure                 | nothing yet                              |
//! |----------------------------|--------------|---------------------------|------------------------------------------|
//! | nothing                    | the end      | tried again, or the end   |                                          |
//! | the workflow canceled it   | the end      | the end                   | the attempt is asked to stop             |
//! | its time is over           |              |                           | it is asked to stop; tried again, or the end |
//! | the worker shuts down      | the end      | given up                  | it is asked to stop; given up after a grace |
//! | the run is gone            | given up     | given up                  | the attempt is asked to stop             |
//!
//! What is given up has no end: nobody hears of it, and a worker that plays the run begins with the first attempt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use perpetua_vocab::{Failure, FailureInfo, Identity, Payloads, TaskToken, TimeoutKind, Timestamp};
use perpetua_workflow::{LocalActivityEnd, LocalActivityTask};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument;

use super::retry::wait_after;
use crate::abort::AbortOnDrop;
use crate::activity::{Activities, ActivityContext, ActivityInfo, CancelReason, Cancellation, Ended, Report};
use crate::activity::{failure_of_join, report, run};
use crate::calls::Calls;
use crate::shutdown::Shutdown;
use crate::slots::{Slot, Slots};
use crate::workflow::Subject;

/// What it takes to run a local activity.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub(super) calls: Calls,
    pub(super) activities: Arc<Activities>,
    pub(super) slots: Slots,
    pub(super) shutdown: Shutdown,
    /// How long an attempt may go on that was canceled because the worker shuts down.
    pub(super) cancel_grace: Duration,
}

/// The attempts of one local activity.
pub(super) struct Attempts {
    means: Means,
    subject: Subject,
    task: LocalActivityTask,
    cancellation: Arc<Cancellation>,
    /// When the run asked for it.
    asked: Instant,
    /// When the first of all attempts was asked for.
    scheduled: Timestamp,
    /// When the time for all attempts is over.
    deadline: Option<Instant>,
    /// Attempts whose time is over, and that have not noticed it yet.
    lingering: JoinSet<()>,
}

/// How one attempt ended.
enum Attempted {
    Returned(Payloads),
    Failed(Box<Failure>),
    GivenUp,
}

impl Attempts {
    pub(super) fn new(
        means: Means,
        subject: Subject,
        task: LocalActivityTask,
        cancellation: Arc<Cancellation>,
    ) -> Self {
        let (asked, now) = (Instant::now(), SystemTime::now());
        // Where a timer was between two attempts, other workers may have made the first, by their clocks.
        let scheduled = task.scheduled.unwrap_or_else(|| Timestamp::from_system_time(now));
        let passed = now.duration_since(scheduled.to_system_time()).unwrap_or_default();
        let deadline = task.request.schedule_to_close.map(|limit| asked + limit.saturating_sub(passed));
        Self { means, subject, task, cancellation, asked, scheduled, deadline, lingering: JoinSet::new() }
    }

    /// Makes the attempts, and says how they ended, if anybody is to hear of it.
    pub(super) async fn perform(mut self, report: impl FnOnce(Option<LocalActivityEnd>)) {
        let end = self.until_end().await;
        report(end);
        tokio::select! {
            () = async { while self.lingering.join_next().await.is_some() {} } => {}
            () = async {
                self.means.shutdown.canceling().await;
                sleep(self.means.cancel_grace).await;
            } => tracing::warn!("a local activity does not end although the worker does; it is abandoned"),
        }
    }

    async fn until_end(&mut self) -> Option<LocalActivityEnd> {
        let threshold = self.task.request.local_retry_threshold;
        let policy = self.task.request.retry_policy.clone();
        let mut attempt = self.task.attempt;
        loop {
            let slot = match self.wait_for_slot().await {
                Ok(slot) => slot,
                Err(failure) => return Some(self.end(attempt - 1, None, Err(failure?))),
            };
            let failure = match self.attempt(attempt, slot).await {
                Attempted::Returned(value) => return Some(self.end(attempt, None, Ok(Some(value)))),
                Attempted::GivenUp => return None,
                Attempted::Failed(failure) => *failure,
            };
            let wait = wait_after(attempt, &failure, policy.as_ref()).filter(|wait| self.has_time_for(*wait));
            let Some(wait) = wait.filter(|_| self.cancellation.reason().is_none()) else {
                tracing::warn!(attempt, failure = failure.message, "a local activity failed");
                return Some(self.end(attempt, None, Err(failure)));
            };
            tracing::debug!(attempt, failure = failure.message, ?wait, "an attempt of a local activity failed");
            if wait > threshold {
                return Some(self.end(attempt, Some(wait), Err(failure)));
            }
            tokio::select! {
                biased;
                reason = self.cancellation.canceled() => {
                    return (reason == CancelReason::Requested).then(|| self.end(attempt, None, Err(canceled(None))));
                }
                () = self.means.shutdown.canceling() => return None,
                () = sleep(wait) => attempt += 1,
            }
        }
    }

    /// Waits until there is room. Without, the failure, or none if it is given up.
    async fn wait_for_slot(&self) -> Result<Slot, Option<Failure>> {
        let start = self.task.request.schedule_to_start.map(|limit| Instant::now() + limit);
        let (limit, kind) =
            earlier((start, TimeoutKind::ScheduleToStart), (self.deadline, TimeoutKind::ScheduleToClose));
        tokio::select! {
            biased;
            reason = self.cancellation.canceled() => {
                Err((reason == CancelReason::Requested).then(|| canceled(None)))
            }
            () = self.means.shutdown.canceling() => Err(None),
            () = until(limit) => Err(Some(timed_out(kind))),
            slot = self.means.slots.take() => Ok(slot),
        }
    }

    async fn attempt(&mut self, attempt: u32, slot: Slot) -> Attempted {
        let Means { calls, activities, shutdown, cancel_grace, .. } = &self.means;
        let ctx = ActivityContext::new(self.info(attempt), None, calls.client().clone(), shutdown.clone());
        let input = self.task.request.input.clone();
        let work = run(Arc::clone(activities), ctx.clone(), input).in_current_span();
        let mut work = AbortOnDrop::new(tokio::spawn(work));
        let start = self.task.request.start_to_close.map(|limit| Instant::now() + limit);
        let (limit, kind) = earlier((start, TimeoutKind::StartToClose), (self.deadline, TimeoutKind::ScheduleToClose));
        let mut canceled_for = None;
        let mut end_of_grace = None;
        let ended = loop {
            tokio::select! {
                biased;
                joined = &mut work => break joined.unwrap_or_else(|error| Ended::Failed(failure_of_join(error))),
                reason = self.cancellation.canceled(), if canceled_for.is_none() => {
                    ctx.cancellation().cancel(reason);
                    canceled_for = Some(reason);
                }
                () = shutdown.canceling(), if end_of_grace.is_none() => {
                    ctx.cancellation().cancel(CancelReason::WorkerShutdown);
                    end_of_grace = Some(Instant::now() + *cancel_grace);
                }
                () = until(limit) => {
                    ctx.cancellation().cancel(CancelReason::TimedOut);
                    self.lingering.spawn(async move {
                        let _ = work.await; // its time is over, whatever it says
                        drop(slot);
                    });
                    return Attempted::Failed(Box::new(timed_out(kind)));
                }
                () = until(end_of_grace) => {
                    tracing::warn!("a local activity does not end although the worker does; it is abandoned");
                    return Attempted::GivenUp;
                }
            }
        };
        if canceled_for == Some(CancelReason::Gone) {
            return Attempted::GivenUp;
        }
        match report(ended, ctx.cancellation(), None) {
            Report::Completed(payload) => Attempted::Returned(vec![payload]),
            Report::Canceled(details) => Attempted::Failed(Box::new(canceled(details))),
            Report::Failed(_) | Report::Nothing if end_of_grace.is_some() => Attempted::GivenUp,
            Report::Failed(failure) => Attempted::Failed(Box::new(failure)),
            Report::Nothing => Attempted::GivenUp,
        }
    }

    /// Whether the next attempt would begin in time.
    fn has_time_for(&self, wait: Duration) -> bool {
        self.deadline.is_none_or(|deadline| Instant::now().checked_add(wait).is_some_and(|next| next < deadline))
    }

    fn end(
        &self,
        attempt: u32,
        backoff: Option<Duration>,
        result: Result<Option<Payloads>, Failure>,
    ) -> LocalActivityEnd {
        let (scheduled, took) = (self.scheduled, self.asked.elapsed());
        LocalActivityEnd { attempt, scheduled, took, backoff, result: result.map_err(Box::new) }
    }

    fn info(&self, attempt: u32) -> ActivityInfo {
        let request = &self.task.request;
        let now = SystemTime::now();
        ActivityInfo {
            activity_id: self.task.activity.clone(),
            activity_type: request.activity_type.clone(),
            attempt,
            task_queue: self.means.calls.task_queue().clone(),
            workflow_namespace: self.means.calls.client().namespace().clone(),
            workflow_execution: self.subject.execution.clone(),
            workflow_type: self.subject.workflow_type.clone(),
            scheduled: Some(self.scheduled.to_system_time()),
            attempt_scheduled: Some(now),
            started: Some(now),
            schedule_to_close: request.schedule_to_close,
            start_to_close: request.start_to_close,
            heartbeat: None,
            retry_policy: request.retry_policy.clone(),
            header: request.header.clone(),
            task_token: TaskToken::default(),
            priority: Default::default(),
            local: true,
        }
    }
}

/// The earlier of two times, and what it means.
fn earlier(
    (one, of_one): (Option<Instant>, TimeoutKind),
    (other, of_other): (Option<Instant>, TimeoutKind),
) -> (Option<Instant>, TimeoutKind) {
    match (one, other) {
        (Some(one), Some(other)) if one <= other => (Some(one), of_one),
        (one, None) => (one, of_one),
        (_, other) => (other, of_other),
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn timed_out(kind: TimeoutKind) -> Failure {
    let info = FailureInfo::Timeout { kind, last_heartbeat: None };
    Failure { message: "the local activity timed out".to_owned(), info, ..Failure::default() }
}

fn canceled(details: Option<Payloads>) -> Failure {
    let info = FailureInfo::Canceled { details, identity: Identity::default() };
    Failure { message: "canceled".to_owned(), info, ..Failure::default() }
}
