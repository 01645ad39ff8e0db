//! Workflows that do several things at a time: scopes, limits, locks, channels, many futures, and what loses a race.

use futures_util::stream::{self, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use perpetua::prelude::*;
use perpetua::sync::{Channel, Mutex, Notify, mpsc};
use perpetua::{CancellationScope, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};

use crate::facts::{asked_for, count, event};

crate::recorded::replayed_with!(
    Parts,
    cleans_up_in_time,
    limits,
    stops_its_tasks,
    maps,
    tries,
    races,
    Shop,
    combines,
    Hall,
    sleeps,
    Listener
);

#[activity]
async fn double(number: u32) -> Result<u32, ActivityError> {
    if number == 13 { Err(AnyError::message("unlucky").non_retryable()) } else { Ok(number * 2) }
}

// Scopes, limits, tasks
// ---------------------

/// Two naps, one of which can be canceled by a signal.
#[derive(Default)]
struct Parts {
    scope: State<Option<CancellationScope>>,
    released: State<bool>,
}

#[workflow]
impl Parts {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<(String, String)> {
        let scope = ctx.scope();
        self.scope.set(Some(scope.clone()));
        let part = scope.run(async {
            let first = ctx.sleep(days(1)).await;
            // Canceled as well, at once, and the activity is shielded from it.
            let second = ctx.sleep(days(1)).await;
            let doubled = ctx.shielded(ctx.activity(double(4)).start_to_close(seconds(10))).await?;
            WorkflowResult::<String>::Ok(format!("{first:?}, {}, {doubled}", second.is_err()))
        });
        let rest = async { ctx.wait_until(|| self.released.get()).await.map(|()| "released".to_owned()) };
        let (part, rest) = join!(part, rest);
        Ok((part?, rest?))
    }

    #[signal]
    fn stop(&self, why: String) {
        if let Some(scope) = self.scope.get() {
            scope.cancel_because(why);
        }
    }

    #[signal]
    fn release(&self) {
        self.released.set(true);
    }
}

#[tokio::test]
async fn a_scope_is_canceled_apart_from_the_rest() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Parts::run).activity(double).spawn()?;
        let id = stage.id("parts");
        let handle = stage.client().start(Parts::run()).task_queue(stage.task_queue()).id(&id).await?;
        event(&handle, "TimerStarted").await?;
        handle.stop("not needed".into()).await?;
        event(&handle, "ActivityTaskCompleted").await?;
        handle.release().await?;
        let (part, rest) = handle.result().await?;
        assert_eq!(part, "Err(Canceled { reason: \"not needed\" }), true, 8");
        assert_eq!(rest, "released");
        let expected = ["TimerStarted", "TimerCanceled", "ActivityTaskScheduled", "WorkflowExecutionCompleted"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// After a request to stop: a clean-up of its own, with a limit of its own.
#[workflow]
async fn cleans_up_in_time(ctx: Ctx) -> WorkflowResult<()> {
    let Err(canceled) = ctx.sleep(days(3)).await else { return Ok(()) };
    let scope = ctx.scope();
    let clean_up = ctx.shielded(scope.run(async {
        ctx.activity(double(1)).start_to_close(seconds(10)).await?;
        let endless = ctx.sleep(days(3)).await;
        WorkflowResult::<bool>::Ok(endless.is_err())
    }));
    let limit = ctx.shielded(async { ctx.sleep(milliseconds(500)).await.map(|()| scope.cancel()) });
    let (cleaned, limited) = join!(clean_up, limit);
    limited?;
    if cleaned? { Err(canceled.into()) } else { Err(AnyError::message("nobody stopped the clean-up").into()) }
}

#[tokio::test]
async fn a_clean_up_after_a_request_to_stop_has_a_scope_of_its_own() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(cleans_up_in_time).activity(double).spawn()?;
        let start = stage.client().start(cleans_up_in_time()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("cleans up")).await?;
        event(&handle, "TimerStarted").await?;
        handle.cancel().await?;
        let failure = handle.result().await.expect_err("it was canceled");
        assert!(failure.is_canceled(), "{failure:?}");
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Canceled);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn limits(ctx: Ctx) -> WorkflowResult<(u32, String)> {
    let quick = ctx.timeout(days(1), async {
        let four = ctx.activity(double(2)).start_to_close(seconds(10)).await?;
        ctx.activity(double(four)).start_to_close(seconds(10)).await
    });
    let quick = quick.await??;
    let slow = ctx.timeout(milliseconds(100), async {
        ctx.activity(double(3)).task_queue("nobody-polls-this").start_to_close(seconds(10)).await
    });
    let slow = slow.await.expect_err("nobody does it");
    Ok((quick, slow.to_string()))
}

