//! Activities: what goes in, what comes out, and what happens in between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};

use bytes::Bytes;
use perpetua::prelude::*;
use perpetua::{ActivityInfo, CancelReason, CancellationType, TimeoutKind};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::EventKind;
use serde::{Deserialize, Serialize};
use tokio::sync::{Barrier, Notify, mpsc};

use crate::facts::asked_for;

crate::recorded::replayed_with!(
    packs_and_weighs,
    passes_every_kind_of_value,
    passes_the_gate_twice,
    waits_for_a_thread,
    withdraws,
    never_tries_again_after_an_outage,
    gives_an_activity_one_second,
    waits_for_what_a_canceled_activity_says,
    counts,
    calls_what_panics,
    calls_far_away,
    fans_out,
    calls_another_queue,
    calls_where_nobody_is,
    looks_into_the_mirror,
    sends_a_text_where_a_number_is_wanted,
    reads_a_number_where_a_parcel_is
);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parcel {
    name: String,
    grams: u32,
    note: Option<String>,
}

#[activity]
async fn pack(name: String, grams: u32, note: Option<String>) -> Result<Parcel, ActivityError> {
    Ok(Parcel { name, grams, note })
}

#[activity]
async fn weigh(parcel: Parcel) -> Result<u32, ActivityError> {
    Ok(parcel.grams)
}

#[workflow]
async fn packs_and_weighs(ctx: Ctx, name: String, grams: u32) -> WorkflowResult<(Parcel, u32)> {
    let parcel = ctx.activity(pack(name, grams, Some("fragile".into()))).start_to_close(minutes(5)).await?;
    let weight = ctx.activity(weigh(parcel.clone())).start_to_close(minutes(5)).await?;
    Ok((parcel, weight))
}

#[tokio::test]
async fn arguments_arrive_in_order_and_the_result_comes_back() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(packs_and_weighs).activity(pack).activity(weigh).spawn()?;
        let start = stage.client().run(packs_and_weighs("tea".into(), 350)).task_queue(stage.task_queue());
        let (parcel, weight) = start.id(stage.id("parcel")).await?;
        assert_eq!(parcel, Parcel { name: "tea".into(), grams: 350, note: Some("fragile".into()) });
        assert_eq!(weight, 350);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

#[activity]
async fn doubled(number: Option<u32>) -> Result<Option<u32>, ActivityError> {
    Ok(number.map(|number| number * 2))
}

#[activity]
async fn reversed(bytes: Bytes) -> Result<Bytes, ActivityError> {
    Ok(bytes.iter().rev().copied().collect())
}

#[workflow]
async fn passes_every_kind_of_value(ctx: Ctx, bytes: Bytes) -> WorkflowResult<(Option<u32>, Option<u32>, Bytes)> {
    ctx.activity(nothing()).start_to_close(minutes(5)).await?;
    let none = ctx.activity(doubled(None)).start_to_close(minutes(5)).await?;
    let some = ctx.activity(doubled(Some(21))).start_to_close(minutes(5)).await?;
    let bytes = ctx.activity(reversed(bytes)).start_to_close(minutes(5)).await?;
    Ok((none, some, bytes))
}

