//! Failures: from the code that fails to whoever waits, through everything in between.

use std::io;

use perpetua::prelude::*;
use perpetua::{FailureInfo, Remote, RetryState, TimeoutKind, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::{EventKind, WorkflowTaskFailedCause};

use crate::facts::task_failure;

crate::recorded::replayed_with!(orders, reads, reports, passes_a_timeout_on, waits_for_ever, divides);

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum OrderError {
    #[error("there are {left} left, not {wanted}")]
    SoldOut { left: u32, wanted: u32 },
}

#[workflow]
async fn orders(_ctx: Ctx, wanted: u32) -> WorkflowResult<(), OrderError> {
    Err(OrderError::SoldOut { left: 3, wanted }.into())
}

#[tokio::test]
async fn a_workflows_own_error_is_matched_where_it_was_started() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(orders).spawn()?;
        let start = stage.client().start(orders(5)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("order")).await?;
        match handle.result().await {
            Err(WorkflowFailure::Application(OrderError::SoldOut { left, wanted }, remote)) => {
                assert_eq!((left, wanted), (3, 5));
                assert_eq!(remote.to_string(), "SoldOut: there are 3 left, not 5");
            }
            other => panic!("unexpected: {other:?}"),
        }
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Failed);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn reads(_ctx: Ctx, text: String) -> WorkflowResult<u32> {
    let number: u32 = text.parse()?;
    if number == 0 {
        return Err(AnyError::message("nothing to count").failure_type("Nothing").details("zero").into());
    }
    Ok(number)
}

