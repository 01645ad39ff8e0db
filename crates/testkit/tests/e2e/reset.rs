//! Resets: a workflow goes on from an earlier place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use perpetua::prelude::*;
use perpetua::replay::{History, Replayer};
use perpetua::{ResetPoint, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::WorkflowTaskFailedCause;

use crate::facts::task_failure;

/// Counts how often it is asked.
#[derive(Default)]
struct Clerk {
    asked: AtomicU64,
}

#[activities]
impl Clerk {
    #[activity]
    async fn number(&self) -> Result<u64, ActivityError> {
        Ok(self.asked.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Draws a number once it may.
#[derive(Default)]
struct Waits {
    may: State<bool>,
}

#[workflow]
impl Waits {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<u64> {
        ctx.wait_until(|| self.may.get()).await?;
        Ok(ctx.activity(Clerk::number()).start_to_close(minutes(5)).await?)
    }

    #[signal]
    fn go(&self) {
        self.may.set(true);
    }
}

#[tokio::test]
async fn a_workflow_goes_on_from_its_first_or_its_last_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Waits::run).activities(Arc::new(Clerk::default())).spawn()?;
        let start = stage.client().start(Waits::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("waits")).with_signal(Waits::go()).await?;
        assert_eq!(handle.result().await?, 1);

        let again = handle.reset(ResetPoint::FirstTask).reason("draw again").await?;
        assert_ne!(again.run_id(), handle.run_id());
        assert_eq!(again.result().await?, 2, "everything is done again");
        let last = again.reset(ResetPoint::LastTask).await?;
        assert_eq!(last.result().await?, 2, "what was done before the last task is kept");

        let history = last.history().await?;
        let replayed = Replayer::new().workflow(Waits::run).replay(&history)?;
        assert!(replayed.finished, "a history with a reset replays: {replayed:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow(name = "repriced")]
async fn old(ctx: Ctx) -> WorkflowResult<u64> {
    let first = ctx.activity(Clerk::number()).start_to_close(minutes(5)).await?;
    // Longer than its worker needs to go away.
    ctx.sleep(seconds(1)).await?;
    let second = ctx.activity(Clerk::number()).start_to_close(minutes(5)).await?;
    Ok(first * 10 + second)
}

/// No time passes any more.
#[workflow(name = "repriced")]
async fn new(ctx: Ctx) -> WorkflowResult<u64> {
    let first = ctx.activity(Clerk::number()).start_to_close(minutes(5)).await?;
    let second = ctx.activity(Clerk::number()).start_to_close(minutes(5)).await?;
    Ok(first * 100 + second)
}

#[tokio::test]
async fn a_run_that_changed_code_cannot_follow_goes_on_from_where_the_report_says() -> Outcome {
    both_ways(async |stage| {
        let clerk = Arc::new(Clerk::default());
        let hands = stage.worker().activities(Arc::clone(&clerk)).spawn()?;
        let before = stage.worker().workflow(old).spawn()?;
        let id = stage.id("repriced");
        let handle = stage.client().start(old()).task_queue(stage.task_queue()).id(&id).await?;
        crate::facts::event(&handle, "TimerStarted").await?;
        before.shutdown().await?;
        let after = stage.worker().workflow(new).spawn()?;
        let (cause, message) = task_failure(&handle).await?;
        assert_eq!(cause, WorkflowTaskFailedCause::NondeterminismError, "{message}");

        let history: History = handle.history().await?;
        let failure = Replayer::new().workflow(new).replay(&history).expect_err("the code has changed");
        let completed = failure.mismatch().and_then(|mismatch| mismatch.completed).ok_or("the turn is over")?;
        let command = format!("temporal workflow reset --workflow-id {id} --event-id {completed} ");
        assert!(message.contains(&command), "{command} is not in:\n{message}");

        let again = handle.reset(ResetPoint::Event(completed)).reason("the code has changed").await?;
        assert_eq!(again.result().await?, 102, "the first number is kept, and no time passes before the second");
        let status = handle.at_run(handle.run_id().cloned().ok_or("it was started")?).describe().await?.status;
        assert_eq!(status, WorkflowStatus::Terminated);
        after.shutdown().await?;
        hands.shutdown().await?;
        Ok(())
    })
    .await
}