#[tokio::test]
async fn nothing_null_and_bytes_travel_as_what_they_are() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().workflow(passes_every_kind_of_value);
        let worker = builder.activity(nothing).activity(doubled).activity(reversed).spawn()?;
        let id = stage.id("values");
        let call = passes_every_kind_of_value(Bytes::from_static(b"\x00\xff"));
        let (none, some, bytes) = stage.client().run(call).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!((none, some, bytes), (None, Some(42), Bytes::from_static(b"\xff\x00")));

        let history = stage.history(&id).await?;
        let results = history.iter().filter_map(|event| match &event.kind {
            EventKind::ActivityCompleted(completed) => completed.result.as_ref()?.first()?.encoding(),
            _ => None,
        });
        let encodings: Vec<_> = results.collect();
        assert_eq!(encodings, ["binary/null", "binary/null", "json/plain", "binary/plain"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Counts what passes.
#[derive(Default)]
struct Gate {
    passed: Mutex<Vec<String>>,
}

#[activities]
impl Gate {
    #[activity]
    async fn pass(&self, name: String) -> Result<usize, ActivityError> {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.push(name);
        Ok(passed.len())
    }

    #[activity]
    async fn last(&self) -> Result<Option<String>, ActivityError> {
        Ok(self.passed.lock().unwrap_or_else(PoisonError::into_inner).last().cloned())
    }
}

#[workflow]
async fn passes_the_gate_twice(ctx: Ctx) -> WorkflowResult<(usize, usize, Option<String>)> {
    let first = ctx.activity(Gate::pass("ann".into())).start_to_close(minutes(5)).await?;
    let second = ctx.activity(Gate::pass("bob".into())).start_to_close(minutes(5)).await?;
    let last = ctx.activity(Gate::last()).start_to_close(minutes(5)).await?;
    Ok((first, second, last))
}

#[tokio::test]
async fn activities_of_one_value_share_it_with_the_program() -> Outcome {
    both_ways(async |stage| {
        let gate = Arc::new(Gate::default());
        let worker = stage.worker().workflow(passes_the_gate_twice).activities(Arc::clone(&gate)).spawn()?;
        let start = stage.client().run(passes_the_gate_twice()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("gate")).await?, (1, 2, Some("bob".into())));
        assert_eq!(*gate.passed.lock().unwrap_or_else(PoisonError::into_inner), ["ann", "bob"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// An activity that blocks its thread until another one lets it go on.
struct Thread {
    sender: blocking::Sender<u32>,
    receiver: Mutex<blocking::Receiver<u32>>,
}

#[activities]
impl Thread {
    #[activity(blocking)]
    fn wait(&self) -> Result<u32, ActivityError> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(receiver.recv_timeout(minutes(1))?)
    }

    #[activity]
    async fn let_go(&self, number: u32) -> Result<(), ActivityError> {
        Ok(self.sender.send(number)?)
    }
}

#[workflow]
async fn waits_for_a_thread(ctx: Ctx) -> WorkflowResult<u32> {
    let (waited, let_go) = join!(
        ctx.activity(Thread::wait()).start_to_close(minutes(5)),
        ctx.activity(Thread::let_go(7)).start_to_close(minutes(5)),
    );
    let_go?;
    Ok(waited?)
}

#[tokio::test]
async fn a_blocking_activity_has_a_thread_of_its_own() -> Outcome {
    // This test's runtime has one thread: if the activity blocked it, the other one would never begin.
    both_ways(async |stage| {
        let (sender, receiver) = blocking::channel();
        let thread = Thread { sender, receiver: Mutex::new(receiver) };
        let worker = stage.worker().workflow(waits_for_a_thread).activities(thread).spawn()?;
        let start = stage.client().run(waits_for_a_thread()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("thread")).await?, 7);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum BankError {
    #[error("insufficient funds: {available} of {needed}")]
    #[application(non_retryable)]
    InsufficientFunds { available: u64, needed: u64 },
    #[error("the bank is down")]
    Down,
}

#[activity]
async fn withdraw(ctx: ActivityContext, cents: u64) -> Result<u32, BankError> {
    match (ctx.info().attempt, cents) {
        (_, 1000..) => Err(BankError::InsufficientFunds { available: 999, needed: cents }),
        (1 | 2, _) => Err(BankError::Down),
        (attempt, _) => Ok(attempt),
    }
}

fn eager() -> RetryPolicy {
    RetryPolicy::exponential().first_wait(milliseconds(10)).factor(1.0)
}

#[workflow]
async fn withdraws(ctx: Ctx, cents: u64) -> WorkflowResult<String> {
    match ctx.activity(withdraw(cents)).start_to_close(minutes(5)).retry(eager()).await {
        Ok(attempt) => Ok(format!("done at attempt {attempt}")),
        Err(ActivityFailure::Application(BankError::InsufficientFunds { available, needed }, ..)) => {
            Ok(format!("{available} of {needed}"))
        }
        Err(other) => Err(other.into()),
    }
}

#[tokio::test]
async fn an_activity_is_tried_again_until_it_succeeds() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(withdraws).activity(withdraw).spawn()?;
        let start = stage.client().run(withdraws(10)).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("retried")).await?, "done at attempt 3");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_error_that_is_not_retryable_is_matched_on_its_variant_and_fields() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(withdraws).activity(withdraw).spawn()?;
        let start = stage.client().run(withdraws(5000)).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("refused")).await?, "999 of 5000");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn never_tries_again_after_an_outage(ctx: Ctx) -> WorkflowResult<bool> {
    let policy = RetryPolicy::exponential().never_after("Down");
    let failure = ctx.activity(withdraw(10)).start_to_close(minutes(5)).retry(policy).await;
    Ok(matches!(failure, Err(ActivityFailure::Application(BankError::Down, ..))))
}

#[tokio::test]
async fn a_retry_policy_knows_errors_by_the_names_of_their_variants() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(never_tries_again_after_an_outage).activity(withdraw).spawn()?;
        let start = stage.client().run(never_tries_again_after_an_outage()).task_queue(stage.task_queue());
        assert!(start.id(stage.id("outage")).await?, "the first error is the last");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// An activity that goes on until it is told to stop, and says why it was.
struct Endless {
    began: Notify,
    stopped: mpsc::UnboundedSender<CancelReason>,
}

impl Endless {
    fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<CancelReason>) {
        let (stopped, reasons) = mpsc::unbounded_channel();
        (Arc::new(Self { began: Notify::new(), stopped }), reasons)
    }
}

#[activities]
impl Endless {
    #[activity]
    async fn run(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        self.began.notify_one();
        let mut beats = tokio::time::interval(milliseconds(20));
        let reason = loop {
            tokio::select! {
                reason = ctx.canceled() => break reason,
                _ = beats.tick() => ctx.heartbeat(()),
            }
        };
        self.stopped.send(reason)?;
        Err(Canceled::from(reason).into())
    }
}

#[workflow]
async fn gives_an_activity_one_second(ctx: Ctx) -> WorkflowResult<bool> {
    let run = ctx.activity(Endless::run()).start_to_close(seconds(1)).retry(RetryPolicy::none());
    Ok(matches!(run.await, Err(ActivityFailure::Timeout(TimeoutKind::StartToClose, _))))
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_a_timeout_on_both_sides() -> Outcome {
    both_ways(async |stage| {
        let (endless, mut reasons) = Endless::new();
        let worker = stage.worker().workflow(gives_an_activity_one_second).activities(endless).spawn()?;
        let start = stage.client().run(gives_an_activity_one_second()).task_queue(stage.task_queue());
        assert!(start.id(stage.id("slow")).await?, "the workflow sees a timeout");
        let reason = reasons.recv().await;
        // Whether the worker's clock or the server's answer to a heartbeat tells first is open.
        assert!(matches!(reason, Some(CancelReason::TimedOut | CancelReason::Gone)), "{reason:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn waits_for_what_a_canceled_activity_says(ctx: Ctx) -> WorkflowResult<bool> {
    let run = ctx.activity(Endless::run()).start_to_close(minutes(1)).heartbeat(minutes(1));
    let canceled = run.cancellation(CancellationType::WaitCompleted).await;
    Ok(matches!(canceled, Err(ActivityFailure::Canceled(_))))
}

#[tokio::test]
async fn an_activity_that_heartbeats_hears_that_it_should_stop_and_why() -> Outcome {
    both_ways(async |stage| {
        let (endless, mut reasons) = Endless::new();
        let builder = stage.worker().workflow(waits_for_what_a_canceled_activity_says);
        let worker = builder.activities(Arc::clone(&endless)).max_heartbeat_throttle(milliseconds(20)).spawn()?;
        let id = stage.id("stopped");
        let start = stage.client().start(waits_for_what_a_canceled_activity_says()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        endless.began.notified().await;
        handle.cancel().await?;
        assert_eq!(reasons.recv().await, Some(CancelReason::Requested));
        assert!(handle.result().await?, "the workflow sees a cancellation");
        let history = stage.history(&id).await?;
        let canceled = history.iter().filter(|event| matches!(event.kind, EventKind::ActivityCanceled(_)));
        assert_eq!(canceled.count(), 1, "the activity's own answer was waited for");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn counts_on(ctx: ActivityContext) -> Result<(u32, u32), ActivityError> {
    match ctx.heartbeat_details::<u32>()? {
        None => {
            ctx.heartbeat(6);
            ctx.heartbeat(7);
            Err(AnyError::message("interrupted"))
        }
        Some(count) => Ok((count, ctx.info().attempt)),
    }
}

#[workflow]
async fn counts(ctx: Ctx) -> WorkflowResult<(u32, u32)> {
    Ok(ctx.activity(counts_on()).start_to_close(minutes(5)).heartbeat(minutes(1)).retry(eager()).await?)
}

#[tokio::test]
async fn the_next_attempt_goes_on_where_the_heartbeats_ended() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(counts).activity(counts_on).spawn()?;
        let start = stage.client().run(counts()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("count")).await?, (7, 2));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn panics_at_first(ctx: ActivityContext) -> Result<u32, ActivityError> {
    assert!(ctx.info().attempt > 1, "this panic is part of a test");
    Ok(ctx.info().attempt)
}

#[activity(blocking)]
fn panics_on_its_thread(ctx: ActivityContext) -> Result<u32, ActivityError> {
    assert!(ctx.info().attempt > 1, "this panic is part of a test");
    Ok(ctx.info().attempt)
}

#[workflow]
async fn calls_what_panics(ctx: Ctx) -> WorkflowResult<(u32, u32)> {
    let (task, thread) = join!(
        ctx.activity(panics_at_first()).start_to_close(minutes(5)).retry(eager()),
        ctx.activity(panics_on_its_thread()).start_to_close(minutes(5)).retry(eager()),
    );
    Ok((task?, thread?))
}

#[tokio::test]
async fn an_activity_that_panics_is_tried_again_and_the_worker_lives() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().workflow(calls_what_panics);
        let worker = builder.activity(panics_at_first).activity(panics_on_its_thread).spawn()?;
        let start = stage.client().run(calls_what_panics()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("panic")).await?, (2, 2));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Activities that no worker of these tests has.
#[activities]
trait Elsewhere {
    #[activity]
    async fn far_away() -> Result<(), BankError>;
}

#[workflow]
async fn calls_far_away(ctx: Ctx) -> WorkflowResult<String> {
    let call = ctx.activity(Elsewhere::far_away()).start_to_close(minutes(5)).retry(RetryPolicy::none());
    match call.await {
        Err(ActivityFailure::Other(remote)) => {
            Ok(remote.chain().map(|remote| remote.message()).collect::<Vec<_>>().join(" <- "))
        }
        other => Ok(format!("unexpected: {other:?}")),
    }
}

#[tokio::test]
async fn an_activity_nobody_registered_is_named_with_those_that_are() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(calls_far_away).activity(pack).activity(weigh).spawn()?;
        // The name of the task queue is in the message.
        stage.values_differ();
        let start = stage.client().run(calls_far_away()).task_queue(stage.task_queue());
        let message = start.id(stage.id("unregistered")).await?;
        assert!(message.contains("activity `far_away` is not registered"), "{message}");
        assert!(message.contains("registered: `pack`, `weigh`"), "{message}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Lets activities through in groups, and notes how many there were at a time.
struct Groups {
    barrier: Barrier,
    inside: AtomicUsize,
    most: AtomicUsize,
}

impl Groups {
    fn of(count: usize) -> Arc<Self> {
        Arc::new(Self { barrier: Barrier::new(count), inside: AtomicUsize::new(0), most: AtomicUsize::new(0) })
    }
}

#[activities]
impl Groups {
    /// Ends when enough others run at the same time.
    #[activity]
    async fn meet(&self, number: u32) -> Result<u32, ActivityError> {
        let inside = self.inside.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(inside, Ordering::Relaxed);
        self.barrier.wait().await;
        self.inside.fetch_sub(1, Ordering::Relaxed);
        Ok(number)
    }
}

#[workflow]
async fn fans_out(ctx: Ctx, count: u32, limit: usize) -> WorkflowResult<Vec<u32>> {
    let calls = (0..count).map(|number| ctx.activity(Groups::meet(number)).start_to_close(minutes(5)));
    let met = ctx.join_all(calls).limit(limit).await;
    Ok(met.into_iter().collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn twenty_activities_run_side_by_side_and_their_results_are_in_order() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(fans_out).activities(Groups::of(20)).spawn()?;
        let start = stage.client().run(fans_out(20, usize::MAX)).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("fan")).await?, (0..20).collect::<Vec<_>>());
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn join_all_with_a_limit_keeps_just_so_many_running() -> Outcome {
    both_ways(async |stage| {
        let groups = Groups::of(3);
        let worker = stage.worker().workflow(fans_out).activities(Arc::clone(&groups)).spawn()?;
        let start = stage.client().run(fans_out(9, 3)).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("fan")).await?, (0..9).collect::<Vec<_>>());
        assert_eq!(groups.most.load(Ordering::Relaxed), 3);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn where_am_i(ctx: ActivityContext) -> Result<String, ActivityError> {
    Ok(ctx.info().task_queue.to_string())
}

#[workflow]
async fn calls_another_queue(ctx: Ctx, queue: String) -> WorkflowResult<(String, String)> {
    let (here, there) = join!(
        ctx.activity(where_am_i()).start_to_close(minutes(5)),
        ctx.activity(where_am_i()).start_to_close(minutes(5)).task_queue(queue),
    );
    Ok((here?, there?))
}

#[tokio::test]
async fn an_activity_runs_on_the_task_queue_it_was_sent_to() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let here = stage.task_queue().to_string();
        let there = format!("{here}-there");
        let worker = stage.worker().workflow(calls_another_queue).activity(where_am_i).spawn()?;
        let other = Worker::builder(stage.client(), &there).activity(where_am_i).spawn()?;
        let start = stage.client().run(calls_another_queue(there.clone())).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("queues")).await?, (here, there));
        worker.shutdown().await?;
        other.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn calls_where_nobody_is(ctx: Ctx, queue: String) -> WorkflowResult<bool> {
    let call = ctx.activity(where_am_i()).start_to_close(minutes(5)).schedule_to_start(milliseconds(10));
    let failure = call.task_queue(queue).await;
    Ok(matches!(failure, Err(ActivityFailure::Timeout(TimeoutKind::ScheduleToStart, _))))
}

#[tokio::test]
async fn an_activity_that_no_worker_takes_in_time_is_a_timeout() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(calls_where_nobody_is).spawn()?;
        let call = calls_where_nobody_is(format!("{}-nobody", stage.task_queue()));
        assert!(stage.client().run(call).task_queue(stage.task_queue()).id(stage.id("nobody")).await?);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Tells the test what an attempt knows of itself.
struct Mirror(mpsc::UnboundedSender<ActivityInfo>);

#[activities]
impl Mirror {
    #[activity]
    async fn look(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        Ok(self.0.send(ctx.info().clone())?)
    }
}

#[workflow]
async fn looks_into_the_mirror(ctx: Ctx) -> WorkflowResult<()> {
    let look = ctx.activity(Mirror::look()).id("look-1").summary("a look").retry(eager().max_attempts(4));
    Ok(look.start_to_close(minutes(5)).schedule_to_close(minutes(10)).heartbeat(minutes(1)).await?)
}

#[tokio::test]
async fn an_activity_knows_what_it_is_and_whose() -> Outcome {
    both_ways(async |stage| {
        let (mirror, mut infos) = mpsc::unbounded_channel();
        let worker = stage.worker().workflow(looks_into_the_mirror).activities(Mirror(mirror)).spawn()?;
        let id = stage.id("mirror");
        let start = stage.client().start(looks_into_the_mirror()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        handle.result().await?;

        let info = infos.recv().await.ok_or("the activity ran")?;
        assert_eq!((info.activity_id.as_str(), info.activity_type.as_str(), info.attempt), ("look-1", "look", 1));
        assert_eq!((&info.task_queue, &info.workflow_namespace), (stage.task_queue(), stage.client().namespace()));
        assert_eq!(info.workflow_type, "looks_into_the_mirror");
        assert_eq!(info.workflow_execution.workflow_id, id);
        assert_eq!(Some(&info.workflow_execution.run_id), handle.run_id());
        assert_eq!((info.start_to_close, info.schedule_to_close), (Some(minutes(5)), Some(minutes(10))));
        assert_eq!(info.heartbeat, Some(minutes(1)));
        assert_eq!(info.retry_policy.map(|policy| policy.maximum_attempts), Some(4));
        assert!(info.scheduled.is_some() && info.started.is_some());
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn sends_a_text_where_a_number_is_wanted(ctx: Ctx) -> WorkflowResult<String> {
    let call = Activity::named("doubled").args(("many".to_owned(),)).returning::<u32>();
    match ctx.activity(call).start_to_close(minutes(5)).retry(RetryPolicy::none()).await {
        Ok(number) => Ok(format!("unexpected: {number}")),
        Err(failure) => {
            let cause = failure.remote().cause().ok_or(AnyError::message("the activity says why"))?;
            Ok(format!("{}: {}", cause.failure_type().unwrap_or_default(), cause.message()))
        }
    }
}

#[workflow]
async fn reads_a_number_where_a_parcel_is(ctx: Ctx) -> WorkflowResult<String> {
    let call = Activity::named("pack").args(("tea".to_owned(), 1, None::<String>)).returning::<u32>();
    match ctx.activity(call).start_to_close(minutes(5)).await {
        Ok(number) => Ok(format!("unexpected: {number}")),
        Err(failure) => Ok(failure.remote().message().to_owned()),
    }
}

#[tokio::test]
async fn values_that_are_not_what_they_should_be_are_failures_that_say_so() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().activity(doubled).activity(pack);
        let builder = builder.workflow(sends_a_text_where_a_number_is_wanted);
        let worker = builder.workflow(reads_a_number_where_a_parcel_is).spawn()?;
        let id = stage.id("argument");
        let start = stage.client().run(sends_a_text_where_a_number_is_wanted()).task_queue(stage.task_queue());
        let message = start.id(&id).await?;
        assert!(message.starts_with("UndecodableArguments: "), "{message}");
        assert_eq!(asked_for(stage, &id).await?, ["ActivityTaskScheduled", "WorkflowExecutionCompleted"]);
        let start = stage.client().run(reads_a_number_where_a_parcel_is()).task_queue(stage.task_queue());
        let message = start.id(stage.id("result")).await?;
        assert!(message.contains("the result of activity `pack` cannot be read"), "{message}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
