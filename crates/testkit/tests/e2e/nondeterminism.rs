//! Code that changed under a running workflow: the task fails and says where, the workflow waits for better code.

use std::sync::Arc;

use perpetua::prelude::*;
use perpetua::{WorkerBuilder, WorkflowImplementation, WorkflowStatus};
use perpetua_testkit::{Outcome, Stage, both_ways};
use perpetua_vocab::WorkflowTaskFailedCause;
use perpetua_workflow::Workflows;
use tokio::sync::Notify;

use crate::facts::task_failure;

crate::recorded::replayed_with!(shipment, draws);

#[activity]
async fn pack() -> Result<(), ActivityError> {
    Ok(())
}

#[activity]
async fn insure() -> Result<(), ActivityError> {
    Ok(())
}

/// Something that takes as long as the test needs to change the code.
#[derive(Default)]
struct Truck {
    arrived: Notify,
    may_leave: Notify,
}

#[activities]
impl Truck {
    #[activity]
    async fn ship(&self) -> Result<(), ActivityError> {
        self.arrived.notify_one();
        self.may_leave.notified().await;
        Ok(())
    }
}

/// The code that history was written with.
#[workflow(name = "shipment")]
async fn shipment(ctx: Ctx) -> WorkflowResult<String> {
    ctx.activity(pack()).start_to_close(minutes(5)).await?;
    ctx.activity(Truck::ship()).start_to_close(minutes(5)).await?;
    Ok("shipped".into())
}

#[workflow(name = "shipment")]
async fn one_step_is_gone(ctx: Ctx) -> WorkflowResult<String> {
    ctx.activity(pack()).start_to_close(minutes(5)).await?;
    Ok("shipped".into())
}

#[workflow(name = "shipment")]
async fn one_step_is_new(ctx: Ctx) -> WorkflowResult<String> {
    let (packed, insured) =
        join!(ctx.activity(pack()).start_to_close(minutes(5)), ctx.activity(insure()).start_to_close(minutes(5)),);
    packed?;
    insured?;
    ctx.activity(Truck::ship()).start_to_close(minutes(5)).await?;
    Ok("shipped".into())
}

#[workflow(name = "shipment")]
async fn one_step_is_another(ctx: Ctx) -> WorkflowResult<String> {
    ctx.activity(pack()).start_to_close(minutes(5)).await?;
    ctx.sleep(seconds(30)).await?;
    Ok("shipped".into())
}

#[workflow(name = "shipment")]
async fn one_step_has_another_name(ctx: Ctx) -> WorkflowResult<String> {
    ctx.activity(insure()).start_to_close(minutes(5)).await?;
    ctx.activity(Truck::ship()).start_to_close(minutes(5)).await?;
    Ok("shipped".into())
}

/// The changed code, for replays.
fn registered<W: WorkflowImplementation>() -> Workflows {
    let mut workflows = Workflows::default();
    workflows.add::<W>();
    workflows
}

pub(crate) fn one_step_less() -> Workflows {
    registered::<one_step_is_gone>()
}

pub(crate) fn one_step_more() -> Workflows {
    registered::<one_step_is_new>()
}

pub(crate) fn another_step() -> Workflows {
    registered::<one_step_is_another>()
}

/// Begins with the old code, goes on with `changed`, and ends with the old code again. What the failed task said must
/// begin with `report`.
async fn changes(stage: &Stage, changed: impl Fn(WorkerBuilder) -> WorkerBuilder, report: &str) -> Outcome {
    let truck = Arc::new(Truck::default());
    let hands = stage.worker().activity(pack).activity(insure).activities(Arc::clone(&truck)).spawn()?;
    let old = stage.worker().workflow(shipment).spawn()?;
    let start = stage.client().start(shipment()).task_queue(stage.task_queue());
    let handle = start.id(stage.id("shipment")).await?;
    truck.arrived.notified().await;
    old.shutdown().await?;

    let new = changed(stage.worker()).spawn()?;
    truck.may_leave.notify_one();
    let (cause, message) = task_failure(&handle).await?;
    assert_eq!(cause, WorkflowTaskFailedCause::NondeterminismError, "{message}");
    assert!(message.starts_with(report), "{message}");
    assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
    new.shutdown().await?;

    let old = stage.worker().workflow(shipment).spawn()?;
    assert_eq!(handle.result().await?, "shipped");
    old.shutdown().await?;
    hands.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn code_that_ends_before_its_history_is_told_what_is_missing() -> Outcome {
    let report = "history and code disagree at event 11 (turn 2)\n  history: start_activity  name=ship  id=2\n  code:    \
                  complete_workflow\n";
    both_ways(async |stage| changes(stage, |worker| worker.workflow(one_step_is_gone), report).await).await
}

#[tokio::test]
async fn code_that_does_more_than_its_history_is_told_what_is_extra() -> Outcome {
    let report = "history and code disagree at event 4 (turn 1)\n  history: nothing more in this turn\n  code:    \
                  start_activity  name=insure  id=2\n";
    both_ways(async |stage| changes(stage, |worker| worker.workflow(one_step_is_new), report).await).await
}

#[tokio::test]
async fn code_that_does_something_else_is_told_both() -> Outcome {
    let report = "history and code disagree at event 11 (turn 2)\n  history: start_activity  name=ship  id=2\n  code:    \
                  start_timer  after=30s  id=1\n";
    both_ways(async |stage| changes(stage, |worker| worker.workflow(one_step_is_another), report).await).await
}

#[tokio::test]
async fn code_that_calls_another_activity_is_told_both_names() -> Outcome {
    let report = "history and code disagree at event 5 (turn 1)\n  history: start_activity  name=pack  id=1\n  code:    \
                  start_activity  name=insure  id=1\n";
    both_ways(async |stage| changes(stage, |worker| worker.workflow(one_step_has_another_name), report).await).await
}

#[activity]
async fn echo(text: String) -> Result<String, ActivityError> {
    Ok(text)
}

/// Draws before and after something that history has, so that a replay that draws differently shows.
#[workflow]
async fn draws(ctx: Ctx) -> WorkflowResult<bool> {
    let drawn = || format!("{} {} {:?}", ctx.uuid(), ctx.random().below(1000), ctx.now());
    let mut same = true;
    for _ in 0..3 {
        let drawn = drawn();
        same &= ctx.activity(echo(drawn.clone())).start_to_close(minutes(5)).await? == drawn;
    }
    Ok(same)
}

#[tokio::test]
async fn randomness_and_the_present_are_the_same_on_every_replay() -> Outcome {
    both_ways(async |stage| {
        // Each run has a seed and times of its own.
        stage.values_differ();
        let worker = stage.worker().workflow(draws).activity(echo).spawn()?;
        assert!(stage.client().run(draws()).task_queue(stage.task_queue()).id(stage.id("draws")).await?);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
