//! Timers and the clock.

use std::time::{Duration, SystemTime};

use perpetua::prelude::*;
use perpetua::testing::drive;

use crate::{Approval, OrderError, charge, replays};

#[workflow]
async fn alarms(ctx: Ctx) -> WorkflowResult<Vec<Duration>> {
    let begun = ctx.now();
    let ring = async |after: Duration| {
        ctx.sleep(after).await?;
        WorkflowResult::Ok(ctx.now().duration_since(begun).unwrap_or_default())
    };
    let (first, second) = try_join!(ring(hours(2)), async {
        let first = ring(hours(1)).await?;
        ring(minutes(30)).await?;
        WorkflowResult::Ok(first)
    })?;
    ctx.sleep(days(1)).await?;
    Ok(vec![second, first, ctx.now().duration_since(begun).unwrap_or_default()])
}

#[test]
fn timers_fire_in_order_each_at_its_time() {
    let mut run = drive(alarms()).start();
    assert_eq!(run.pending_timers(), [hours(1), hours(2)]);
    let waits: Vec<_> = run.waits().iter().map(ToString::to_string).collect();
    assert_eq!(waits.len(), 2, "{waits:?}");
    assert!(waits[0].contains("tests/drive/time.rs:"), "{waits:?}");
    run.advance(minutes(90) + seconds(1));
    assert_eq!(run.pending_timers(), [minutes(30) - seconds(1)]);
    assert_eq!(run.fire_next_timer(), minutes(30) - seconds(1));
    assert_eq!(run.pending_timers(), [days(1)]);
    run.advance(days(7));
    assert_eq!(run.result().expect("it completes"), [hours(1), hours(2), hours(26)]);
    replays(perpetua::Replayer::new().workflow(alarms), &run.history());
}

#[test]
fn timers_that_are_due_together_are_one_task_if_the_test_wants_it() {
    let mut run = drive(alarms()).start();
    run.together(|run| run.advance(hours(3)));
    assert_eq!(run.pending_timers(), [minutes(30)]);
    run.advance(days(2));
    assert_eq!(run.result().expect("it completes"), [hours(3), hours(3), hours(27) + minutes(30)]);
}

#[test]
fn an_order_that_nobody_approves_is_given_up() {
    let begun = SystemTime::UNIX_EPOCH + days(20_000);
    let mut order = drive(Approval::run("ann".into(), 1)).time(begun).start();
    assert_eq!(order.now(), begun);
    assert_eq!(order.pending_timers(), [days(3)]);
    order.advance(days(3) - seconds(1));
    assert!(!order.is_over());
    order.advance(seconds(1));
    let failure = order.result().expect_err("nobody approved it");
    assert_eq!(failure.application(), Some(&OrderError::NotApproved));
    assert_eq!(order.now(), begun + days(3));
}

#[test]
fn a_timer_that_is_taken_back_does_not_fire() {
    let mut order = drive(Approval::run("ann".into(), 1)).start();
    order.signal(Approval::approve("bob".into()));
    assert!(order.pending_timers().is_empty());
    let fault = order.attempt(|order| order.fire_next_timer()).expect_err("none runs");
    assert!(fault.to_string().contains("no timer runs; it waits for:"), "{fault}");
    order.advance(days(9));
    let call = order.activity(charge);
    order.complete(call, "payment 1".into());
    assert!(order.result().is_ok());
}