#[tokio::test]
async fn any_error_can_be_thrown_and_arrives_with_its_name_and_message() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(reads).spawn()?;
        let start = stage.client().run(reads("many".into())).task_queue(stage.task_queue());
        let failure = start.id(stage.id("many")).await.expect_err("that is no number");
        let remote = failure.remote().ok_or("the workflow failed")?;
        assert_eq!(remote.message(), "invalid digit found in string");

        let start = stage.client().run(reads("0".into())).task_queue(stage.task_queue());
        let failure = start.id(stage.id("zero")).await.expect_err("there is nothing to count");
        let remote = failure.remote().ok_or("the workflow failed")?;
        assert_eq!((remote.failure_type(), remote.message()), (Some("Nothing"), "nothing to count"));
        let FailureInfo::Application(application) = remote.info() else { panic!("{remote:?}") };
        let details = application.details.iter().flatten().map(|payload| &payload.data[..]);
        assert_eq!(details.collect::<Vec<_>>(), [b"\"zero\""]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[derive(Debug, thiserror::Error, ApplicationError)]
enum StoreError {
    #[error("the disk cannot be written")]
    #[application(non_retryable)]
    Disk(#[source] io::Error),
}

#[derive(Debug, thiserror::Error, ApplicationError)]
enum ReportError {
    #[error("report {number} was not stored")]
    NotStored {
        number: u32,
        #[source]
        failure: ActivityFailure<StoreError>,
    },
}

#[activity]
async fn store() -> Result<(), StoreError> {
    Err(StoreError::Disk(io::Error::other("no space is left")))
}

#[workflow]
async fn reports(ctx: Ctx, number: u32) -> WorkflowResult<(), ReportError> {
    let stored = ctx.activity(store()).start_to_close(minutes(5)).await;
    Ok(stored.map_err(|failure| ReportError::NotStored { number, failure })?)
}

#[tokio::test]
async fn every_cause_beneath_a_failure_arrives_and_what_is_hopeless_stays_so() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(reports).activity(store).spawn()?;
        let id = stage.id("report");
        // The report error does not say that trying again is pointless; the disk error beneath it does.
        let policy = RetryPolicy::exponential().first_wait(milliseconds(10));
        let start = stage.client().run(reports(7)).task_queue(stage.task_queue()).retry(policy);
        let failure = start.id(&id).await.expect_err("the disk is full");

        let remote = failure.remote().ok_or("the workflow failed")?;
        let messages: Vec<_> = remote.chain().map(Remote::message).collect();
        let expected = ["report 7 was not stored", "activity failed", "the disk cannot be written", "no space is left"];
        assert_eq!(messages, expected);
        assert!(remote.is_non_retryable());
        let Some(ReportError::NotStored { number: 7, failure: beneath }) = failure.application() else {
            panic!("{failure:?}")
        };
        let Some(StoreError::Disk(error)) = beneath.application() else { panic!("{beneath:?}") };
        assert!(error.to_string().contains("no space is left"), "{error}");

        let history = stage.history(&id).await?;
        let Some(EventKind::WorkflowFailed(failed)) = history.last().map(|event| &event.kind) else {
            panic!("unexpected: {:?}", history.last())
        };
        assert_eq!((failed.retry_state, &failed.new_run), (RetryState::NonRetryableFailure, &None));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn waits_to_be_stopped(ctx: ActivityContext) -> Result<(), ActivityError> {
    Err(Canceled::from(ctx.canceled().await).into())
}

#[workflow]
async fn passes_a_timeout_on(ctx: Ctx) -> WorkflowResult<(), OrderError> {
    let stopped = ctx.activity(waits_to_be_stopped()).start_to_close(seconds(1)).retry(RetryPolicy::none());
    Ok(stopped.await?)
}

#[tokio::test]
async fn a_failure_that_is_passed_on_is_passed_on_whole() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(passes_a_timeout_on).activity(waits_to_be_stopped).spawn()?;
        let start = stage.client().run(passes_a_timeout_on()).task_queue(stage.task_queue());
        let failure = start.id(stage.id("passes-on")).await.expect_err("the activity takes too long");
        let WorkflowFailure::Other(remote) = &failure else { panic!("{failure:?}") };
        assert_eq!(remote.timeout(), Some(TimeoutKind::StartToClose));
        let FailureInfo::Activity(activity) = remote.info() else { panic!("{remote:?}") };
        assert_eq!(activity.activity_type.as_ref().map(|name| name.as_str()), Some("waits_to_be_stopped"));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

/// Asks for nothing, so that its history is the same whether it had begun in time or not.
#[workflow]
async fn waits_for_ever(ctx: Ctx) -> WorkflowResult<()> {
    Ok(ctx.wait_until(|| false).await?)
}

#[tokio::test]
async fn a_workflow_that_takes_longer_than_it_may_is_a_timeout() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(waits_for_ever).spawn()?;
        let start = stage.client().start(waits_for_ever()).run_timeout(seconds(1)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("waits")).await?;
        let failure = handle.result().await.expect_err("it takes for ever");
        assert!(matches!(failure, WorkflowFailure::Timeout(..)) && failure.is_timeout(), "{failure:?}");
        assert_eq!(handle.describe().await?.status, WorkflowStatus::TimedOut);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// The program before its bug was fixed.
#[workflow(name = "divides")]
async fn divides_by_zero(ctx: Ctx, by: u32) -> WorkflowResult<u32> {
    ctx.activity(nothing()).start_to_close(minutes(5)).await?;
    Ok(84 / (by - 2))
}

/// The program after it.
#[workflow(name = "divides")]
async fn divides(ctx: Ctx, by: u32) -> WorkflowResult<u32> {
    ctx.activity(nothing()).start_to_close(minutes(5)).await?;
    Ok(84 / by)
}

#[tokio::test]
async fn a_panic_fails_the_task_and_a_fixed_worker_completes_the_workflow() -> Outcome {
    both_ways(async |stage| {
        let broken = stage.worker().workflow(divides_by_zero).activity(nothing).spawn()?;
        let start = stage.client().start(divides(2)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("divides")).await?;
        let (cause, message) = task_failure(&handle).await?;
        assert_eq!(cause, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
        assert_eq!(message, "workflow `divides` panicked in its main function: attempt to divide by zero");
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
        broken.shutdown().await?;

        let fixed = stage.worker().workflow(divides).activity(nothing).spawn()?;
        assert_eq!(handle.result().await?, 42);
        fixed.shutdown().await?;
        Ok(())
    })
    .await
}
