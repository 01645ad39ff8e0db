//! One attempt of an activity: from the task to the answer.

use std::sync::Arc;
use std::time::Duration;

use perpetua_client::{RpcCode, RpcError};
use perpetua_convert::{CodecError, DataConverter};
use perpetua_vocab::{ActivityTask, ActivityTaskExtra, ErrorCategory, Failure, Payload, Payloads, TaskToken};
use tokio::time::sleep;
use tracing::Instrument;

use super::cancel::CancelReason;
use super::context::ActivityContext;
use super::heartbeat::{Sent, Throttle};
use super::implementation::{Activities, Attempt, AttemptFailure};
use super::info::ActivityInfo;
use super::report::{Ended, Report, report};
use crate::abort::AbortOnDrop;
use crate::calls::{Calls, PolledActivity};
use crate::failure;
use crate::poll::Source;
use crate::shutdown::Shutdown;
use crate::slots::Slot;

/// Makes the attempts of one worker's activities.
#[derive(Debug)]
pub(crate) struct ActivityDesk {
    pub(crate) calls: Calls,
    pub(crate) activities: Arc<Activities>,
    pub(crate) throttle: Throttle,
    pub(crate) shutdown: Shutdown,
    /// How long an attempt that was canceled because the worker shuts down may go on.
    pub(crate) cancel_grace: Duration,
}

impl Source for ActivityDesk {
    type Task = PolledActivity;
    const TASKS: &'static str = "activity tasks";

    async fn poll(&self) -> Result<Option<Self::Task>, RpcError> {
        self.calls.poll_activity().await
    }

    async fn perform(self: Arc<Self>, task: Self::Task, slot: Slot) {
        match task {
            Ok((task, extra)) => {
                let span = tracing::info_span!(
                    "activity",
                    activity_type = %task.activity_type,
                    activity_id = %task.activity,
                    attempt = task.attempt,
                    workflow_id = %task.execution.workflow_id,
                    run_id = %task.execution.run_id,
                );
                self.attempt(task, extra).instrument(span).await;
            }
            Err(bad) => {
                tracing::error!(error = %bad.malformed, "the server sent an activity task that cannot be read");
                let failure = failure::application("MalformedTask", format!("{bad}: {}", bad.malformed));
                self.tell(&bad.token, Report::Failed(failure), None).await;
            }
        }
        drop(slot);
    }
}

impl ActivityDesk {
    async fn attempt(&self, mut task: ActivityTask, extra: ActivityTaskExtra) {
        let token = task.token.clone();
        if let Err(error) = self.converter().decode(&mut task).await {
            let failure = failure::of_error("UndecodableArguments", error, self.converter());
            return self.tell(&token, Report::Failed(failure), None).await;
        }
        let input = task.input.take().unwrap_or_default();
        let last_heartbeat = task.heartbeat_details.take();
        let info = ActivityInfo::of(task, extra, self.calls.task_queue().clone());
        let ctx = ActivityContext::new(info, last_heartbeat, self.calls.client().clone(), self.shutdown.clone());
        let Some(ended) = self.watch(&ctx, input).await else {
            tracing::warn!("the activity does not end although the worker does; it is abandoned and nothing reported");
            return;
        };
        let report = report(ended, ctx.cancellation(), ctx.take_invalid_heartbeat());
        if matches!(report, Report::Failed(_)) && !is_gone(&ctx) {
            // Before the failure, so that the next attempt begins where this one was.
            ctx.heartbeats().flush(|details| self.beat(&ctx, details)).await;
        }
        self.tell(&token, report, ctx.heartbeats().take_unsent()).await;
    }

    /// Runs the user's code, and beside it what concerns it; none if it does not end.
    async fn watch(&self, ctx: &ActivityContext, input: Payloads) -> Option<Ended> {
        let work = run(Arc::clone(&self.activities), ctx.clone(), input);
        let work = AbortOnDrop::new(tokio::spawn(work.in_current_span()));
        let heartbeats =
            ctx.heartbeats().deliver(self.throttle.pause(ctx.info().heartbeat), |details| self.beat(ctx, details));
        tokio::select! {
            biased;
            joined = work => Some(joined.unwrap_or_else(|error| Ended::Failed(failure_of_join(error)))),
            never = heartbeats => match never {},
            () = self.until_abandoned(ctx) => None,
        }
    }

    /// Cancels the attempt when its time is over or the worker's is; ends when nobody can wait for it any longer.
    async fn until_abandoned(&self, ctx: &ActivityContext) {
        tokio::select! {
            () = self.shutdown.canceling() => {}
            () = end_of(ctx.info().start_to_close) => {
                ctx.cancellation().cancel(CancelReason::TimedOut);
                self.shutdown.canceling().await;
            }
        }
        ctx.cancellation().cancel(CancelReason::WorkerShutdown);
        sleep(self.cancel_grace).await;
    }

