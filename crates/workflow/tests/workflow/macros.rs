//! `select!` and `join!`, as one may write them.

use std::future::{IntoFuture, ready};
use std::pin::pin;

use crate::support::*;

struct Point {
    x: u32,
    #[expect(dead_code, reason = "a pattern may leave it out")]
    y: u32,
}

/// What a test function needs of a workflow: its context, and `?`.
macro_rules! in_a_workflow {
    ($name:ident($ctx:ident) -> $Output:ty $body:block $expected:expr) => {
        #[test]
        fn $name() {
            workflow! {
                Workflow
                run |_, $ctx, ()| () => $Output $body
            }
            Scenario::of::<Workflow>(|| ()).start().check($expected);
        }
    };
}

in_a_workflow! {
    select_takes_one_to_six_branches_with_and_without_commas(ctx) -> Vec<u32> {
        let never = || std::future::pending::<u32>();
        let one = select! { value = ready(1) => value };
        let two = select! {
            value = never() => value,
            value = ready(2) => value,
        };
        let three = select! {
            value = never() => { value }
            value = never() => { value },
            value = ready(3) => { value }
        };
        let four = select! { a = never() => a, b = never() => { b } c = never() => c, d = ready(4) => d };
        let five = select! { a = never() => a, b = never() => b, c = never() => c, d = never() => d, e = ready(5) => e, };
        let six = select! {
            a = never() => a, b = never() => b, c = never() => c, d = never() => d, e = never() => e, f = ready(6) => f,
        };
        drop(ctx);
        Ok(vec![one, two, three, four, five, six])
    }
    expect![[r#"
        turn 1
            complete [1,2,3,4,5,6]
    "#]]
}

in_a_workflow! {
    the_bodies_of_select_are_outside_of_what_is_awaited(ctx) -> Vec<u32> {
        async fn early(ctx: &Ctx) -> WorkflowResult<u32> {
            select! {
                () = ready(()) => return Ok(1),
                slept = ctx.sleep(seconds(1)) => slept?,
            }
            Ok(0)
        }
        async fn question() -> WorkflowResult<u32> {
            Ok(select! { value = ready("x".parse::<u32>()) => value? })
        }
        let mut seen = vec![early(&ctx).await?];
        assert!(question().await.is_err());
        let mut count = 0;
        let broken = loop {
            select! {
                () = ready(()) => {
                    count += 1;
                    if count < 3 { continue; }
                    break count;
                }
                () = std::future::pending() => {}
            }
        };
        seen.push(broken);
        // A body may await.
        seen.push(select! { value = ready(4) => ready(value).await });
        Ok(seen)
    }
    expect![[r#"
        turn 1
            complete [1,3,4]
    "#]]
}

in_a_workflow! {
    select_takes_patterns_and_everything_that_can_become_a_future(ctx) -> Vec<u32> {
        let (a, b) = select! { (a, b) = ready((1, 2)) => (a, b) };
        let c = select! { Ok(c) | Err(c) = ready(Ok::<u32, u32>(3)) => c };
        let mut d = select! { mut d = ready(3) => { d += 1; d } };
        d += select! { _ = ctx.sleep(seconds(0)) => 1 };
        let e = select! { Point { x, .. } = ready(Point { x: 6, y: 7 }) => x };
        Ok(vec![a, b, c, d, e])
    }
    expect![[r#"
        turn 1
            complete [1,2,3,5,6]
    "#]]
}

#[test]
fn a_future_is_kept_beyond_select_by_passing_it_by_reference() {
    workflow! {
        Kept
        run |_, ctx, ()| () => (u32, String) {
            let mut call = ctx.activity(activity::<String>("slow", ())).start_to_close(seconds(60)).start();
            let mut block = pin!(async { ctx.sleep(seconds(100)).await });
            let mut ticks = 0;
            let result = loop {
                select! {
                    result = &mut call => break result?,
                    slept = block.as_mut() => slept?,
                    tick = ctx.sleep(seconds(1)) => { tick?; ticks += 1; }
                }
            };
            Ok((ticks, result))
        }
    }
    let run = Scenario::of::<Kept>(|| ()).start().turn(|server| server.fire("2")).turn(|server| server.fire("3"));
    run.turn(|server| server.complete("1", "done")).check(expect![[r#"
        turn 1
            start_activity 1 slow() start_to_close=60s
            start_timer 1 100s
            start_timer 2 1s
        turn 2
            start_timer 3 1s
        turn 3
            start_timer 4 1s
        turn 4
            cancel_timer 4
            cancel_timer 1
            complete [2,"done"]
    "#]]);
}

#[test]
fn what_select_drops_is_canceled_in_the_order_in_which_it_is_written_before_the_body_runs() {
    workflow! {
        Losers
        run |_, ctx, ()| () => () {
            let call = |name| ctx.activity(activity::<()>(name, ())).start_to_close(seconds(60));
            select! {
                _ = call("a") => {},
                _ = call("b") => {},
                slept = ctx.sleep(seconds(1)) => { slept?; call("c").await? },
                _ = ctx.sleep(seconds(2)) => {},
                _ = call("d") => {},
            }
            Ok(())
        }
    }
    Scenario::of::<Losers>(|| ())
        .start()
        .turn(|server| server.fire("1"))
        .turn(|server| server.complete("4", ()))
        .check(expect![[r#"
            turn 1
                start_activity 1 a() start_to_close=60s
                start_activity 2 b() start_to_close=60s
                start_timer 1 1s
                start_timer 2 2s
                start_activity 3 d() start_to_close=60s
            turn 2
                cancel_activity 1
                cancel_activity 2
                cancel_timer 2
                cancel_activity 3
                start_activity 4 c() start_to_close=60s
            turn 3
                complete null
        "#]]);
}

in_a_workflow! {
    join_takes_one_to_six_futures(ctx) -> Vec<u32> {
        let (a,) = join!(ready(1));
        let (b, c) = join!(ready(2), ready(3),);
        let (d, e, f) = join!(ready(4), ready(5), ready(6));
        let (g, h, i, j) = join!(ready(7), ready(8), ready(9), ready(10));
        let (k, l, m, n, o) = join!(ready(11), ready(12), ready(13), ready(14), ready(15));
        let (p, q, r, s, t, u) = join!(ready(16), ready(17), ready(18), ready(19), ready(20), ready(21));
        drop(ctx);
        Ok(vec![a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u])
    }
    expect![[r#"
        turn 1
            complete [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]
    "#]]
}

#[test]
fn join_waits_for_all_and_polls_none_that_is_done() {
    workflow! {
        Joined
        run |_, ctx, ()| () => String {
            let nap = |after| Polled(ctx.sleep(seconds(after)).into_future());
            let (a, b, c) = join!(nap(1), nap(2), ctx.activity(activity::<String>("name", ())).start_to_close(seconds(1)));
            a.and(b)?;
            Ok(c?)
        }
    }
    let run = Scenario::of::<Joined>(|| ()).start();
    let run = run.turn(|server| server.fire("2")).turn(|server| server.complete("1", "Ann"));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 2s
            start_activity 1 name() start_to_close=1s
        turn 2
        turn 3
        turn 4
            complete "Ann"
    "#]]);
}
