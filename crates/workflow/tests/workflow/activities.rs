//! Running activities.

use perpetua_convert::{ActivityFailure, RawValue};
use perpetua_vocab::{Priority, RetryPolicy};
use perpetua_workflow::CancellationType;

use crate::support::*;

workflow! {
    Greeting
    run |_, ctx, (name,)| (String,) => String {
        Ok(ctx.activity(activity::<String>("greet", (name,))).start_to_close(seconds(10)).await?)
    }
}

fn greeting() -> Scenario {
    Scenario::of::<Greeting>(|| ("Ann".to_owned(),))
}

#[test]
fn an_activity_gives_its_result() {
    greeting().start().turn(|server| server.complete("1", "Hello, Ann!")).check(expect![[r#"
        turn 1
            start_activity 1 greet("Ann") start_to_close=10s
        turn 2
            complete "Hello, Ann!"
    "#]]);
}

#[test]
fn the_failure_of_an_activity_is_passed_on_whole() {
    greeting().start().turn(|server| server.fail("1", "Mute", "cannot speak")).check(expect![[r#"
        turn 1
            start_activity 1 greet("Ann") start_to_close=10s
        turn 2
            fail activity failed [activity 1] <- cannot speak [Mute]
    "#]]);
}

#[test]
fn an_activity_that_took_too_long_fails_with_a_timeout() {
    greeting().start().turn(|server| server.time_out("1")).check(expect![[r#"
        turn 1
            start_activity 1 greet("Ann") start_to_close=10s
        turn 2
            fail activity timed out [activity 1] <- activity timeout [ScheduleToClose]
    "#]]);
}

#[test]
fn a_result_that_cannot_be_read_is_a_failure_of_the_activity() {
    greeting().start().turn(|server| server.complete("1", 5)).check(expect![[r#"
        turn 1
            start_activity 1 greet("Ann") start_to_close=10s
        turn 2
            fail the result of activity `greet` cannot be read <- `alloc::string::String` cannot be read from `json/plain` <- invalid type: integer `5`, expected a string at line 1 column 1
    "#]]);
}

workflow! {
    Careful
    run |_, ctx, ()| () => String {
        let call = activity::<u32>("charge", (250, "Ann".to_owned()));
        let charged = ctx
            .activity(call)
            .id("the-charge")
            .task_queue("bank")
            .start_to_close(seconds(1))
            .schedule_to_close(seconds(2))
            .schedule_to_start(seconds(3))
            .heartbeat(seconds(4))
            .retry(RetryPolicy::exponential().max_attempts(5))
            .priority(Priority { key: 2, ..Priority::default() })
            .summary("charges Ann")
            .await;
        Ok(match charged {
            Ok(charged) => format!("charged {charged}"),
            Err(ActivityFailure::Application(error, _)) => format!("error: {error}"),
            Err(ActivityFailure::Timeout(kind, _)) => format!("timeout: {kind:?}"),
            Err(ActivityFailure::Canceled(_)) => "canceled".to_owned(),
            Err(other) => format!("other: {other}"),
        })
    }
}

#[test]
fn options_travel_with_the_command() {
    Scenario::of::<Careful>(|| ()).start().turn(|server| server.complete("the-charge", 249)).check(expect![[r#"
        turn 1
            start_activity the-charge charge(250, "Ann") schedule_to_close=2s schedule_to_start=3s start_to_close=1s heartbeat=4s task_queue=bank attempts=5 priority=2 summary="charges Ann"
        turn 2
            complete "charged 249"
    "#]]);
}

#[test]
fn a_failure_can_be_told_from_a_timeout_and_a_cancellation() {
    let run = || Scenario::of::<Careful>(|| ()).start();
    run().turn(|server| server.fail("the-charge", "Poor", "no money")).check(expect![[r#"
        turn 1
            start_activity the-charge charge(250, "Ann") schedule_to_close=2s schedule_to_start=3s start_to_close=1s heartbeat=4s task_queue=bank attempts=5 priority=2 summary="charges Ann"
        turn 2
            complete "error: Poor: no money"
    "#]]);
    run().turn(|server| server.time_out("the-charge")).check(expect![[r#"
        turn 1
            start_activity the-charge charge(250, "Ann") schedule_to_close=2s schedule_to_start=3s start_to_close=1s heartbeat=4s task_queue=bank attempts=5 priority=2 summary="charges Ann"
        turn 2
            complete "timeout: ScheduleToClose"
    "#]]);
    run().turn(|server| server.stop("the-charge")).check(expect![[r#"
        turn 1
            start_activity the-charge charge(250, "Ann") schedule_to_close=2s schedule_to_start=3s start_to_close=1s heartbeat=4s task_queue=bank attempts=5 priority=2 summary="charges Ann"
        turn 2
            complete "canceled"
    "#]]);
    run().turn(|server| server.complete("the-charge", "much")).check(expect![[r#"
        turn 1
            start_activity the-charge charge(250, "Ann") schedule_to_close=2s schedule_to_start=3s start_to_close=1s heartbeat=4s task_queue=bank attempts=5 priority=2 summary="charges Ann"
        turn 2
            complete "other: the result of activity `charge` cannot be read"
    "#]]);
}

thread_local! {
    /// One line above the call that is wrong.
    static LINE: Cell<u32> = const { Cell::new(0) };
}

workflow! {
    Boundless
    run |_, ctx, (zero,)| (bool,) => () {
        LINE.set(line!());
        let call = ctx.activity(activity::<()>("slow", ()));
        if zero { call.start_to_close(seconds(0)).await? } else { call.await? }
        Ok(())
    }
}

#[test]
fn an_activity_without_limits_is_a_fault_that_says_where() {
    Scenario::of::<Boundless>(|| (false,)).start().check(expect![[r#"
        turn 1
            fault: activity `slow` has neither `.start_to_close(..)` nor `.schedule_to_close(..)`: say how long it may take (at activities.rs)
    "#]]);
    Scenario::of::<Boundless>(|| (true,)).start().check(expect![[r#"
        turn 1
            fault: activity `slow` has a `.start_to_close(..)` of zero: it could never be met (at activities.rs)
    "#]]);
}

#[test]
fn the_place_is_where_the_call_is_written() {
    let scenario = Scenario::of::<Boundless>(|| (false,));
    let fault = Worker::new(&scenario).try_answer(&mut scenario.server()).expect_err("there is no limit");
    let place = format!("(at {}:{}:", file!(), LINE.get() + 1);
    assert!(fault.to_string().contains(&place), "{fault} does not contain {place}");
}

/// A value that cannot be written.
#[derive(serde::Deserialize)]
struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("words fail me"))
    }
}

workflow! {
    Speechless
    run |_, ctx, ()| () => () {
        ctx.activity(activity::<()>("say", (Unspeakable,))).start_to_close(seconds(1)).await?;
        Ok(())
    }
}

#[test]
fn an_argument_that_cannot_be_written_is_a_fault() {
    Scenario::of::<Speechless>(|| ()).start().check(expect![[r#"
        turn 1
            fault: activity `say` cannot be started: argument 1 of 1: `workflow::activities::Unspeakable` cannot be encoded: words fail me (at activities.rs)
    "#]]);
}

workflow! {
    Pair
    run |_, ctx, ()| () => (String, String) {
        let call = |name| ctx.activity(activity::<String>(name, ())).start_to_close(seconds(10));
        let slow = call("slow").start();
        let quick = call("quick").await?;
        Ok((slow.await?, quick))
    }
}

#[test]
fn a_started_activity_runs_while_something_else_is_awaited() {
    let run = || Scenario::of::<Pair>(|| ()).start();
    run().turn(|server| server.complete("2", "q")).turn(|server| server.complete("1", "s")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=10s
            start_activity 2 quick() start_to_close=10s
        turn 2
        turn 3
            complete ["s","q"]
    "#]]);
    run().turn(|server| server.complete("1", "s")).turn(|server| server.complete("2", "q")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=10s
            start_activity 2 quick() start_to_close=10s
        turn 2
        turn 3
            complete ["s","q"]
    "#]]);
    run().turn(|server| server.complete("1", "s").complete("2", "q")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=10s
            start_activity 2 quick() start_to_close=10s
        turn 2
            complete ["s","q"]
    "#]]);
}

workflow! {
    Raced
    run |_, ctx, (kind,)| (u8,) => String {
        let kind = [CancellationType::TryCancel, CancellationType::WaitCompleted, CancellationType::Abandon][usize::from(kind)];
        let call = ctx.activity(activity::<RawValue>("slow", ())).start_to_close(seconds(60)).cancellation(kind);
        let won = select! {
            _ = call => "activity",
            slept = ctx.sleep(seconds(1)) => { slept?; "timer" },
        };
        ctx.sleep(seconds(9)).await?;
        Ok(won.to_owned())
    }
}

fn raced(kind: fn() -> (u8,)) -> Scenario {
    Scenario::of::<Raced>(kind).start().turn(|server| server.fire("1"))
}

#[test]
fn an_activity_that_is_dropped_is_asked_to_stop() {
    raced(|| (0,)).turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            cancel_activity 1
            start_timer 2 9s
        turn 3
            complete "timer"
    "#]]);
    raced(|| (1,)).turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            cancel_activity 1
            start_timer 2 9s
        turn 3
            complete "timer"
    "#]]);
}

#[test]
fn an_activity_that_is_dropped_and_may_be_abandoned_is_let_alone() {
    raced(|| (2,)).turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            start_timer 2 9s
        turn 3
            complete "timer"
    "#]]);
}

#[test]
fn how_a_dropped_activity_ends_is_of_no_interest() {
    raced(|| (0,)).turn(|server| server.stop("1")).turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            cancel_activity 1
            start_timer 2 9s
        turn 3
        turn 4
            complete "timer"
    "#]]);
    raced(|| (0,)).turn(|server| server.complete("1", 5).fire("2")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            cancel_activity 1
            start_timer 2 9s
        turn 3
            complete "timer"
    "#]]);
    raced(|| (2,)).turn(|server| server.fail("1", "Late", "too late")).turn(|server| server.fire("2")).check(expect![
        [r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            start_timer 2 9s
        turn 3
        turn 4
            complete "timer"
    "#]
    ]);
}

#[test]
fn an_activity_that_ends_in_the_turn_that_would_drop_it_wins_if_it_is_the_upper_one() {
    let run = Scenario::of::<Raced>(|| (0,)).start().turn(|server| server.fire("1").complete("1", 5));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 1s
        turn 2
            start_timer 2 9s
        turn 3
            complete "activity"
    "#]]);
}

workflow! {
    Reused
    run |_, ctx, ()| () => () {
        let mut call = ctx.activity(activity::<()>("once", ())).start_to_close(seconds(1)).start();
        (&mut call).await?;
        (&mut call).await?;
        Ok(())
    }
}

#[test]
fn an_activity_that_gave_its_result_is_not_awaited_again() {
    Scenario::of::<Reused>(|| ()).start().turn(|server| server.complete("1", ())).check(expect![[r#"
        turn 1
            start_activity 1 once() start_to_close=1s
        turn 2
            fault: workflow `Reused` panicked in its main function: an activity was polled again after it gave its result
    "#]]);
}
