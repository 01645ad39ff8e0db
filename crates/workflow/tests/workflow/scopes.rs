//! Scopes: parts of a workflow that are canceled apart from the rest; time limits; tasks that are stopped.

use std::future::poll_fn;
use std::task::Poll;

use perpetua_convert::Canceled;
use perpetua_workflow::CancellationScope;

use crate::support::*;

/// What a wait came to, in words.
fn end(what: &str, result: Result<(), Canceled>) -> String {
    match result {
        Ok(()) => format!("{what} done"),
        Err(canceled) => format!("{what} {canceled}"),
    }
}

workflow! {
    Parts { scope: State<Option<CancellationScope>> }
    run |this, ctx, ()| () => Vec<String> {
        let scope = ctx.scope();
        this.scope.set(Some(scope.clone()));
        let log = RefCell::new(Vec::new());
        let note = |line: String| log.borrow_mut().push(line);
        let inside = scope.run(async {
            note(end("inside", ctx.sleep(seconds(1)).await));
            // It is a level: what comes later is canceled at once.
            note(end("inside, later", ctx.sleep(seconds(2)).await));
            note(end("inside, shielded", ctx.shielded(ctx.sleep(seconds(3))).await));
            note(format!("inside, canceled is {}", ctx.is_canceled()));
        });
        let outside = async {
            note(end("outside", ctx.sleep(seconds(4)).await));
            note(format!("outside, canceled is {}", ctx.is_canceled()));
        };
        join!(inside, outside);
        Ok(log.take())
    }
    handlers |handlers| {
        handlers.signal("stop", |this, _, (why,): (String,)| { this.scope.get().expect("the main function made it").cancel_because(why); Handling::Done(()) });
    }
}

#[test]
fn a_scope_is_canceled_apart_from_the_rest_by_a_handler() {
    let run = Scenario::of::<Parts>(|| ()).start().turn(|server| server.signal("stop", ("too late".to_owned(),)));
    run.turn(|server| server.fire("2")).turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 4s
        turn 2
            cancel_timer 1
            start_timer 3 3s
        turn 3
        turn 4
            complete ["inside canceled: too late","inside, later canceled: too late","outside done","outside, canceled is false","inside, shielded done","inside, canceled is true"]
    "#]]);
}

#[test]
fn a_request_to_stop_reaches_into_a_scope_and_the_scope_does_not_reach_out() {
    let run = Scenario::of::<Parts>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 4s
        turn 2
            cancel_timer 1
            cancel_timer 2
            start_timer 3 3s
        turn 3
            complete ["inside canceled: enough","inside, later canceled: enough","outside canceled: enough","outside, canceled is true","inside, shielded done","inside, canceled is true"]
    "#]]);
}

