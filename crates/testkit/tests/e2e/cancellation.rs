//! Workflows that are asked to stop, and workflows that are stopped.

use std::sync::Arc;

use perpetua::prelude::*;
use perpetua::{CancelReason, CancellationType, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};
use tokio::sync::{Notify, mpsc};

use crate::facts::{asked_for, event};

crate::recorded::replayed_with!(waits_for_days, Host, abandons_its_activity, cleans_up, takes_notice_and_completes);

#[activity]
async fn refund(cents: u64) -> Result<u64, ActivityError> {
    Ok(cents)
}

#[workflow]
async fn waits_for_days(ctx: Ctx) -> WorkflowResult<()> {
    Ok(ctx.sleep(days(3)).await?)
}

#[tokio::test]
async fn a_workflow_that_waits_is_canceled() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(waits_for_days).spawn()?;
        let id = stage.id("waits");
        let handle = stage.client().start(waits_for_days()).task_queue(stage.task_queue()).id(&id).await?;
        event(&handle, "TimerStarted").await?;
        handle.cancel().await?;
        let failure = handle.result().await.expect_err("it was canceled");
        assert!(failure.is_canceled(), "{failure:?}");
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Canceled);
        let expected = ["TimerStarted", "TimerCanceled", "WorkflowExecutionCanceled"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_workflow_that_is_canceled_before_it_began_starts_nothing() -> Outcome {
    both_ways(async |stage| {
        let id = stage.id("early");
        let handle = stage.client().start(waits_for_days()).task_queue(stage.task_queue()).id(&id).await?;
        handle.cancel().await?;
        let worker = stage.worker().workflow(waits_for_days).spawn()?;
        let failure = handle.result().await.expect_err("it was canceled");
        assert!(failure.is_canceled(), "{failure:?}");
        assert_eq!(asked_for(stage, &id).await?, ["WorkflowExecutionCanceled"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Work that goes on until it is told to stop.
struct Work {
    began: Notify,
    stopped: mpsc::UnboundedSender<CancelReason>,
    may_end: Notify,
}

impl Work {
    fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<CancelReason>) {
        let (stopped, reasons) = mpsc::unbounded_channel();
        (Arc::new(Self { began: Notify::new(), stopped, may_end: Notify::new() }), reasons)
    }
}

#[activities]
impl Work {
    #[activity]
    async fn go_on(&self, ctx: ActivityContext) -> Result<u32, ActivityError> {
        self.began.notify_one();
        let mut beats = tokio::time::interval(milliseconds(20));
        loop {
            tokio::select! {
                reason = ctx.canceled() => {
                    self.stopped.send(reason)?;
                    return Err(Canceled::from(reason).into());
                }
                () = self.may_end.notified() => return Ok(7),
                _ = beats.tick() => ctx.heartbeat(()),
            }
        }
    }
}

/// A workflow that stays until somebody lets it go, so that its activities are not orphans.
#[derive(Default)]
struct Host {
    released: State<bool>,
}

#[workflow]
impl Host {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<bool> {
        let worked = ctx.activity(Work::go_on()).start_to_close(minutes(1)).heartbeat(minutes(1)).await;
        ctx.shielded(ctx.wait_until(|| self.released.get())).await?;
        Ok(matches!(worked, Err(ActivityFailure::Canceled(_))))
    }

    #[signal]
    fn release(&self) {
        self.released.set(true);
    }
}

#[tokio::test]
async fn an_activity_in_progress_is_asked_to_stop_and_the_workflow_goes_on_at_once() -> Outcome {
    both_ways(async |stage| {
        let (work, mut reasons) = Work::new();
        let builder = stage.worker().workflow(Host::run).activities(Arc::clone(&work));
        let worker = builder.max_heartbeat_throttle(milliseconds(20)).spawn()?;
        let id = stage.id("host");
        let handle = stage.client().start(Host::run()).task_queue(stage.task_queue()).id(&id).await?;
        work.began.notified().await;
        handle.cancel().await?;
        event(&handle, "ActivityTaskCancelRequested").await?;
        assert_eq!(reasons.recv().await, Some(CancelReason::Requested));
        // The workflow did not wait for it: only now is it answered.
        handle.release().await?;
        assert!(handle.result().await?, "the activity was canceled");
        let expected = ["ActivityTaskScheduled", "ActivityTaskCancelRequested", "WorkflowExecutionCompleted"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn abandons_its_activity(ctx: Ctx) -> WorkflowResult<bool> {
    let work = ctx.activity(Work::go_on()).start_to_close(minutes(1)).heartbeat(minutes(1));
    let worked = work.cancellation(CancellationType::Abandon).await;
    Ok(matches!(worked, Err(ActivityFailure::Canceled(_))))
}

#[tokio::test]
async fn an_activity_that_is_abandoned_is_not_told() -> Outcome {
    both_ways(async |stage| {
        let (work, _) = Work::new();
        let worker = stage.worker().workflow(abandons_its_activity).activities(Arc::clone(&work)).spawn()?;
        let id = stage.id("abandons");
        let start = stage.client().start(abandons_its_activity()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        work.began.notified().await;
        handle.cancel().await?;
        assert!(handle.result().await?, "the workflow sees a cancellation");
        assert_eq!(asked_for(stage, &id).await?, ["ActivityTaskScheduled", "WorkflowExecutionCompleted"]);
        work.may_end.notify_one();
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn cleans_up(ctx: Ctx, cents: u64) -> WorkflowResult<()> {
    let Err(canceled) = ctx.sleep(days(3)).await else { return Ok(()) };
    // Reached by the cancellation, so it does not begin.
    let refused = ctx.activity(refund(0)).start_to_close(minutes(5)).await;
    if !matches!(refused, Err(ActivityFailure::Canceled(_))) {
        return Err(AnyError::message("the activity began").into());
    }
    let clean_up = ctx.shielded(async { ctx.activity(refund(cents)).start_to_close(minutes(5)).await });
    clean_up.await?;
    Err(canceled.into())
}

#[tokio::test]
async fn what_is_shielded_is_done_after_the_cancellation() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(cleans_up).activity(refund).spawn()?;
        let id = stage.id("cleans-up");
        let handle = stage.client().start(cleans_up(250)).task_queue(stage.task_queue()).id(&id).await?;
        event(&handle, "TimerStarted").await?;
        handle.cancel().await?;
        let failure = handle.result().await.expect_err("it was canceled");
        assert!(failure.is_canceled(), "{failure:?}");
        let expected = ["TimerStarted", "TimerCanceled", "ActivityTaskScheduled", "WorkflowExecutionCanceled"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn takes_notice_and_completes(ctx: Ctx) -> WorkflowResult<(String, String, bool)> {
    let seen = select! {
        canceled = ctx.canceled() => canceled.reason,
        slept = ctx.sleep(days(3)) => {
            slept?;
            "not canceled".to_owned()
        }
    };
    let later = ctx.wait_until(|| false).await.map_or_else(|canceled| canceled.reason, |()| "not canceled".into());
    Ok((seen, later, ctx.is_canceled()))
}

#[tokio::test]
async fn a_workflow_sees_the_reason_and_may_complete_all_the_same() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(takes_notice_and_completes).spawn()?;
        let start = stage.client().start(takes_notice_and_completes()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("completes")).await?;
        event(&handle, "TimerStarted").await?;
        handle.cancel().reason("they changed their mind").await?;
        let reason = "they changed their mind".to_owned();
        assert_eq!(handle.result().await?, (reason.clone(), reason, true));
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Completed);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_workflow_that_is_terminated_says_by_whom_and_why() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(waits_for_days).spawn()?;
        let start = stage.client().start(waits_for_days()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("terminated")).await?;
        event(&handle, "TimerStarted").await?;
        handle.terminate().reason("it is too late").details(7).await?;
        match handle.result().await {
            Err(WorkflowFailure::Terminated { reason, details, identity, .. }) => {
                assert_eq!(reason, "it is too late");
                assert_eq!(details.first().map(|payload| &payload.data[..]), Some(&b"7"[..]));
                assert_eq!(&identity, stage.client().identity());
            }
            other => panic!("unexpected: {other:?}"),
        }
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Terminated);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_activity_whose_workflow_is_gone_is_told_that_nobody_waits() -> Outcome {
    both_ways(async |stage| {
        let (work, mut reasons) = Work::new();
        let builder = stage.worker().workflow(Host::run).activities(Arc::clone(&work));
        let worker = builder.max_heartbeat_throttle(milliseconds(20)).spawn()?;
        let start = stage.client().start(Host::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("host")).await?;
        work.began.notified().await;
        handle.terminate().await?;
        assert_eq!(reasons.recv().await, Some(CancelReason::Gone));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
