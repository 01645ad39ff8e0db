//! Waiting for conditions.

use std::future::{IntoFuture, poll_fn};
use std::task::Poll;

use perpetua_convert::WaitFailure;

use crate::support::*;

workflow! {
    Gate { open: State<bool>, opened_by: State<String> }
    run |this, ctx, ()| () => String {
        ctx.wait_until(|| this.open.get()).await?;
        Ok(this.opened_by.get())
    }
    handlers |handlers| {
        handlers.signal("open", |this, _, (by,): (String,)| {
            this.open.set(true);
            this.opened_by.set(by);
            Handling::Done(())
        });
        handlers.signal("knock", |_, _, (): ()| Handling::Done(()));
    }
}

#[test]
fn a_condition_is_met_by_a_signal() {
    let run = Scenario::of::<Gate>(|| ()).start().turn(|server| server.signal("knock", ()));
    run.turn(|server| server.signal("open", ("Ann".to_owned(),))).check(expect![[r#"
        turn 1
        turn 2
        turn 3
            complete "Ann"
    "#]]);
}

#[test]
fn a_condition_that_holds_is_not_waited_for() {
    Scenario::of::<Gate>(|| ()).turn(|server| server.signal("open", ("Ann".to_owned(),))).check(expect![[r#"
        turn 1
            complete "Ann"
    "#]]);
}

workflow! {
    Patient { open: State<bool> }
    run |this, ctx, (patience,)| (u64,) => String {
        let waited = ctx.wait_until(|| this.open.get()).timeout(seconds(patience)).summary("the gate").await;
        let how = match waited {
            Ok(()) => "open".to_owned(),
            Err(WaitFailure::Elapsed(elapsed)) => elapsed.to_string(),
            Err(WaitFailure::Canceled(canceled)) => canceled.to_string(),
        };
        ctx.shielded(ctx.sleep(seconds(1)).into_future()).await?;
        Ok(how)
    }
    handlers |handlers| {
        handlers.signal("open", |this, _, (): ()| { this.open.set(true); Handling::Done(()) });
    }
}

#[test]
fn a_wait_with_a_timeout_that_is_met_takes_its_timer_back() {
    let run = Scenario::of::<Patient>(|| (60,)).start().turn(|server| server.signal("open", ()));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 60s summary="the gate"
        turn 2
            cancel_timer 1
            start_timer 2 1s
        turn 3
            complete "open"
    "#]]);
}

#[test]
fn a_wait_with_a_timeout_sets_no_timer_if_it_is_met_at_once() {
    let run = Scenario::of::<Patient>(|| (60,)).turn(|server| server.signal("open", ()));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete "open"
    "#]]);
}

#[test]
fn a_wait_takes_too_long() {
    let run = Scenario::of::<Patient>(|| (60,)).start().turn(|server| server.fire("1"));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 60s summary="the gate"
        turn 2
            start_timer 2 1s
        turn 3
            complete "the wait took longer than 60s"
    "#]]);
}

#[test]
fn a_wait_without_patience_takes_too_long_at_once() {
    Scenario::of::<Patient>(|| (0,)).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete "the wait took longer than 0ns"
    "#]]);
}

#[test]
fn a_wait_that_is_met_in_the_turn_in_which_its_time_is_over_is_met() {
    let run = Scenario::of::<Patient>(|| (60,)).start().turn(|server| server.fire("1").signal("open", ()));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 60s summary="the gate"
        turn 2
            start_timer 2 1s
        turn 3
            complete "open"
    "#]]);
}

#[test]
fn a_wait_with_a_timeout_is_canceled_with_its_timer() {
    let run = Scenario::of::<Patient>(|| (60,)).start().turn(|server| server.cancel("enough"));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 60s summary="the gate"
        turn 2
            cancel_timer 1
            start_timer 2 1s
        turn 3
            complete "canceled: enough"
    "#]]);
}

workflow! {
    Joined { open: State<bool> }
    run |this, ctx, ()| () => () {
        let waiting = ctx.wait_until(|| this.open.get()).timeout(seconds(60));
        let (waited, called) = join!(waiting, ctx.activity(activity::<()>("slow", ())).start_to_close(seconds(9)));
        waited?;
        Ok(called?)
    }
    handlers |handlers| {
        handlers.signal("open", |this, _, (): ()| { this.open.set(true); Handling::Done(()) });
    }
}

#[test]
fn a_wait_that_is_met_takes_its_timer_back_though_nobody_drops_it_yet() {
    let run = Scenario::of::<Joined>(|| ()).start().turn(|server| server.signal("open", ()));
    run.turn(|server| server.complete("1", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
            start_activity 1 slow() start_to_close=9s
        turn 2
            cancel_timer 1
        turn 3
            complete null
    "#]]);
}

workflow! {
    Everywhere { count: State<u32> }
    run |this, ctx, ()| () => Vec<String> {
        let at_least = |least| ctx.wait_until({ let this = Rc::clone(&this); move || this.count.get() >= least });
        let log = Rc::new(RefCell::new(Vec::new()));
        let note = |text: &str| log.borrow_mut().push(text.to_owned());
        let spawned = ctx.spawn({
            let (log, wait) = (Rc::clone(&log), at_least(1));
            async move { wait.await.map(|()| log.borrow_mut().push("spawned 1".to_owned())) }
        });
        let joined = async {
            let (first, second) = join!(
                async { at_least(1).await.map(|()| note("joined 1")) },
                async { at_least(2).await.map(|()| note("joined 2")) },
            );
            first.and(second)
        };
        let all = async {
            let waits = [3, 1, 2].map(|least| { let wait = at_least(least); async move { wait.await.map(|()| note(&format!("all {least}"))) } });
            ctx.join_all(waits).await.into_iter().collect::<Result<(), _>>()
        };
        let selected = async {
            select! {
                met = at_least(9) => { met?; note("selected 9") },
                met = at_least(2) => { met?; note("selected 2") },
            }
            Ok(())
        };
        let (a, b, c, d) = join!(joined, all, selected, spawned);
        a.and(b).and(c).and(d)?;
        let log = log.borrow().clone();
        Ok(log)
    }
    handlers |handlers| {
        handlers.signal("more", |this, _, (): ()| { this.count.update(|count| *count += 1); Handling::Done(()) });
    }
}

#[test]
fn conditions_are_met_wherever_they_are_waited_for() {
    let run = Scenario::of::<Everywhere>(|| ()).start().turn(|server| server.signal("more", ()));
    run.turn(|server| server.signal("more", ())).turn(|server| server.signal("more", ())).check(expect![[r#"
        turn 1
        turn 2
        turn 3
        turn 4
            complete ["joined 1","all 1","spawned 1","joined 2","all 2","selected 2","all 3"]
    "#]]);
}

workflow! {
    PingPong { turn: State<u32> }
    run |this, ctx, ()| () => u32 {
        let player = |parity: u32| {
            let (this, ctx) = (Rc::clone(&this), ctx.clone());
            async move {
                for _ in 0..50 {
                    ctx.wait_until(|| this.turn.get() % 2 == parity).await?;
                    this.turn.update(|turn| *turn += 1);
                }
                fine(())
            }
        };
        let (ping, pong) = (ctx.spawn(player(0)), ctx.spawn(player(1)));
        let (ping, pong) = join!(ping, pong);
        ping.and(pong)?;
        Ok(this.turn.get())
    }
}

#[test]
fn tasks_meet_each_others_conditions_within_a_turn() {
    Scenario::of::<PingPong>(|| ()).start().check(expect![[r#"
        turn 1
            complete 100
    "#]]);
}

workflow! {
    Unwatched { plain: Cell<u32> }
    run |this, ctx, ()| () => u32 {
        let waiter = |least: u32| {
            let (this, ctx) = (Rc::clone(&this), ctx.clone());
            async move {
                ctx.wait_until(|| this.plain.get() >= least).await?;
                this.plain.set(this.plain.get() + 1);
                fine(())
            }
        };
        // In the order in which none of them helps one that comes after it.
        let tasks = [3, 2, 1].map(|least| ctx.spawn(waiter(least)));
        for task in tasks {
            task.await?;
        }
        Ok(this.plain.get())
    }
    handlers |handlers| {
        handlers.signal("add", |this, _, (): ()| { this.plain.set(this.plain.get() + 1); Handling::Done(()) });
    }
}

#[test]
fn conditions_look_once_a_turn_and_after_each_other_also_at_cells_that_nobody_watches() {
    Scenario::of::<Unwatched>(|| ()).start().turn(|server| server.signal("add", ())).check(expect![[r#"
        turn 1
        turn 2
            complete 4
    "#]]);
}

workflow! {
    Unreliable { poked: Cell<bool>, seen: State<bool>, never: State<bool> }
    run |this, ctx, ()| () => () {
        // It notices only because it is polled with the condition beside it, and tells nobody but through the state.
        let shared = Rc::clone(&this);
        let unreliable = poll_fn(move |_| {
            if !shared.poked.get() {
                return Poll::Pending;
            }
            shared.seen.set(true);
            Poll::Ready(())
        });
        let (inner, shared) = (ctx.clone(), Rc::clone(&this));
        drop(ctx.spawn(async move { join!(inner.wait_until(|| shared.never.get()), unreliable) }));
        ctx.wait_until(|| this.seen.get()).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("poke", |this, _, (): ()| { this.poked.set(true); Handling::Done(()) });
    }
}

#[test]
fn conditions_look_again_whenever_state_was_written_whoever_wrote_it() {
    Scenario::of::<Unreliable>(|| ()).start().turn(|server| server.signal("poke", ())).check(expect![[r#"
        turn 1
        turn 2
            complete null
    "#]]);
}

workflow! {
    Counting { goal: State<u32> }
    run |this, ctx, ()| () => () {
        let waits = (1..=10).map(|least| { let this = Rc::clone(&this); Polled(ctx.wait_until(move || this.goal.get() >= least)) });
        for met in ctx.join_all(waits).await {
            met?;
        }
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("goal", |this, _, (goal,): (u32,)| { this.goal.set(goal); Handling::Done(()) });
        handlers.signal("nothing", |_, _, (): ()| Handling::Done(()));
    }
}

#[test]
fn conditions_do_not_spin() {
    let polls_of = |signal: fn(&mut Server) -> &mut Server| {
        let scenario = Scenario::of::<Counting>(|| ());
        let mut server = scenario.server();
        let mut worker = Worker::new(&scenario);
        worker.answer(&mut server);
        let first = polls();
        signal(&mut server);
        worker.answer(&mut server);
        (first, polls())
    };
    // First each is begun, and looks again at the end of the turn; then each looks once, or once more after others.
    assert_eq!(polls_of(|server| server.signal("nothing", ())), (20, 10));
    assert_eq!(polls_of(|server| server.signal("goal", (5,))), (20, 15));
    assert_eq!(polls_of(|server| server.signal("goal", (10,))), (20, 10));
}

workflow! {
    Meddling { count: State<u32> }
    run |this, ctx, ()| () => () {
        ctx.wait_until(|| this.count.update(|count| { *count += 1; *count > 3 })).await?;
        Ok(())
    }
}

#[test]
fn a_condition_that_writes_is_a_fault() {
    Scenario::of::<Meddling>(|| ()).start().check(expect![[r#"
        turn 1
            fault: a condition of `wait_until` wrote to a `State` (at conditions.rs); it may only look, since it is called again and again
    "#]]);
}

workflow! {
    Loud { channel: Channel<()> }
    run |this, ctx, ()| () => () {
        let listener = Rc::clone(&this);
        drop(ctx.spawn(async move { listener.channel.receive().await }));
        ctx.sleep(seconds(1)).await?;
        ctx.wait_until(|| { this.channel.send(()); true }).await?;
        Ok(())
    }
}

#[test]
fn a_condition_that_wakes_a_task_is_a_fault() {
    Scenario::of::<Loud>(|| ()).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            fault: a condition of `wait_until` woke a task of the workflow; it may only look, since it is called again and again
    "#]]);
}

workflow! {
    Deadline
    run |_, ctx, ()| () => String {
        let deadline = ctx.now() + seconds(100);
        ctx.wait_until(|| ctx.now() >= deadline).await?;
        Ok("over".to_owned())
    }
    handlers |handlers| {
        handlers.signal("look", |_, _, (): ()| Handling::Done(()));
        handlers.update("refuse", |_, _, (): ()| done(fine(())));
        handlers.validator(|_, (): &()| Err(AnyError::message("never")));
    }
}

#[test]
fn conditions_do_not_look_when_an_update_was_refused_because_history_will_not_know() {
    let run = Scenario::of::<Deadline>(|| ()).start();
    let run = run.turn(|server| server.wait(200).update("u", "refuse", ()));
    run.turn(|server| server.signal("look", ())).check(expect![[r#"
        turn 1
        turn 2
            reject u: never
        turn 3
            complete "over"
    "#]]);
}