#[tokio::test]
async fn anything_can_be_limited_in_time_and_leaves_nothing_behind() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(limits).activity(double).spawn()?;
        let id = stage.id("limits");
        let limited = stage.client().run(limits()).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(limited, (8, "the wait took longer than 100ms".to_owned()));
        let expected = [
            "ActivityTaskScheduled",
            "TimerStarted",
            "ActivityTaskScheduled",
            "TimerCanceled",
            "ActivityTaskScheduled",
            "TimerStarted",
            "ActivityTaskCancelRequested",
            "WorkflowExecutionCompleted",
        ];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn stops_its_tasks(ctx: Ctx) -> WorkflowResult<(bool, u32)> {
    let nap = || {
        let ctx = ctx.clone();
        async move { ctx.sleep(days(1)).await.is_err() }
    };
    let (canceled, aborted) = (ctx.spawn(nap()), ctx.spawn(nap()));
    let doubling = ctx.clone();
    let done = ctx.spawn(async move { doubling.activity(double(5)).start_to_close(seconds(10)).await });
    let doubled = done.await?;
    aborted.abort();
    canceled.cancel();
    Ok((canceled.await, doubled))
}

#[tokio::test]
async fn tasks_are_canceled_and_aborted_by_their_handles() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(stops_its_tasks).activity(double).spawn()?;
        let id = stage.id("stops");
        let run = stage.client().run(stops_its_tasks()).task_queue(stage.task_queue()).id(&id);
        assert_eq!(run.await?, (true, 10));
        let history = stage.history(&id).await?;
        assert_eq!((count(&history, "TimerStarted"), count(&history, "TimerCanceled")), (2, 2));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

// Many futures
// ------------

