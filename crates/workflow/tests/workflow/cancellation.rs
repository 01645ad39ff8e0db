//! Being asked to stop.

use std::future::poll_fn;
use std::task::Poll;

use perpetua_workflow::CancellationType;

use crate::support::*;

workflow! {
    Sleepy
    run |_, ctx, ()| () => () {
        ctx.sleep(seconds(60)).await?;
        Ok(())
    }
}

#[test]
fn a_workflow_that_passes_the_cancellation_on_ends_as_canceled() {
    Scenario::of::<Sleepy>(|| ()).start().turn(|server| server.cancel("enough")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            cancel_timer 1
            cancel
    "#]]);
}

#[test]
fn canceled_before_anything_was_sent_it_leaves_no_trace() {
    Scenario::of::<Sleepy>(|| ()).turn(|server| server.cancel("enough")).check(expect![[r#"
        turn 1
            cancel
    "#]]);
}

#[test]
fn a_timer_that_is_due_in_the_turn_of_the_cancellation_is_due() {
    let run = || Scenario::of::<Sleepy>(|| ()).start();
    run().turn(|server| server.cancel("enough").fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            complete null
    "#]]);
    run().turn(|server| server.fire("1").cancel("enough")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            complete null
    "#]]);
}

workflow! {
    Stubborn
    run |_, ctx, ()| () => Vec<String> {
        let mut seen = Vec::new();
        let mut note = |what: &str, result: Result<(), perpetua_convert::Canceled>| {
            seen.push(match result {
                Ok(()) => format!("{what} done"),
                Err(canceled) => format!("{what} {canceled}"),
            });
        };
        note("first sleep", ctx.sleep(seconds(1)).await);
        note("second sleep", ctx.sleep(seconds(2)).await);
        note("sleep of nothing", ctx.sleep(seconds(0)).await);
        note("wait", ctx.wait_until(|| true).await);
        note("cancellation", Err(ctx.canceled().await));
        note("shielded sleep", ctx.shielded(async { ctx.sleep(seconds(3)).await }).await);
        let call = || ctx.activity(activity::<()>("clean", ())).start_to_close(seconds(1));
        let canceled = call().await.expect_err("it is canceled before it begins");
        assert!(canceled.is_canceled(), "{canceled:?}");
        ctx.shielded(async { call().await }).await?;
        note("last sleep", ctx.sleep(seconds(4)).await);
        Ok(seen)
    }
}

#[test]
fn whatever_is_awaited_after_the_cancellation_is_canceled_at_once_unless_it_is_shielded() {
    let run = Scenario::of::<Stubborn>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.fire("2")).turn(|server| server.complete("1", ())).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            cancel_timer 1
            start_timer 2 3s
        turn 3
            start_activity 1 clean() start_to_close=1s
        turn 4
            complete ["first sleep canceled: enough","second sleep canceled: enough","sleep of nothing canceled: enough","wait canceled: enough","cancellation canceled: enough","shielded sleep done","last sleep canceled: enough"]
    "#]]);
}

#[test]
fn only_the_first_request_counts() {
    let run = Scenario::of::<Stubborn>(|| ()).start().turn(|server| server.cancel("first").cancel("second"));
    let run = run.turn(|server| server.cancel("third"));
    run.turn(|server| server.fire("2")).turn(|server| server.complete("1", ())).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            cancel_timer 1
            start_timer 2 3s
        turn 3
        turn 4
            start_activity 1 clean() start_to_close=1s
        turn 5
            complete ["first sleep canceled: first","second sleep canceled: first","sleep of nothing canceled: first","wait canceled: first","cancellation canceled: first","shielded sleep done","last sleep canceled: first"]
    "#]]);
}

workflow! {
    Broad { never: State<bool> }
    run |this, ctx, ()| () => Vec<String> {
        let log = RefCell::new(Vec::new());
        let note = |what: &str| log.borrow_mut().push(what.to_owned());
        let timer = async { ctx.sleep(seconds(1)).await.map_err(|_| note("timer")) };
        let condition = async { ctx.wait_until(|| this.never.get()).await.map_err(|_| note("condition")) };
        let watcher = async { ctx.canceled().await; note("watcher") };
        let tried = ctx.activity(activity::<()>("try", ())).start_to_close(seconds(9));
        let tried = async { tried.await.map_err(|_| note("tried activity")) };
        let waited = ctx.activity(activity::<()>("wait", ())).start_to_close(seconds(9));
        let waited = waited.cancellation(CancellationType::WaitCompleted);
        let waited = async { waited.await.map_err(|_| note("waited activity")) };
        let left = ctx.activity(activity::<()>("leave", ())).start_to_close(seconds(9));
        let left = left.cancellation(CancellationType::Abandon);
        let left = async { left.await.map_err(|_| note("abandoned activity")) };
        let _ = join!(timer, condition, watcher, tried, waited, left);
        let log = log.borrow().clone();
        Ok(log)
    }
}

#[test]
fn everything_in_the_scope_is_canceled_in_the_order_in_which_it_was_started() {
    let run = Scenario::of::<Broad>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.stop("1")).turn(|server| server.stop("2")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_activity 1 try() start_to_close=9s
            start_activity 2 wait() start_to_close=9s
            start_activity 3 leave() start_to_close=9s
        turn 2
            cancel_timer 1
            cancel_activity 1
            cancel_activity 2
        turn 3
        turn 4
            complete ["timer","condition","watcher","tried activity","abandoned activity","waited activity"]
    "#]]);
}

#[test]
fn an_activity_that_is_waited_for_may_still_have_a_result() {
    let run = Scenario::of::<Broad>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.complete("2", ())).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_activity 1 try() start_to_close=9s
            start_activity 2 wait() start_to_close=9s
            start_activity 3 leave() start_to_close=9s
        turn 2
            cancel_timer 1
            cancel_activity 1
            cancel_activity 2
        turn 3
            complete ["timer","condition","watcher","tried activity","abandoned activity"]
    "#]]);
}

workflow! {
    Shields
    run |_, ctx, ()| () => Vec<String> {
        let log = Rc::new(RefCell::new(Vec::new()));
        let nap = |name: &'static str| {
            let (log, ctx) = (Rc::clone(&log), ctx.clone());
            async move {
                let end = if ctx.sleep(seconds(1)).await.is_ok() { "done" } else { "canceled" };
                log.borrow_mut().push(format!("{name} {end}"));
            }
        };
        let nested = ctx.shielded(async {
            ctx.shielded(nap("inner")).await;
            nap("between").await;
        });
        let spawning = ctx.shielded(async { ctx.spawn(nap("spawned")).await });
        let racing = ctx.shielded(async {
            select! {
                () = nap("raced") => {}
                _ = ctx.canceled() => log.borrow_mut().push("heard".to_owned()),
            }
        });
        join!(nested, nap("bare"), spawning, racing);
        let log = log.borrow().clone();
        Ok(log)
    }
}

#[test]
fn shields_nest_and_cover_what_is_spawned_and_raced_beneath_them() {
    let run = Scenario::of::<Shields>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.fire("1").fire("4")).turn(|server| server.fire("5")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 1s
            start_timer 3 1s
            start_timer 4 1s
        turn 2
            cancel_timer 2
            cancel_timer 3
        turn 3
            start_timer 5 1s
        turn 4
            complete ["bare canceled","heard","inner done","spawned done","between done"]
    "#]]);
}

workflow! {
    Carried
    run |_, ctx, ()| () => (bool, bool) {
        let call = |name| ctx.activity(activity::<()>(name, ())).start_to_close(seconds(9)).start();
        let (mut inside, outside) = (call("inside"), ctx.shielded(poll_fn(|_| Poll::Ready(call("outside")))).await);
        // Each is started on one side of the shield and awaited on the other.
        let shielded = ctx.shielded(async { (&mut inside).await.is_ok() });
        let bare = async { outside.await.is_ok() };
        Ok(join!(shielded, bare))
    }
}

#[test]
fn a_shield_covers_what_is_awaited_beneath_it_wherever_it_was_started() {
    let run = Scenario::of::<Carried>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.complete("1", ())).check(expect![[r#"
        turn 1
            start_activity 1 inside() start_to_close=9s
            start_activity 2 outside() start_to_close=9s
        turn 2
            cancel_activity 2
        turn 3
            complete [true,false]
    "#]]);
}

workflow! {
    Unshielded
    run |_, ctx, ()| () => (bool, bool) {
        let call = |name| ctx.activity(activity::<()>(name, ())).start_to_close(seconds(9)).start();
        let mut early = call("early");
        let won = ctx.shielded(async {
            select! {
                early = &mut early => early.is_ok(),
                _ = ctx.canceled() => false,
            }
        });
        assert!(!won.await, "the cancellation is first, and does not reach the activity");
        let mut late = ctx.shielded(poll_fn(|_| Poll::Ready(call("late")))).await;
        ctx.shielded(async {
            select! {
                _ = &mut late => {}
                slept = ctx.sleep(seconds(1)) => slept.expect("it is shielded"),
            }
        }).await;
        // Now they are awaited with no shield around them.
        Ok((early.await.is_ok(), late.await.is_ok()))
    }
}

#[test]
fn what_leaves_its_shield_after_the_cancellation_is_canceled_where_it_is_awaited() {
    let run = Scenario::of::<Unshielded>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_activity 1 early() start_to_close=9s
        turn 2
            start_activity 2 late() start_to_close=9s
            start_timer 1 1s
        turn 3
            cancel_activity 1
            cancel_activity 2
            complete [false,false]
    "#]]);
}

workflow! {
    Listener
    run |_, ctx, ()| () => String {
        Ok(ctx.canceled().await.reason)
    }
}

#[test]
fn a_workflow_may_wait_for_nothing_but_its_cancellation() {
    let run = Scenario::of::<Listener>(|| ()).start().turn(|server| server.signal("unknown", ()));
    run.turn(|server| server.cancel("enough")).check(expect![[r#"
        turn 1
        turn 2
        turn 3
            complete "enough"
    "#]]);
}

workflow! {
    Pretender
    run |_, ctx, (asked,)| (bool,) => () {
        if asked {
            ctx.canceled().await;
        }
        Err(perpetua_convert::Canceled::because("I say so").into())
    }
}

#[test]
fn a_workflow_that_was_not_asked_to_stop_cannot_end_as_canceled() {
    Scenario::of::<Pretender>(|| (false,)).start().check(expect![[r#"
        turn 1
            fail canceled: I say so [canceled]
    "#]]);
    Scenario::of::<Pretender>(|| (true,)).start().turn(|server| server.cancel("x")).check(expect![[r#"
        turn 1
        turn 2
            cancel
    "#]]);
}

workflow! {
    Passing
    run |_, ctx, ()| () => () {
        Ok(ctx.activity(activity::<()>("slow", ())).start_to_close(seconds(9)).await?)
    }
}

#[test]
fn the_cancellation_of_an_activity_is_that_of_the_workflow_only_if_somebody_asked_for_it() {
    Scenario::of::<Passing>(|| ()).start().turn(|server| server.cancel("enough")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=9s
        turn 2
            cancel_activity 1
            cancel
    "#]]);
    Scenario::of::<Passing>(|| ()).start().turn(|server| server.stop("1")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=9s
        turn 2
            fail activity canceled [activity 1] <- canceled [canceled]
    "#]]);
}

workflow! {
    Deaf { done: State<u32> }
    run |this, ctx, ()| () => bool {
        ctx.shielded(async { ctx.wait_until(|| this.done.get() == 2).await }).await?;
        Ok(ctx.is_canceled())
    }
    handlers |handlers| {
        handlers.signal("nap", |this, ctx, (): ()| Handling::running(async move {
            ctx.sleep(seconds(1)).await.expect("a handler is not canceled with the main function");
            assert!(!ctx.is_canceled());
            this.done.update(|done| *done += 1);
        }));
        handlers.update("nap", |this, ctx, (): ()| later(async move {
            ctx.sleep(seconds(1)).await?;
            this.done.update(|done| *done += 1);
            fine(())
        }));
    }
}

#[test]
fn handlers_are_not_canceled_with_the_main_function() {
    let run = Scenario::of::<Deaf>(|| ()).turn(|server| server.signal("nap", ()).update("u", "nap", ()));
    run.turn(|server| server.cancel("enough")).turn(|server| server.fire("1").fire("2")).check(expect![[r#"
        turn 1
            accept u
            start_timer 1 1s
            start_timer 2 1s
        turn 2
        turn 3
            respond u null
            complete true
    "#]]);
}