#[test]
fn only_the_first_cancellation_of_a_scope_counts() {
    let run = Scenario::of::<Parts>(|| ()).start();
    let run = run.turn(|server| server.signal("stop", ("first".to_owned(),)).signal("stop", ("second".to_owned(),)));
    run.turn(|server| server.cancel("third").fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 4s
        turn 2
            cancel_timer 1
            start_timer 3 3s
        turn 3
            cancel_timer 2
            complete ["inside canceled: first","inside, later canceled: first","inside, shielded done","inside, canceled is true","outside canceled: third","outside, canceled is true"]
    "#]]);
}

workflow! {
    Nested
    run |_, ctx, (which,)| (String,) => Vec<String> {
        let (outer, inner) = (ctx.scope(), ctx.scope());
        let log = RefCell::new(Vec::new());
        let nap = async |name: &str| {
            let slept = ctx.sleep(seconds(10)).await;
            log.borrow_mut().push(end(name, slept));
        };
        let nested = outer.run(async {
            join!(nap("outer"), inner.run(nap("inner")), ctx.shielded(inner.run(nap("shielded"))), inner.run(async {
                ctx.shielded(nap("shielded within")).await;
            }));
        });
        let killer = async {
            ctx.sleep(seconds(1)).await?;
            match which.as_str() {
                "outer" => outer.cancel_because("outer"),
                "inner" => inner.cancel_because("inner"),
                _ => { inner.cancel_because("inner"); outer.cancel_because("outer"); }
            }
            fine((inner.is_canceled(), outer.is_canceled()))
        };
        let ((), canceled) = join!(nested, killer);
        let (inner, outer) = canceled?;
        log.borrow_mut().push(format!("inner {inner}, outer {outer}"));
        Ok(log.take())
    }
}

#[test]
fn scopes_and_shields_nest_by_where_they_are_around_an_await() {
    let rest = |run: Scenario| run.turn(|server| server.fire("4").fire("3"));
    let run = Scenario::of::<Nested>(|| ("outer".to_owned(),)).start().turn(|server| server.fire("5"));
    rest(run).check(expect![[r#"
        turn 1
            start_timer 1 10s
            start_timer 2 10s
            start_timer 3 10s
            start_timer 4 10s
            start_timer 5 1s
        turn 2
            cancel_timer 1
            cancel_timer 2
        turn 3
            complete ["outer canceled: outer","inner canceled: outer","shielded done","shielded within done","inner false, outer true"]
    "#]]);
    let run = Scenario::of::<Nested>(|| ("inner".to_owned(),)).start().turn(|server| server.fire("5"));
    run.turn(|server| server.fire("1").fire("4")).check(expect![[r#"
        turn 1
            start_timer 1 10s
            start_timer 2 10s
            start_timer 3 10s
            start_timer 4 10s
            start_timer 5 1s
        turn 2
            cancel_timer 2
            cancel_timer 3
        turn 3
            complete ["inner canceled: inner","shielded canceled: inner","outer done","shielded within done","inner true, outer false"]
    "#]]);
    let run = Scenario::of::<Nested>(|| ("both".to_owned(),)).start().turn(|server| server.fire("5"));
    run.turn(|server| server.fire("4")).check(expect![[r#"
        turn 1
            start_timer 1 10s
            start_timer 2 10s
            start_timer 3 10s
            start_timer 4 10s
            start_timer 5 1s
        turn 2
            cancel_timer 2
            cancel_timer 3
            cancel_timer 1
        turn 3
            complete ["outer canceled: outer","inner canceled: inner","shielded canceled: inner","shielded within done","inner true, outer true"]
    "#]]);
}

workflow! {
    Many { flag: State<bool> }
    run |this, ctx, ()| () => Vec<String> {
        let scope = ctx.scope();
        let log = RefCell::new(Vec::new());
        let note = |what: &str| log.borrow_mut().push(what.to_owned());
        // Started outside, and awaited within.
        let mut early = ctx.activity(activity::<()>("early", ())).start_to_close(seconds(9)).start();
        let channel = perpetua_workflow::sync::Channel::<()>::new();
        let within = scope.run(async {
            let timer = async { ctx.sleep(seconds(1)).await.map_err(|_| note("timer")) };
            let condition = async { ctx.wait_until(|| this.flag.get()).await.map_err(|_| note("condition")) };
            let limited = async { ctx.wait_until(|| this.flag.get()).timeout(seconds(2)).await.map_err(|_| note("limited")) };
            let watcher = async { ctx.canceled().await; note("watcher") };
            let channel = async { ctx.cancelable(channel.receive()).await.map_err(|_| note("channel")) };
            let early = async { (&mut early).await.map_err(|_| note("activity")) };
            let _ = join!(timer, condition, limited, watcher, channel, early);
        });
        let cancel = async { ctx.sleep(seconds(3)).await.map(|()| scope.cancel()) };
        let ((), slept) = join!(within, cancel);
        slept?;
        Ok(log.take())
    }
}

#[test]
fn everything_that_is_awaited_in_a_scope_is_canceled_with_it() {
    let run = Scenario::of::<Many>(|| ()).start().turn(|server| server.fire("3"));
    run.check(expect![[r#"
        turn 1
            start_activity 1 early() start_to_close=9s
            start_timer 1 1s
            start_timer 2 2s
            start_timer 3 3s
        turn 2
            cancel_activity 1
            cancel_timer 1
            cancel_timer 2
            complete ["timer","condition","limited","watcher","channel","activity"]
    "#]]);
}

workflow! {
    Spawning
    run |_, ctx, ()| () => Vec<String> {
        let scope = ctx.scope();
        let nap = |name: &'static str, for_seconds| {
            let ctx = ctx.clone();
            async move { end(name, ctx.sleep(seconds(for_seconds)).await) }
        };
        let within = scope.spawn(nap("spawned within", 1));
        let (inner, nested) = (ctx.clone(), nap("spawned by a task within", 2));
        let by_task = scope.spawn(async move { inner.spawn(nested).await });
        let shielded = scope.run(ctx.shielded(poll_fn(|_| Poll::Ready(ctx.spawn(nap("spawned beneath a shield", 3)))))).await;
        let outside = ctx.spawn(nap("spawned outside", 4));
        ctx.sleep(seconds(5)).await?;
        scope.cancel();
        let mut ends = vec![within.await, by_task.await];
        ends.push(shielded.await);
        ends.push(outside.await);
        Ok(ends)
    }
}

#[test]
fn what_is_spawned_within_a_scope_is_canceled_with_it() {
    let run = Scenario::of::<Spawning>(|| ()).start().turn(|server| server.fire("1"));
    run.turn(|server| server.fire("4").fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 5s
            start_timer 2 1s
            start_timer 3 3s
            start_timer 4 4s
            start_timer 5 2s
        turn 2
            cancel_timer 2
            cancel_timer 5
        turn 3
            complete ["spawned within canceled","spawned by a task within canceled","spawned beneath a shield done","spawned outside done"]
    "#]]);
}

workflow! {
    Detached
    run |_, ctx, ()| () => Vec<String> {
        let clean_up = ctx.scope();
        let mut log = vec![end("work", ctx.sleep(seconds(1)).await)];
        // After the request to stop: reached by the scope's own cancellation only.
        let running = ctx.shielded(clean_up.run(async {
            let first = end("first step", ctx.sleep(seconds(2)).await);
            (first, end("second step", ctx.sleep(seconds(3)).await))
        }));
        let impatient = ctx.shielded(async {
            let slept = ctx.sleep(seconds(4)).await;
            clean_up.cancel_because("it takes too long");
            slept
        });
        let ((first, second), slept) = join!(running, impatient);
        slept?;
        log.extend([first, second]);
        Ok(log)
    }
}

#[test]
fn a_clean_up_after_the_cancellation_has_a_scope_of_its_own() {
    let run = Scenario::of::<Detached>(|| ()).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.fire("2")).turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            cancel_timer 1
            start_timer 2 2s
            start_timer 3 4s
        turn 3
            start_timer 4 3s
        turn 4
            cancel_timer 4
            complete ["work canceled: enough","first step done","second step canceled: it takes too long"]
    "#]]);
}

workflow! {
    Stopped
    run |_, ctx, ()| () => Vec<String> {
        let log = Rc::new(RefCell::new(Vec::new()));
        let nap = |name: &'static str| {
            let (ctx, log) = (ctx.clone(), Rc::clone(&log));
            async move {
                let slept = ctx.sleep(seconds(1)).await;
                log.borrow_mut().push(end(name, slept));
                name
            }
        };
        let canceled = ctx.spawn(nap("canceled"));
        let aborted = ctx.spawn(nap("aborted"));
        let child = nap("child of the canceled one");
        let parent = { let ctx = ctx.clone(); ctx.clone().spawn(async move { ctx.spawn(child).await }) };
        let never = ctx.spawn(nap("never begun"));
        never.abort();
        let itself = Rc::new(RefCell::new(None::<perpetua_workflow::JoinHandle<()>>));
        let (handle, inner) = (Rc::clone(&itself), ctx.clone());
        itself.replace(Some(ctx.spawn(async move {
            handle.take().expect("it was put there").abort();
            let _ = inner.sleep(seconds(1)).await;
        })));
        let done = ctx.spawn(async { 7 });
        ctx.sleep(seconds(2)).await?;
        assert!(done.is_finished() && !canceled.is_finished());
        done.abort();
        canceled.cancel();
        aborted.abort();
        parent.cancel();
        canceled.await;
        parent.await;
        Ok(log.take())
    }
}

#[test]
fn a_spawned_task_is_asked_to_stop_or_ended_by_its_handle() {
    let run = Scenario::of::<Stopped>(|| ()).start().turn(|server| server.fire("1"));
    run.turn(|server| server.fire("5")).check(expect![[r#"
        turn 1
            start_timer 1 2s
            start_timer 2 1s
            start_timer 3 1s
            start_timer 5 1s
        turn 2
            cancel_timer 2
            cancel_timer 3
        turn 3
            complete ["canceled canceled","child of the canceled one done"]
    "#]]);
}

// Time limits
// -----------

workflow! {
    Limited { flag: State<bool> }
    run |this, ctx, (how,)| (String,) => String {
        let text = |what: &str, taken: Result<String, perpetua_convert::Elapsed>| match taken {
            Ok(value) => format!("{what}: {value}"),
            Err(elapsed) => format!("{what}: {elapsed}"),
        };
        Ok(match how.as_str() {
            "two steps" => text("two steps", ctx.timeout(seconds(10), async {
                let first = end("first", ctx.sleep(seconds(1)).await);
                format!("{first}, {}", end("second", ctx.sleep(seconds(2)).await))
            }).summary("a limit").await),
            "at once" => text("at once", ctx.timeout(seconds(10), async { "no time".to_owned() }).await),
            "zero" => text("zero", ctx.timeout(seconds(0), async { end("late", ctx.sleep(seconds(1)).await) }).await),
            "activity" => {
                let call = ctx.activity(activity::<String>("slow", ())).start_to_close(seconds(60));
                match ctx.timeout(seconds(10), call).await {
                    Ok(result) => result?,
                    Err(elapsed) => elapsed.to_string(),
                }
            }
            "stubborn" => text("stubborn", ctx.timeout(seconds(10), async {
                let first = end("first", ctx.sleep(seconds(1)).await);
                ctx.shielded(ctx.wait_until(|| this.flag.get())).await.expect("it is shielded");
                first
            }).await),
            other => panic!("{other}"),
        })
    }
    handlers |handlers| {
        handlers.signal("go on", |this, _, (): ()| { this.flag.set(true); Handling::Done(()) });
    }
}

#[test]
fn a_limit_is_taken_back_when_the_future_is_done() {
    let run = Scenario::of::<Limited>(|| ("two steps".to_owned(),)).start().turn(|server| server.fire("1"));
    run.turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 10s summary="a limit"
        turn 2
            start_timer 3 2s
        turn 3
            cancel_timer 2
            complete "two steps: first done, second done"
    "#]]);
    Scenario::of::<Limited>(|| ("at once".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete "at once: no time"
    "#]]);
}

#[test]
fn what_a_future_had_started_is_taken_back_when_its_time_is_over() {
    let run = Scenario::of::<Limited>(|| ("two steps".to_owned(),)).start().turn(|server| server.fire("1"));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 10s summary="a limit"
        turn 2
            start_timer 3 2s
        turn 3
            cancel_timer 3
            complete "two steps: the wait took longer than 10s"
    "#]]);
    let run = Scenario::of::<Limited>(|| ("activity".to_owned(),)).start();
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 10s
        turn 2
            cancel_activity 1
            complete "the wait took longer than 10s"
    "#]]);
    Scenario::of::<Limited>(|| ("zero".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete "zero: the wait took longer than 0ns"
    "#]]);
}

#[test]
fn of_a_future_and_its_limit_in_one_turn_the_future_wins() {
    let run = Scenario::of::<Limited>(|| ("activity".to_owned(),)).start();
    run.turn(|server| server.fire("1").complete("1", "in time")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 10s
        turn 2
            complete "in time"
    "#]]);
}

#[test]
fn a_request_to_stop_reaches_the_future_and_does_not_lift_its_limit() {
    let run = || Scenario::of::<Limited>(|| ("stubborn".to_owned(),)).start().turn(|server| server.cancel("enough"));
    run().turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 10s
        turn 2
            cancel_timer 1
        turn 3
            complete "stubborn: the wait took longer than 10s"
    "#]]);
    run().turn(|server| server.signal("go on", ())).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 10s
        turn 2
            cancel_timer 1
        turn 3
            cancel_timer 2
            complete "stubborn: first canceled: enough"
    "#]]);
}

workflow! {
    ReadOnlyScopes { scope: State<Option<CancellationScope>>, gone: State<bool> }
    run |this, ctx, ()| () => () {
        this.scope.set(Some(ctx.scope()));
        Ok(ctx.wait_until(|| this.gone.get()).await?)
    }
    handlers |handlers| {
        handlers.query("cancel", |this, (): ()| this.scope.with(|scope| scope.as_ref().expect("it is there").cancel()));
        handlers.query("is_canceled", |this, (): ()| this.scope.with(|scope| scope.as_ref().expect("it is there").is_canceled()));
    }
}

#[test]
fn a_query_cannot_cancel_a_scope() {
    let run = |query| Scenario::of::<ReadOnlyScopes>(|| ()).start().asking(query);
    run("is_canceled").check(expect![[r#"
        turn 1
            is_canceled? false
    "#]]);
    let played = run("cancel").play_once();
    assert!(played.text.contains("a query tried to cancel a scope"), "{}", played.text);
}

workflow! {
    Long
    run |_, ctx, (generations,)| (u32,) => u32 {
        // Each task spawns the next one; what is around them does not grow.
        fn next(ctx: Ctx, left: u32) -> std::pin::Pin<Box<dyn Future<Output = u32>>> {
            Box::pin(async move {
                yield_once().await;
                if left == 0 { 0 } else { 1 + ctx.clone().spawn(next(ctx, left - 1)).await }
            })
        }
        Ok(ctx.spawn(next(ctx.clone(), generations)).await)
    }
}

#[test]
fn tasks_may_spawn_tasks_for_long() {
    assert_eq!(Scenario::of::<Long>(|| (2000,)).start().play_once().text, "turn 1\n    complete 2000\n");
}
