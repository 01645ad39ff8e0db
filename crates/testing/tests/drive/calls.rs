//! Activities, local activities, child workflows, other workflows.

use perpetua::prelude::*;
use perpetua::testing::drive;
use perpetua::testing::drive::RunOutcome;
use perpetua::{CancellationType, Replayer, TimeoutKind};

use crate::{Approval, BankError, OrderError, charge, replays};

/// What became of one activity, in words.
#[workflow]
async fn charging(ctx: Ctx) -> WorkflowResult<String> {
    let charging = ctx.activity(charge("ann".into(), 7)).start_to_close(minutes(1));
    let failure = match charging.cancellation(CancellationType::WaitCompleted).await {
        Ok(payment) => return Ok(payment),
        Err(failure) => failure,
    };
    Ok(match failure {
        ActivityFailure::Application(BankError::InsufficientFunds { available }, ..) => format!("only {available}"),
        ActivityFailure::Timeout(kind, ..) => format!("timed out: {kind:?}"),
        ActivityFailure::Canceled(_) => return Err(failure.into()),
        other => format!("other: {other}"),
    })
}

#[test]
fn an_activity_ends_in_each_way() {
    let start = || drive(charging()).start();
    let mut run = start();
    run.complete(run.activity(charge), "paid".into());
    assert_eq!(run.result().expect("it completes"), "paid");

    let mut run = start();
    run.fail(run.activity(charge), BankError::InsufficientFunds { available: 3 });
    assert_eq!(run.result().expect("it completes"), "only 3");

    for kind in [TimeoutKind::StartToClose, TimeoutKind::ScheduleToStart, TimeoutKind::Heartbeat] {
        let mut run = start();
        run.time_out(run.activity(charge), kind);
        assert_eq!(run.result().expect("it completes"), format!("timed out: {kind:?}"));
        replays(Replayer::new().workflow(charging), &run.history());
    }

    let mut run = start();
    let fault = run.attempt(|run| run.stop(run.activity(charge))).expect_err("nobody asked it to stop");
    assert!(fault.to_string().contains("has not asked activity `charge`"), "{fault}");
    run.cancel();
    assert!(run.activity(charge).is_to_stop());
    run.stop(run.activity(charge));
    assert!(matches!(run.outcome(), RunOutcome::Canceled), "{:?}", run.outcome());
    replays(Replayer::new().workflow(charging), &run.history());
}

#[test]
fn a_call_is_answered_once() {
    let mut run = drive(charging()).start();
    let call = run.activity(charge);
    let again = call.clone();
    run.complete(call, "paid".into());
    let fault = run.attempt(|run| run.complete(again, "paid".into())).expect_err("it was answered");
    assert!(fault.to_string().contains("the run is over"), "{fault}");
    let mut run = drive(Approval::run("ann".into(), 1)).start();
    let fault = run.attempt(|run| run.activity(charge)).expect_err("it does not wait for it");
    assert!(fault.to_string().contains("no call of activity `charge` waits for an answer; it waits for:"), "{fault}");
    assert!(fault.to_string().contains("main.rs:"), "{fault}");
}

#[workflow]
async fn all_at_once(ctx: Ctx) -> WorkflowResult<Vec<String>> {
    let calls = (1..=3).map(|cents| ctx.activity(charge("ann".into(), cents)).start_to_close(minutes(1)).into_future());
    let payments = ctx.try_join_all(calls).await?;
    Ok(payments)
}

#[test]
fn calls_are_answered_in_any_order() {
    let mut run = drive(all_at_once()).start();
    for call in run.activities(charge).into_iter().rev() {
        let (_, cents) = call.arguments();
        run.complete(call, cents.to_string());
    }
    assert_eq!(run.result().expect("it completes"), ["1", "2", "3"]);
    let named = drive(all_at_once()).start().activity_named("charge");
    assert_eq!((named.arguments().len(), named.id()), (2, "1"));
}

#[workflow]
async fn locally(ctx: Ctx) -> WorkflowResult<String> {
    let local = |cents| ctx.local_activity(charge("ann".into(), cents)).start_to_close(seconds(5));
    let first = local(1).await?;
    let second = match local(2).await {
        Err(ActivityFailure::Application(BankError::InsufficientFunds { available }, ..)) => available.to_string(),
        other => other?,
    };
    ctx.sleep(hours(1)).await?;
    Ok(format!("{first}, {second}"))
}

#[test]
fn local_activities_run_within_a_task() {
    let mut run = drive(locally()).start();
    run.advance(seconds(2));
    run.complete(run.local_activity(charge), "one".into());
    run.fail(run.local_activity(charge), BankError::InsufficientFunds { available: 5 });
    assert_eq!(run.pending_timers(), [hours(1)]);
    run.fire_next_timer();
    assert_eq!(run.result().expect("it completes"), "one, 5");
    assert_eq!(replays(Replayer::new().workflow(locally), &run.history()).turns, 2);
}

#[derive(Default)]
struct Slow {
    hurry: State<bool>,
}