#[workflow]
async fn maps(ctx: Ctx, count: u32, limit: usize) -> WorkflowResult<Vec<u32>> {
    let doubled =
        ctx.map_concurrent(0..count, limit, |number| ctx.activity(double(number)).start_to_close(seconds(10)));
    Ok(doubled.await.into_iter().collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn map_concurrent_runs_so_many_at_a_time_and_keeps_the_order() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(maps).activity(double).spawn()?;
        // One at a time, so that both ways ask in the same order.
        let id = stage.id("one by one");
        let doubled = stage.client().run(maps(6, 1)).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(doubled, [0, 2, 4, 6, 8, 10]);
        let events = stage.history(&id).await?.into_iter().map(|event| event.kind.name().to_owned());
        let steps: Vec<_> =
            events.filter(|name| name.starts_with("ActivityTask") && !name.ends_with("Started")).collect();
        assert_eq!(steps, ["ActivityTaskScheduled", "ActivityTaskCompleted"].repeat(6));
        // Which of several is done first is not determined; the result is.
        let run = stage.client().run(maps(12, 4)).task_queue(stage.task_queue());
        assert_eq!(run.await?, (0..12).map(|number| number * 2).collect::<Vec<_>>());
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn tries(ctx: Ctx, how: String) -> WorkflowResult<String> {
    let call = |number| ctx.activity(double(number)).start_to_close(seconds(10));
    let nap = async {
        ctx.sleep(days(1)).await?;
        WorkflowResult::<u32>::Ok(0)
    };
    let unlucky = async { WorkflowResult::<u32>::Ok(call(13).await?) };
    let failed = match how.as_str() {
        "try_join" => try_join!(nap, unlucky).expect_err("it is unlucky"),
        "try_map_concurrent" => {
            let mapped =
                ctx.try_map_concurrent([1, 13, 2], 1, async |number| WorkflowResult::<u32>::Ok(call(number).await?));
            mapped.await.expect_err("it is unlucky")
        }
        _ => futures_util::try_join!(nap, unlucky).expect_err("it is unlucky"),
    };
    Ok(failed.to_string())
}

#[tokio::test]
async fn the_first_error_takes_back_what_is_left() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(tries).activity(double).spawn()?;
        let raced = ["TimerStarted", "ActivityTaskScheduled", "TimerCanceled", "WorkflowExecutionCompleted"];
        let mapped = ["ActivityTaskScheduled", "ActivityTaskScheduled", "WorkflowExecutionCompleted"];
        let cases: [(&str, &[&str]); 3] = [("try_join", &raced), ("try_map_concurrent", &mapped), ("theirs", &raced)];
        for (how, expected) in cases {
            let id = stage.id(how);
            let failed = stage.client().run(tries(how.into())).task_queue(stage.task_queue()).id(&id).await?;
            assert!(failed.starts_with("activity double"), "{failed}");
            assert_eq!(asked_for(stage, &id).await?, expected, "{how}");
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Work for several hands: a queue, a limit of one for what must not overlap, and a word when all is done.
#[derive(Default)]
struct Shop {
    orders: Channel<u32>,
    ledger: Mutex<Vec<u32>>,
    done: Notify,
    finished: State<u32>,
}

#[workflow]
impl Shop {
    #[run]
    async fn run(&self, ctx: Ctx, orders: u32) -> WorkflowResult<Vec<u32>> {
        let hands = (0..2).map(|_| async {
            while let Some(order) = ctx.cancelable(self.orders.receive()).await? {
                self.enter(&ctx, order).await?;
                self.finished.update(|finished| *finished += 1);
                self.done.notify_one();
            }
            WorkflowResult::<()>::Ok(())
        });
        let hands = ctx.try_join_all(hands);
        let closing = async {
            while self.finished.get() < orders {
                self.done.notified().await;
            }
            self.orders.close();
            WorkflowResult::<()>::Ok(())
        };
        try_join!(hands, closing)?;
        let ledger = self.ledger.lock().await;
        Ok(ledger.clone())
    }

    async fn enter(&self, ctx: &Ctx, order: u32) -> WorkflowResult<()> {
        let mut ledger = self.ledger.lock().await;
        ledger.push(order);
        let doubled = ctx.activity(double(order)).start_to_close(seconds(10)).await?;
        ledger.push(doubled);
        Ok(())
    }

    #[signal]
    fn order(&self, number: u32) {
        // After it was closed nobody takes orders; that is for the main function to avoid.
        let _ = self.orders.send(number);
    }

    /// Takes its place in the same line.
    #[update]
    async fn enter_now(&self, ctx: Ctx, number: u32) -> WorkflowResult<usize> {
        self.enter(&ctx, number).await?;
        let entries = self.ledger.lock().await.len();
        self.finished.update(|finished| *finished += 1);
        self.done.notify_one();
        Ok(entries)
    }

    #[query]
    fn waiting(&self) -> usize {
        self.orders.len()
    }
}

#[tokio::test]
async fn handlers_and_tasks_share_a_queue_and_a_lock() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Shop::run).activity(double).spawn()?;
        // When the update comes between the activities is not determined, so the commands are not compared.
        let handle = stage.client().start(Shop::run(3)).task_queue(stage.task_queue()).await?;
        assert_eq!(handle.waiting().await?, 0);
        for order in [1, 2] {
            handle.order(order).await?;
        }
        // They are entered one after the other; this one comes behind those before it.
        assert!(handle.enter_now(7).await? >= 2);
        let ledger = handle.result().await?;
        for pair in ledger.chunks(2) {
            assert_eq!(pair.first().map(|order| order * 2), pair.last().copied(), "nobody came between: {ledger:?}");
        }
        let mut orders: Vec<_> = ledger.chunks(2).filter_map(|pair| pair.first().copied()).collect();
        orders.sort_unstable();
        assert_eq!(orders, [1, 2, 7]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn combines(ctx: Ctx) -> WorkflowResult<Vec<u32>> {
    let call = |number: u32| ctx.activity(double(number)).start_to_close(seconds(10));
    let nap = |number: u32| {
        let slept = ctx.sleep(milliseconds(u64::from(number) * 10));
        async move { slept.await.map(|()| number) }
    };
    let mut seen = Vec::new();
    // Whichever fires first; what came is put into order.
    let mut naps: FuturesUnordered<_> = (1..=3).map(nap).collect();
    while let Some(slept) = naps.next().await {
        seen.push(slept?);
    }
    seen.sort_unstable();
    let buffered: Vec<_> =
        stream::iter(1..=3).map(|number| async move { call(number).await }).buffered(1).try_collect().await?;
    seen.extend(buffered);
    for answer in futures_util::future::join_all([nap(1), nap(2)]).await {
        seen.push(answer?);
    }
    let (sender, receiver) = mpsc::bounded(1);
    let producer = async {
        for number in 20..23 {
            sender.send(number).await?;
        }
        drop(sender);
        WorkflowResult::<()>::Ok(())
    };
    let consumer = async {
        while let Some(number) = receiver.receive().await {
            seen.push(number);
        }
        WorkflowResult::<()>::Ok(())
    };
    futures_util::try_join!(producer, consumer)?;
    Ok(seen)
}

#[tokio::test]
async fn the_combinators_of_the_futures_crates_run_and_replay() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(combines).activity(double).spawn()?;
        let run = stage.client().run(combines()).task_queue(stage.task_queue()).id(stage.id("combines"));
        assert_eq!(run.await?, [1, 2, 3, 2, 4, 6, 1, 2, 20, 21, 22]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

// What loses
// ----------

/// A child, or another workflow, that only listens.
#[derive(Default)]
struct Listener {
    heard: State<Vec<String>>,
    released: State<bool>,
}

#[workflow]
impl Listener {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        ctx.wait_until(|| self.released.get()).await?;
        Ok(self.heard.get())
    }

    #[signal]
    fn hear(&self, text: String) {
        self.heard.update(|heard| heard.push(text));
    }

    #[signal]
    fn release(&self) {
        self.released.set(true);
    }
}

#[workflow]
async fn sleeps(ctx: Ctx) -> WorkflowResult<()> {
    Ok(ctx.sleep(days(1)).await?)
}

/// Each branch loses against what is ready at once, or against a short timer.
#[workflow]
async fn races(ctx: Ctx, listener: String) -> WorkflowResult<Vec<String>> {
    let mut won = Vec::new();
    macro_rules! race {
        ($name:literal, $loser:expr) => {
            select! {
                _ = $loser => won.push(format!("{} won", $name)),
                slept = ctx.sleep(milliseconds(50)) => {
                    slept?;
                    won.push($name.to_owned());
                }
            }
        };
    }
    let (mutex, channel) = (Mutex::new(()), Channel::<u32>::new());
    let held = mutex.lock().await;
    race!("timer", ctx.sleep(days(1)));
    race!("activity", ctx.activity(double(1)).task_queue("nobody-polls-this").start_to_close(seconds(60)));
    race!("condition", ctx.wait_until(|| false).timeout(days(1)));
    race!("lock", mutex.lock());
    race!("value", channel.receive());
    race!("child", ctx.child(sleeps()));
    let child = ctx.child(sleeps()).start().await?;
    race!("result", child.result());
    child.cancel();
    let ended = child.result().await.is_err_and(|failure| failure.is_canceled());
    // Nothing of these was sent yet when they lose, so nothing of them is.
    select! {
        () = async {} => won.push("at once".to_owned()),
        _ = ctx.child(sleeps()).start() => won.push("a child won".to_owned()),
    }
    let other = ctx.external::<Listener>(listener.clone());
    select! {
        biased = other.hear("never sent".into()) => won.push(format!("a signal won: {}", biased.is_ok())),
        () = async {} => won.push("no signal".to_owned()),
    }
    other.hear("sent".into()).await?;
    drop(held);
    assert!(mutex.try_lock().is_some() && channel.is_empty() && ended);
    Ok(won)
}

#[tokio::test]
async fn what_loses_leaves_nothing_behind() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let builder = stage.worker().workflow(races).workflow(sleeps).workflow(Listener::run);
        let worker = builder.activity(double).spawn()?;
        let client = stage.client();
        let other = stage.id("listener");
        let listener = client.start(Listener::run()).task_queue(stage.task_queue()).id(&other).await?;
        let id = stage.id("races");
        let handle = client.start(races(other.to_string())).task_queue(stage.task_queue()).id(&id).await?;
        let won = handle.result().await?;
        let expected = ["timer", "activity", "condition", "lock", "value", "child", "result", "at once", "no signal"];
        assert_eq!(won, expected);
        listener.release().await?;
        assert_eq!(listener.result().await?, ["sent"]);
        let history = stage.history(&id).await?;
        let pairs = [
            ("TimerStarted", 9, "TimerCanceled", 2),
            ("ActivityTaskScheduled", 1, "ActivityTaskCancelRequested", 1),
            ("StartChildWorkflowExecutionInitiated", 2, "RequestCancelExternalWorkflowExecutionInitiated", 2),
            ("SignalExternalWorkflowExecutionInitiated", 1, "TimerFired", 7),
        ];
        for (began, times, ended, taken_back) in pairs {
            assert_eq!((count(&history, began), count(&history, ended)), (times, taken_back), "{began} and {ended}");
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

// The end
// -------

/// Handlers that end in the turn in which the main function ends.
#[derive(Default)]
struct Hall {
    guests: State<u32>,
    closing: State<bool>,
}

#[workflow]
impl Hall {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<u32> {
        ctx.wait_until(|| self.closing.get()).await?;
        Ok(self.guests.get())
    }

    #[update]
    async fn leave(&self, ctx: Ctx, name: String) -> WorkflowResult<String> {
        self.guests.update(|guests| *guests += 1);
        ctx.wait_until(|| self.closing.get()).await?;
        // Asked for after the main function has ended, in the same turn; and then the answer.
        drop(ctx.spawn(ctx.activity(double(1)).id(format!("coat of {name}")).start_to_close(seconds(10)).start()));
        Ok(format!("good night, {name}"))
    }

    #[signal]
    fn close(&self) {
        self.closing.set(true);
    }

    #[query]
    fn guests(&self) -> u32 {
        self.guests.get()
    }
}

#[tokio::test]
async fn handlers_that_end_with_the_workflow_are_answered_before_its_end() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Hall::run).activity(double).spawn()?;
        let id = stage.id("hall");
        let handle = stage.client().start(Hall::run()).task_queue(stage.task_queue()).id(&id).await?;
        let ann = handle.leave("Ann".into()).start().await?;
        let bob = handle.leave("Bob".into()).start().await?;
        assert_eq!(handle.guests().await?, 2);
        handle.close().await?;
        assert_eq!(ann.result().await?, "good night, Ann");
        assert_eq!(bob.result().await?, "good night, Bob");
        assert_eq!(handle.result().await?, 2);
        let expected = [
            "WorkflowExecutionUpdateAccepted",
            "WorkflowExecutionUpdateAccepted",
            "ActivityTaskScheduled",
            "WorkflowExecutionUpdateCompleted",
            "ActivityTaskScheduled",
            "WorkflowExecutionUpdateCompleted",
            "WorkflowExecutionCompleted",
        ];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
