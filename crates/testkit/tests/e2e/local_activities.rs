//! Local activities: run by the worker that has the workflow, while its task is in hand.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use perpetua::prelude::*;
use perpetua::{CancelReason, CancellationType, TimeoutKind};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::{EventKind, LocalActivityMarker, WorkflowTaskFailedCause};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::{Notify, mpsc};

use crate::facts::{asked_for, count, event, task_failure};
use crate::python::python;

crate::recorded::replayed_with!(
    adds_up,
    asks_and_is_refused,
    tries_until_it_works,
    asks_later,
    gives_a_second,
    gives_a_second_for_all,
    takes_its_time,
    cancels_before_it_began,
    races,
    Patient,
    waits_for_the_shift,
    calls_nobody,
    counts_heartbeats,
    Relay,
);

#[activity]
async fn add(left: u32, right: u32) -> Result<u32, ActivityError> {
    Ok(left + right)
}

#[workflow]
async fn adds_up(ctx: Ctx, numbers: Vec<u32>) -> WorkflowResult<(u32, u32)> {
    let mut sum = 0;
    for number in numbers {
        sum = ctx.local_activity(add(sum, number)).start_to_close(seconds(10)).summary("adds").await?;
    }
    let calls = (1..=5).map(|number| ctx.local_activity(add(number, sum)).start_to_close(seconds(10)));
    let others: Result<Vec<_>, _> = ctx.join_all(calls).await.into_iter().collect();
    Ok((sum, others?.into_iter().sum()))
}

#[tokio::test]
async fn many_local_activities_take_one_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(adds_up).activity(add).spawn()?;
        let id = stage.id("sum");
        stage.values_differ(); // those that run side by side end in any order
        let sums = stage.client().run(adds_up(vec![1, 2, 3])).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(sums, (6, 45));
        let history = stage.history(&id).await?;
        assert_eq!(count(&history, "WorkflowTaskCompleted"), 1);
        assert_eq!(count(&history, "MarkerRecorded"), 8);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum AskError {
    #[error("{who} says no")]
    #[application(non_retryable)]
    Refused { who: String },
    #[error("nobody is there")]
    Nobody,
}

#[activity]
async fn ask(who: String) -> Result<String, AskError> {
    Err(AskError::Refused { who })
}

#[workflow]
async fn asks_and_is_refused(ctx: Ctx) -> WorkflowResult<String> {
    match ctx.local_activity(ask("ann".into())).start_to_close(seconds(10)).await {
        Err(ActivityFailure::Application(AskError::Refused { who }, _)) => Ok(who),
        other => Ok(format!("{other:?}")),
    }
}

#[tokio::test]
async fn an_error_is_matched_on_its_variant_and_fields() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(asks_and_is_refused).activity(ask).spawn()?;
        let start = stage.client().run(asks_and_is_refused()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("ask")).await?, "ann");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn knock(ctx: ActivityContext, until: u32) -> Result<u32, AskError> {
    if ctx.info().attempt < until { Err(AskError::Nobody) } else { Ok(ctx.info().attempt) }
}

#[activity]
async fn panics_at_first(ctx: ActivityContext) -> Result<u32, ActivityError> {
    assert!(ctx.info().attempt > 1, "not today");
    Ok(ctx.info().attempt)
}

#[workflow]
async fn tries_until_it_works(ctx: Ctx) -> WorkflowResult<(u32, bool, bool, u32)> {
    let quick = || RetryPolicy::exponential().first_wait(milliseconds(10));
    let knocks = |until| ctx.local_activity(knock(until)).start_to_close(seconds(10));
    let worked = knocks(4).retry(quick()).await?;
    let limited = knocks(4).retry(quick().max_attempts(2)).await;
    let forbidden = knocks(4).retry(quick().never_after("Nobody")).await;
    let is_nobody = |result| matches!(result, Err(ActivityFailure::Application(AskError::Nobody, _)));
    let survived = ctx.local_activity(panics_at_first()).start_to_close(seconds(10)).retry(quick()).await?;
    Ok((worked, is_nobody(limited), is_nobody(forbidden), survived))
}