#[workflow]
impl Slow {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        let mut payment = ctx.local_activity(charge("ann".into(), 1)).start_to_close(days(5)).into_future();
        select! {
            payment = &mut payment => Ok(payment?),
            hurried = ctx.wait_until(|| self.hurry.get()) => {
                hurried?;
                Ok("hurried".to_owned())
            }
        }
    }

    #[signal]
    fn hurry(&self) {
        self.hurry.set(true);
    }
}

#[test]
fn what_happens_beside_a_local_activity_comes_with_the_next_task() {
    let mut run = drive(Slow::run()).start();
    run.advance(seconds(30));
    run.signal(Slow::hurry());
    assert_eq!(run.result().expect("it completes"), "hurried");
    replays(Replayer::new().workflow(Slow::run), &run.history());
    let mut run = drive(Slow::run()).start();
    run.complete(run.local_activity(charge), "paid".into());
    assert_eq!(run.result().expect("it completes"), "paid");
}

#[workflow]
async fn parent(ctx: Ctx) -> WorkflowResult<String> {
    let child = ctx.child(Approval::run("ann".into(), 9)).id("child").start().await;
    let child = match child {
        Ok(child) => child,
        Err(failure) => return Ok(format!("not started: {failure}")),
    };
    child.approve("its parent".into()).await?;
    match child.result().await {
        Ok(result) => Ok(result),
        Err(ChildFailure::Application(OrderError::NotApproved, ..)) => Ok("not approved".to_owned()),
        Err(failure) if failure.is_canceled() => Err(failure.into()),
        Err(other) => Ok(format!("other: {other}")),
    }
}

#[test]
fn a_child_workflow_starts_is_signaled_and_ends() {
    let mut run = drive(parent()).start();
    let child = run.child(Approval::run);
    assert_eq!((child.id(), child.arguments()), ("child", ("ann".to_owned(), 9)));
    run.start_child(&child);
    let [signal] = <[_; 1]>::try_from(run.deliveries()).expect("one signal");
    assert_eq!((signal.workflow_id().as_str(), signal.signal()), ("child", Some("approve")));
    assert_eq!(signal.arguments::<(String,)>().0, "its parent");
    assert!(signal.is_for_a_child());
    run.deliver(signal);
    run.fail(child, OrderError::NotApproved);
    assert_eq!(run.result().expect("it completes"), "not approved");
    replays(Replayer::new().workflow(parent), &run.history());
}

#[test]
fn a_child_workflow_ends_in_each_way() {
    let running = || {
        let mut run = drive(parent()).start();
        run.start_child(&run.child(Approval::run));
        let signal = run.deliveries().remove(0);
        run.deliver(signal);
        run
    };
    let mut run = running();
    run.complete(run.child(Approval::run), "done".into());
    assert_eq!(run.result().expect("it completes"), "done");

    let mut run = running();
    run.terminate_child(run.child(Approval::run));
    assert!(run.result().expect("it completes").starts_with("other:"));

    let mut run = running();
    run.time_out(run.child(Approval::run), TimeoutKind::StartToClose);
    assert!(run.result().expect("it completes").starts_with("other:"));

    let mut run = running();
    run.cancel();
    assert!(run.child(Approval::run).is_to_stop());
    assert_eq!(run.deliveries()[0].reason(), Some("its parent canceled it"));
    run.stop(run.child(Approval::run));
    assert!(matches!(run.outcome(), RunOutcome::Canceled), "{:?}", run.outcome());
    replays(Replayer::new().workflow(parent), &run.history());

    let mut run = drive(parent()).start();
    run.refuse_child(run.child(Approval::run));
    assert!(run.result().expect("it completes").starts_with("not started:"));
    replays(Replayer::new().workflow(parent), &run.history());
}

#[workflow]
async fn neighbor(ctx: Ctx) -> WorkflowResult<String> {
    let other = ctx.external::<Approval>("other");
    let signaled = other.approve("a neighbor".into()).await.map_err(|failure| failure.to_string());
    let canceled = other.cancel().reason("moved").await.map_err(|failure| failure.to_string());
    Ok(format!("{signaled:?}, {canceled:?}"))
}

#[test]
fn what_is_for_other_workflows_arrives_or_comes_back() {
    let mut run = drive(neighbor()).start();
    let signal = run.deliveries().remove(0);
    run.deliver(signal.clone());
    let cancel = run.deliveries().remove(0);
    assert_eq!((cancel.signal(), cancel.reason()), (None, Some("moved")));
    let fault = run.attempt(|run| run.deliver(signal)).expect_err("it has arrived");
    assert!(fault.to_string().contains("is not on its way any more"), "{fault}");
    run.deliver(cancel);
    assert_eq!(run.result().expect("it completes"), "Ok(()), Ok(())");
    replays(Replayer::new().workflow(neighbor), &run.history());

    let mut run = drive(neighbor()).start();
    for _ in 0..2 {
        run.return_to_sender(run.deliveries().remove(0));
    }
    assert_eq!(run.result().expect("it completes").matches("Err(").count(), 2);
    replays(Replayer::new().workflow(neighbor), &run.history());
}
