//! Sleeping.

use std::future::IntoFuture;

use crate::support::*;

workflow! {
    Sleeper
    run |_, ctx, (wait,)| (u64,) => String {
        ctx.sleep(seconds(wait)).summary("a nap").await?;
        Ok("awake".to_owned())
    }
}

#[test]
fn a_sleep_is_a_timer() {
    Scenario::of::<Sleeper>(|| (5,)).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 5s summary="a nap"
        turn 2
            complete "awake"
    "#]]);
}

#[test]
fn a_sleep_of_nothing_needs_no_timer() {
    Scenario::of::<Sleeper>(|| (0,)).start().check(expect![[r#"
        turn 1
            complete "awake"
    "#]]);
}

#[test]
fn a_turn_in_which_nothing_is_due_asks_for_nothing() {
    let sleeper = Scenario::of::<Sleeper>(|| (5,)).start().turn(|server| server.signal("unknown", ()));
    sleeper.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 5s summary="a nap"
        turn 2
        turn 3
            complete "awake"
    "#]]);
}

workflow! {
    Impatient
    run |_, ctx, (short,)| (u64,) => String {
        // The second one is started, and then given up for one that needs no waiting.
        let first = select! {
            slept = ctx.sleep(seconds(10)) => { slept?; "long" },
            slept = ctx.sleep(seconds(short)) => { slept?; "short" },
        };
        ctx.sleep(seconds(1)).await?;
        Ok(first.to_owned())
    }
}

#[test]
fn a_timer_that_nobody_waits_for_is_taken_back() {
    let run = Scenario::of::<Impatient>(|| (2,)).start();
    run.turn(|server| server.fire("2")).turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 10s
            start_timer 2 2s
        turn 2
            cancel_timer 1
            start_timer 3 1s
        turn 3
            complete "short"
    "#]]);
}

#[test]
fn a_timer_given_up_before_it_was_sent_leaves_no_trace() {
    Scenario::of::<Impatient>(|| (0,)).start().turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 2 1s
        turn 2
            complete "short"
    "#]]);
}

#[test]
fn of_two_timers_due_in_one_turn_the_upper_one_wins() {
    let run = Scenario::of::<Impatient>(|| (2,)).start().turn(|server| server.fire("2").fire("1"));
    run.turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 10s
            start_timer 2 2s
        turn 2
            start_timer 3 1s
        turn 3
            complete "long"
    "#]]);
}

workflow! {
    TwiceOver
    run |_, ctx, ()| () => () {
        let mut sleep = ctx.sleep(seconds(1)).into_future();
        (&mut sleep).await?;
        (&mut sleep).await?;
        Ok(())
    }
}

#[test]
fn a_sleep_that_is_over_is_not_awaited_again() {
    Scenario::of::<TwiceOver>(|| ()).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            fault: workflow `TwiceOver` panicked in its main function: a sleep was polled again after it was over
    "#]]);
}

workflow! {
    Clock
    run |_, ctx, ()| () => Vec<u64> {
        let since = |ctx: &Ctx| ctx.now().duration_since(ctx.info().started()).expect("time goes on").as_secs();
        let mut seen = vec![since(&ctx)];
        for _ in 0..2 {
            ctx.sleep(seconds(60)).await?;
            seen.push(since(&ctx));
        }
        Ok(seen)
    }
}

#[test]
fn the_present_is_when_the_task_started_and_the_beginning_when_the_run_was_started() {
    let run = Scenario::of::<Clock>(|| ()).turn(|server| server.wait(3));
    run.turn(|server| server.wait(61).fire("1")).turn(|server| server.wait(70).fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            start_timer 2 60s
        turn 3
            complete [3,64,134]
    "#]]);
}