#[tokio::test]
async fn failures_and_panics_are_tried_again_within_the_task_as_the_policy_has_it() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().workflow(tries_until_it_works);
        let worker = builder.activity(knock).activity(panics_at_first).spawn()?;
        let id = stage.id("knocks");
        let tried = stage.client().run(tries_until_it_works()).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(tried, (4, true, true, 2));
        let attempts: Vec<_> = markers(&stage.history(&id).await?).iter().map(|marker| marker.attempt).collect();
        assert_eq!(attempts, [4, 2, 1, 2]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// What the markers of local activities say.
fn markers(history: &[perpetua_vocab::Event]) -> Vec<LocalActivityMarker> {
    let marker = |event: &perpetua_vocab::Event| match &event.kind {
        EventKind::MarkerRecorded(marker) => LocalActivityMarker::read(marker).ok().flatten(),
        _ => None,
    };
    history.iter().filter_map(marker).collect()
}

#[workflow]
async fn asks_later(ctx: Ctx) -> WorkflowResult<u32> {
    let knocks = ctx.local_activity(knock(3)).start_to_close(seconds(10));
    let policy = RetryPolicy::exponential().first_wait(milliseconds(300)).factor(1.0);
    Ok(knocks.retry(policy).local_retry_threshold(milliseconds(100)).await?)
}

#[tokio::test]
async fn a_wait_beyond_the_threshold_is_a_timer_of_the_workflow() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(asks_later).activity(knock).spawn()?;
        let id = stage.id("later");
        assert_eq!(stage.client().run(asks_later()).task_queue(stage.task_queue()).id(&id).await?, 3);
        let expected = [
            "MarkerRecorded",
            "TimerStarted",
            "MarkerRecorded",
            "TimerStarted",
            "MarkerRecorded",
            "WorkflowExecutionCompleted",
        ];
        assert_eq!(asked_for(stage, &id).await?, expected);
        let markers = markers(&stage.history(&id).await?);
        let said: Vec<_> = markers.iter().map(|marker| (marker.number, marker.attempt, marker.backoff)).collect();
        let wait = Some(milliseconds(300));
        assert_eq!(said, [(1, 1, wait), (2, 2, wait), (3, 3, None)]);
        assert!(markers.iter().all(|marker| marker.scheduled == markers[0].scheduled), "{markers:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Something that never ends by itself, and tells why it was asked to.
struct Endless {
    began: Notify,
    asked: mpsc::UnboundedSender<CancelReason>,
}

impl Endless {
    fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<CancelReason>) {
        let (asked, reasons) = mpsc::unbounded_channel();
        (Arc::new(Self { began: Notify::new(), asked }), reasons)
    }
}

#[activities]
impl Endless {
    #[activity]
    async fn last(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        assert!(ctx.info().is_local());
        self.began.notify_one();
        let reason = ctx.canceled().await;
        self.asked.send(reason)?;
        Err(Canceled::from(reason).into())
    }
}

#[workflow]
async fn gives_a_second(ctx: Ctx) -> WorkflowResult<String> {
    let once = RetryPolicy::none();
    match ctx.local_activity(Endless::last()).start_to_close(milliseconds(300)).retry(once).await {
        Err(ActivityFailure::Timeout(TimeoutKind::StartToClose, _)) => Ok("took too long".into()),
        other => Ok(format!("{other:?}")),
    }
}

#[workflow]
async fn gives_a_second_for_all(ctx: Ctx) -> WorkflowResult<(bool, bool)> {
    let lasting = ctx.local_activity(Endless::last()).schedule_to_close(milliseconds(300)).await;
    let timed_out = matches!(lasting, Err(ActivityFailure::Timeout(TimeoutKind::ScheduleToClose, _)));
    let knocks = ctx.local_activity(knock(100)).schedule_to_close(milliseconds(300));
    let knocked = knocks.retry(RetryPolicy::exponential().first_wait(milliseconds(50))).await;
    Ok((timed_out, matches!(knocked, Err(ActivityFailure::Application(AskError::Nobody, _)))))
}

#[tokio::test]
async fn one_that_takes_too_long_is_asked_to_stop_and_times_out() -> Outcome {
    both_ways(async |stage| {
        let (endless, mut reasons) = Endless::new();
        let builder = stage.worker().workflow(gives_a_second).workflow(gives_a_second_for_all);
        let worker = builder.activities(endless).activity(knock).spawn()?;
        let start = stage.client().run(gives_a_second()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("second")).await?, "took too long");
        assert_eq!(reasons.recv().await, Some(CancelReason::TimedOut));
        let start = stage.client().run(gives_a_second_for_all()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("all")).await?, (true, true));
        assert_eq!(reasons.recv().await, Some(CancelReason::TimedOut));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Takes longer than two tasks of two seconds.
#[activity]
async fn nap() -> Result<u32, ActivityError> {
    tokio::time::sleep(milliseconds(3700)).await;
    Ok(7)
}

#[workflow]
async fn takes_its_time(ctx: Ctx) -> WorkflowResult<(u32, bool)> {
    let before = ctx.now();
    let napped = ctx.local_activity(nap()).start_to_close(seconds(30)).await?;
    let passed = ctx.now().duration_since(before).unwrap_or_default();
    Ok((napped, passed >= milliseconds(3600)))
}

#[tokio::test]
async fn a_long_one_is_carried_from_task_to_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(takes_its_time).activity(nap).spawn()?;
        let id = stage.id("nap");
        let run = stage.client().run(takes_its_time()).task_queue(stage.task_queue());
        assert_eq!(run.task_timeout(seconds(2)).id(&id).await?, (7, true));
        let history = stage.history(&id).await?;
        let tasks = count(&history, "WorkflowTaskCompleted");
        assert!(tasks >= 3, "{tasks} tasks, each of at most 1.6 s");
        assert_eq!(markers(&history).len(), 1);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn cancels_before_it_began(ctx: Ctx) -> WorkflowResult<bool> {
    let scope = ctx.scope();
    let endless = ctx.local_activity(Endless::last()).start_to_close(seconds(10));
    let (ended, ()) = join!(scope.run(endless.into_future()), async { scope.cancel() });
    Ok(matches!(ended, Err(ActivityFailure::Canceled(_))))
}

#[workflow]
async fn races(ctx: Ctx) -> WorkflowResult<u32> {
    select! {
        _ = ctx.local_activity(Endless::last()).start_to_close(seconds(10)) => Ok(0),
        sum = ctx.local_activity(add(1, 2)).start_to_close(seconds(10)) => Ok(sum?),
    }
}

#[tokio::test]
async fn one_that_is_not_wanted_any_more_holds_nothing_up() -> Outcome {
    both_ways(async |stage| {
        let (endless, mut reasons) = Endless::new();
        let builder = stage.worker().workflow(cancels_before_it_began).workflow(races);
        let worker = builder.activities(endless).activity(add).spawn()?;
        let id = stage.id("early");
        let start = stage.client().run(cancels_before_it_began()).task_queue(stage.task_queue());
        assert!(start.id(&id).await?);
        assert_eq!(asked_for(stage, &id).await?, ["MarkerRecorded", "WorkflowExecutionCompleted"]);
        assert_eq!(stage.client().run(races()).task_queue(stage.task_queue()).id(stage.id("race")).await?, 3);
        // The first one was never begun, so this is the other.
        assert_eq!(reasons.recv().await, Some(CancelReason::Requested));
        assert!(reasons.try_recv().is_err());
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Is asked to stop while its local activity runs.
#[derive(Default)]
struct Patient;

#[workflow]
impl Patient {
    #[run]
    async fn run(&self, ctx: Ctx, how: String) -> WorkflowResult<bool> {
        let how = match how.as_str() {
            "wait" => CancellationType::WaitCompleted,
            "abandon" => CancellationType::Abandon,
            _ => CancellationType::TryCancel,
        };
        let ended = ctx.local_activity(Endless::last()).start_to_close(seconds(30)).cancellation(how).await;
        Ok(matches!(ended, Err(ActivityFailure::Canceled(_))))
    }
}

#[tokio::test]
async fn a_request_to_stop_arrives_with_the_next_task_and_means_what_was_chosen() -> Outcome {
    both_ways(async |stage| {
        let (endless, mut reasons) = Endless::new();
        let worker = stage.worker().workflow(Patient::run).activities(Arc::clone(&endless)).spawn()?;
        for how in ["try", "wait", "abandon"] {
            let start = stage.client().start(Patient::run(how.into())).task_queue(stage.task_queue());
            let handle = start.task_timeout(seconds(2)).id(stage.id(how)).await?;
            endless.began.notified().await;
            handle.cancel().await?;
            assert!(handle.result().await?, "{how}");
            if how != "abandon" {
                assert_eq!(reasons.recv().await, Some(CancelReason::Requested), "{how}");
            }
        }
        assert!(reasons.try_recv().is_err(), "the abandoned one goes on");
        worker.shutdown().await?;
        assert_eq!(reasons.recv().await, Some(CancelReason::WorkerShutdown));
        Ok(())
    })
    .await
}

/// Ends when its worker does: in time, or because it must; the next time there is nothing left to do.
struct Shift {
    finishes: bool,
    times: AtomicU32,
    began: Notify,
    ended: mpsc::UnboundedSender<Option<CancelReason>>,
}

#[activities]
impl Shift {
    #[activity]
    async fn keep_watch(&self, ctx: ActivityContext) -> Result<(u32, u32), ActivityError> {
        let time = self.times.fetch_add(1, Ordering::Relaxed) + 1;
        if time == 1 {
            self.began.notify_one();
            if self.finishes {
                ctx.worker_shutdown().await;
                self.ended.send(ctx.cancel_reason())?;
            } else {
                let reason = ctx.canceled().await;
                self.ended.send(Some(reason))?;
                return Err(Canceled::from(reason).into());
            }
        }
        Ok((time, ctx.info().attempt))
    }
}

#[workflow]
async fn waits_for_the_shift(ctx: Ctx) -> WorkflowResult<(u32, u32)> {
    Ok(ctx.local_activity(Shift::keep_watch()).start_to_close(minutes(1)).await?)
}

#[tokio::test]
async fn a_worker_that_shuts_down_leaves_the_first_attempt_to_the_next_one() -> Outcome {
    both_ways(async |stage| {
        for finishes in [false, true] {
            let (ended, mut ends) = mpsc::unbounded_channel();
            let shift = Arc::new(Shift { finishes, times: AtomicU32::new(0), began: Notify::new(), ended });
            let builder = || stage.worker().workflow(waits_for_the_shift).activities(Arc::clone(&shift));
            let grace = if finishes { minutes(1) } else { seconds(0) };
            let first = builder().graceful_shutdown(grace).spawn()?;
            let id = stage.id(if finishes { "finished" } else { "stopped" });
            let start = stage.client().start(waits_for_the_shift()).task_queue(stage.task_queue());
            let handle = start.id(&id).await?;
            shift.began.notified().await;
            first.shutdown().await?;
            let reason = (!finishes).then_some(CancelReason::WorkerShutdown);
            assert_eq!(ends.recv().await, Some(reason));

            let second = builder().spawn()?;
            assert_eq!(handle.result().await?, if finishes { (1, 1) } else { (2, 1) });
            let history = stage.history(&id).await?;
            assert_eq!(markers(&history).len(), 1, "what was stopped left no trace");
            assert_eq!(count(&history, "WorkflowTaskTimedOut"), 0);
            assert_eq!(count(&history, "WorkflowTaskFailed"), 0);
            second.shutdown().await?;
        }
        Ok(())
    })
    .await
}

#[workflow]
async fn calls_nobody(ctx: Ctx) -> WorkflowResult<u32> {
    Ok(ctx.local_activity(add(20, 22)).start_to_close(seconds(10)).await?)
}

#[tokio::test]
async fn one_that_nobody_registered_fails_the_task_until_somebody_does() -> Outcome {
    both_ways(async |stage| {
        let first = stage.worker().workflow(calls_nobody).activity(nap).activity(knock).spawn()?;
        let start = stage.client().start(calls_nobody()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("nobody")).await?;
        let (cause, message) = task_failure(&handle).await?;
        assert_eq!(cause, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
        let queue = stage.task_queue();
        let expected = format!(
            "local activity `add` is not registered with the worker of task queue `{queue}`, where its workflow runs; \
             registered: `knock`, `nap`"
        );
        assert_eq!(message, expected);
        first.shutdown().await?;
        let second = stage.worker().workflow(calls_nobody).activity(add).spawn()?;
        assert_eq!(handle.result().await?, 42);
        second.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn beats(ctx: ActivityContext) -> Result<(bool, Option<u32>), ActivityError> {
    ctx.heartbeat(1_u32);
    if ctx.info().attempt == 1 {
        return Err(ActivityError::message("again"));
    }
    Ok((ctx.info().is_local(), ctx.heartbeat_details()?))
}

#[workflow]
async fn counts_heartbeats(ctx: Ctx) -> WorkflowResult<(bool, Option<u32>)> {
    let quick = RetryPolicy::exponential().first_wait(milliseconds(10));
    Ok(ctx.local_activity(beats()).start_to_close(seconds(10)).retry(quick).await?)
}

#[tokio::test]
async fn heartbeats_do_nothing() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(counts_heartbeats).activity(beats).spawn()?;
        let start = stage.client().run(counts_heartbeats()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("beats")).await?, (true, None));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn relay_add(left: u32, right: u32) -> Result<u32, ActivityError> {
    Ok(left + right)
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum RelayError {
    #[error("{why}")]
    #[application(non_retryable)]
    Refused { why: String },
    #[error("not yet")]
    NotYet,
}

#[activity]
async fn relay_refuse(why: String) -> Result<(), RelayError> {
    Err(RelayError::Refused { why })
}

#[activity]
async fn relay_try(ctx: ActivityContext, attempts: u32) -> Result<u32, RelayError> {
    if ctx.info().attempt < attempts { Err(RelayError::NotYet) } else { Ok(ctx.info().attempt) }
}

#[activity]
async fn relay_wait(ctx: ActivityContext) -> Result<(), ActivityError> {
    Err(Canceled::from(ctx.canceled().await).into())
}

/// The workflow of the script `local_activities_worker.py`, as near to it as two languages allow.
#[derive(Default)]
struct Relay {
    handed_over: State<bool>,
}

#[workflow]
impl Relay {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        let first = leg(&ctx).await?;
        ctx.wait_until(|| self.handed_over.get()).await?;
        Ok(vec![first, leg(&ctx).await?])
    }

    #[signal]
    fn hand_over(&self) {
        self.handed_over.set(true);
    }
}

async fn leg(ctx: &Ctx) -> WorkflowResult<String> {
    let short = seconds(10);
    let total = ctx.local_activity(relay_add(1, 2)).start_to_close(short).await?;
    let (ten, twenty) = join!(
        ctx.local_activity(relay_add(total, 10)).start_to_close(short).id("ten"),
        ctx.local_activity(relay_add(total, 20)).start_to_close(short),
    );
    let refused = match ctx.local_activity(relay_refuse("no".into())).start_to_close(short).await {
        Err(ActivityFailure::Application(RelayError::Refused { why }, _)) => why,
        other => format!("{other:?}"),
    };
    let tries = ctx.local_activity(relay_try(2)).start_to_close(short);
    let policy = RetryPolicy::exponential().first_wait(seconds(1));
    let attempt = tries.retry(policy).local_retry_threshold(milliseconds(500)).await?;
    let scope = ctx.scope();
    let waits = ctx.local_activity(relay_wait()).start_to_close(short);
    let (canceled, ()) = join!(scope.run(waits.into_future()), async { scope.cancel() });
    assert!(matches!(canceled, Err(ActivityFailure::Canceled(_))), "{canceled:?}");
    let scheduled = ctx.activity(relay_add(attempt, 100)).start_to_close(short).await?;
    Ok(format!("{total} [{}, {}] {refused} {attempt} {scheduled}", ten?, twenty?))
}

#[tokio::test]
async fn a_worker_in_python_and_ours_take_over_from_each_other() -> Outcome {
    both_ways(async |stage| {
        let ours = || {
            let builder = stage.worker().workflow(Relay::run).activity(relay_add).activity(relay_refuse);
            builder.activity(relay_try).activity(relay_wait).spawn()
        };
        let pythons = async || -> Outcome<tokio::process::Child> {
            let mut worker = python("local_activities_worker.py")
                .args([stage.client().address(), stage.task_queue().as_str()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let output = worker.stdout.take().ok_or("the output is piped")?;
            assert_eq!(BufReader::new(output).lines().next_line().await?.as_deref(), Some("ready"));
            Ok(worker)
        };
        stage.values_differ(); // two run side by side and end in any order
        let leg = "3 [13, 23] no 2 102";
        let start = || stage.client().start(Relay::run()).task_queue(stage.task_queue());

        let mut worker = pythons().await?;
        let id = stage.id("python first");
        let handle = start().id(&id).await?;
        event(&handle, "ActivityTaskCompleted").await?;
        drop(worker.stdin.take());
        worker.wait().await?;
        let worker = ours()?;
        handle.hand_over().await?;
        assert_eq!(handle.result().await?, [leg, leg]);
        assert_eq!(count(&stage.history(&id).await?, "WorkflowTaskFailed"), 0);
        worker.shutdown().await?;

        let worker = ours()?;
        let id = stage.id("ours first");
        let handle = start().id(&id).await?;
        event(&handle, "ActivityTaskCompleted").await?;
        worker.shutdown().await?;
        let mut worker = pythons().await?;
        handle.hand_over().await?;
        assert_eq!(handle.result().await?, [leg, leg]);
        assert_eq!(count(&stage.history(&id).await?, "WorkflowTaskFailed"), 0);
        drop(worker.stdin.take());
        worker.wait().await?;
        Ok(())
    })
    .await
}