    /// Sends one heartbeat, and does what the answer says.
    async fn beat(&self, ctx: &ActivityContext, mut details: Payloads) -> Sent {
        if let Err(error) = self.converter().encode(&mut details).await {
            ctx.invalid_heartbeat(error);
            return Sent::Done;
        }
        match self.calls.heartbeat(&ctx.info().task_token, details).await {
            Ok(answer) => {
                // The order matters where there are several: the request to stop is for good.
                let reasons = [
                    (answer.cancel_requested, CancelReason::Requested),
                    (answer.reset, CancelReason::Reset),
                    (answer.paused, CancelReason::Paused),
                ];
                for (said, reason) in reasons {
                    if said {
                        ctx.cancellation().cancel(reason);
                    }
                }
                Sent::Done
            }
            Err(error) if error.is_not_found() => {
                ctx.cancellation().cancel(CancelReason::Gone);
                Sent::Done
            }
            Err(error) => {
                tracing::warn!(%error, "a heartbeat could not be sent");
                Sent::Failed
            }
        }
    }

    /// Tells the server how the attempt ended. `unsent` is what the server does not know of the heartbeats.
    async fn tell(&self, token: &TaskToken, report: Report, unsent: Option<Payloads>) {
        let told = match self.encode(report).await {
            Report::Completed(payload) => match self.calls.complete_activity(token, vec![payload]).await {
                Err(error) if is_refusal(&error) => {
                    let message = format!("the server did not take the result: {error}");
                    tracing::warn!("{message}");
                    self.calls.fail_activity(token, failure::application("ResultRefused", message), unsent).await
                }
                told => told,
            },
            Report::Failed(failure) => {
                note(&failure);
                self.calls.fail_activity(token, failure, unsent).await
            }
            Report::Canceled(details) => self.calls.cancel_activity(token, details).await,
            Report::Nothing => return tracing::debug!("nobody waits for this attempt any longer; nothing is reported"),
        };
        match told {
            Ok(()) => {}
            Err(error) if error.is_not_found() => tracing::debug!(%error, "nobody waits for this attempt any longer"),
            Err(error) => tracing::warn!(%error, "the end of an activity could not be reported"),
        }
    }

    /// Runs the codecs. What they cannot do becomes a failure that they need not see.
    async fn encode(&self, mut report: Report) -> Report {
        let converter = self.converter();
        let encoded: Result<(), CodecError> = match &mut report {
            Report::Completed(payload) => converter.encode(payload).await,
            Report::Failed(failure) => {
                converter.hide_failure(failure);
                converter.encode(failure).await
            }
            Report::Canceled(details) => converter.encode(details).await,
            Report::Nothing => Ok(()),
        };
        match encoded {
            Ok(()) => report,
            Err(error) => Report::Failed(failure::application("UnencodableResult", error.to_string())),
        }
    }

    fn converter(&self) -> &DataConverter {
        self.calls.client().converter()
    }
}

/// Runs the user's code: in this task, or on a thread of its own.
pub(crate) async fn run(activities: Arc<Activities>, ctx: ActivityContext, input: Payloads) -> Ended {
    let converter = ctx.client().converter().clone();
    let name = ctx.info().activity_type.clone();
    let attempt = match activities.start(name.as_str(), ctx.clone(), input, &converter) {
        Some(Ok(attempt)) => attempt,
        Some(Err(error)) => return Ended::Failed(failure::of_error("UndecodableArguments", error, &converter)),
        None => return Ended::Failed(unregistered(&activities, &ctx)),
    };
    let result = match attempt {
        Attempt::Async(future) => future.await,
        Attempt::Blocking(function) => {
            let span = tracing::Span::current();
            match tokio::task::spawn_blocking(move || span.in_scope(function)).await {
                Ok(result) => result,
                Err(error) => return Ended::Failed(failure_of_join(error)),
            }
        }
    };
    ended(result, &converter)
}

fn ended(result: Result<Payload, AttemptFailure>, converter: &DataConverter) -> Ended {
    match result {
        Ok(payload) => Ended::Returned(payload),
        Err(AttemptFailure::Returned(late)) => Ended::Failed(late.into_failure(converter)),
        Err(AttemptFailure::Unencodable(error)) => {
            Ended::Failed(failure::of_error("UnencodableResult", error, converter))
        }
    }
}

fn unregistered(activities: &Activities, ctx: &ActivityContext) -> Failure {
    let ActivityInfo { activity_type, task_queue, .. } = ctx.info();
    let known = failure::list(activities.names());
    let message = format!(
        "activity `{activity_type}` is not registered with the worker of task queue `{task_queue}`; registered: {known}"
    );
    failure::application("NotFoundError", message)
}

/// The failure of a task of ours that did not end by itself: the user's code panicked, or the runtime is going down.
pub(crate) fn failure_of_join(error: tokio::task::JoinError) -> Failure {
    match error.try_into_panic() {
        Ok(panic) => {
            failure::application("Panic", format!("the activity panicked: {}", failure::panic_message(&*panic)))
        }
        Err(_) => failure::application("WorkerShutdown", "the activity was stopped with the program"),
    }
}

fn note(failure: &Failure) {
    let benign = failure.application().is_some_and(|application| application.category == ErrorCategory::Benign);
    if benign {
        tracing::debug!(failure = failure.message, "an activity failed, as it may");
    } else {
        tracing::warn!(failure = failure.message, "an activity failed");
    }
}

fn is_gone(ctx: &ActivityContext) -> bool {
    matches!(ctx.cancel_reason(), Some(CancelReason::Gone | CancelReason::TimedOut))
}

/// Whether the server got the message and does not want it: too large, or not acceptable.
fn is_refusal(error: &RpcError) -> bool {
    matches!(error.code(), RpcCode::InvalidArgument | RpcCode::ResourceExhausted | RpcCode::OutOfRange)
}

pub(super) async fn end_of(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}
