//! What fails the workflow and what fails the task, as the server sees it: the table of `docs/failures.md`.

use std::collections::BTreeMap;

use perpetua::prelude::*;
use perpetua::{
    BoxFuture, CodecError, DataConverter, Payload, PayloadCodec, WorkflowDefinition, WorkflowHandle, WorkflowStatus,
};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::WorkflowTaskFailedCause;

use crate::facts::{asked_for, count, event, task_failure};

#[activity]
async fn step(number: u32) -> Result<u32, ActivityError> {
    Ok(number)
}

/// A workflow that can be made to do everything wrong.
#[derive(Default)]
struct Mistakes {
    done: State<bool>,
    counted: State<u32>,
}

#[workflow]
impl Mistakes {
    #[init]
    fn new(_ctx: &Ctx, how: &str) -> Self {
        assert_ne!(how, "panics in init");
        Self::default()
    }

    #[run]
    async fn run(&self, ctx: Ctx, how: String) -> WorkflowResult<u32> {
        match how.as_str() {
            "panics in a task" => ctx.spawn(async { panic!("in a task") }).await,
            "panics in a condition" => ctx.wait_until(|| panic!("in a condition")).await?,
            "writes in a condition" => ctx.wait_until(|| self.done.replace(true)).await?,
            _ => ctx.wait_until(|| self.done.get()).await?,
        }
        Ok(self.counted.get())
    }

    #[signal]
    fn panic(&self) {
        panic!("at the signal");
    }

    #[signal]
    fn fail(&self) -> WorkflowResult<()> {
        Err(AnyError::message("so says a signal").failure_type("Signaled").into())
    }

    #[signal]
    async fn renew(&self, ctx: Ctx) -> WorkflowResult<()> {
        self.done.set(true);
        ctx.continue_as_new(Mistakes::run("goes on".into()))
    }

    #[signal]
    fn set(&self, number: u32) {
        self.counted.set(number);
    }

    #[signal]
    fn finish(&self) {
        self.done.set(true);
    }

    #[update]
    fn panic_now(&self) -> Result<(), AnyError> {
        panic!("at the update");
    }

    #[update(validator = check_count)]
    fn count(&self, number: u32) -> Result<u32, AnyError> {
        self.counted.update(|counted| *counted += number);
        Ok(self.counted.get())
    }

    fn check_count(&self, number: &u32) -> Result<(), AnyError> {
        match number {
            0 => panic!("nothing to count"),
            13 => self.done.set(true),
            _ => {}
        }
        Ok(())
    }

    #[update]
    fn answer_what_json_cannot_say(&self) -> Result<BTreeMap<(u8, u8), u8>, AnyError> {
        Ok(BTreeMap::from([((1, 2), 3)]))
    }

    #[update]
    async fn renew_now(&self, ctx: Ctx) -> WorkflowResult<()> {
        ctx.continue_as_new(Mistakes::run("goes on".into()))
    }

    #[query]
    fn counted(&self) -> u32 {
        self.counted.get()
    }
}

/// Waits for the first failed task, checks what was said, and ends the workflow, which would fail for ever.
async fn fails_its_task(handle: &WorkflowHandle<impl WorkflowDefinition>, message: &str) -> Outcome {
    let (cause, said) = task_failure(handle).await?;
    assert_eq!(cause, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    assert!(said.contains(message), "`{message}` is not in: {said}");
    assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
    Ok(handle.terminate().await?)
}

#[tokio::test]
async fn panics_and_trespasses_fail_the_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Mistakes::run).spawn()?;
        let cases = [
            ("panics in init", "workflow `Mistakes` panicked in its `#[init]` function"),
            ("panics in a task", "workflow `Mistakes` panicked in a spawned task: in a task"),
            ("panics in a condition", "workflow `Mistakes` panicked in its main function: in a condition"),
            ("writes in a condition", "a condition of `wait_until` wrote to a `State`"),
        ];
        for (how, message) in cases {
            let start = stage.client().start(Mistakes::run(how.into())).task_queue(stage.task_queue());
            let handle = start.id(stage.id(how)).await?;
            fails_its_task(&handle, message).await?;
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_panic_in_a_handler_fails_the_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Mistakes::run).spawn()?;
        let start = async |name: &str| {
            let start = stage.client().start(Mistakes::run("waits".into())).task_queue(stage.task_queue());
            let handle = start.id(stage.id(name)).await?;
            assert_eq!(handle.counted().await?, 0);
            Outcome::Ok(handle)
        };
        let handle = start("at a signal").await?;
        handle.panic().await?;
        fails_its_task(&handle, "workflow `Mistakes` panicked in the handler of signal `panic`: at the signal").await?;
        // Nobody gets an answer to these: the failed task is what there is to see.
        let cases = [
            ("panic_now", "workflow `Mistakes` panicked in the handler of update `panic_now`: at the update"),
            ("answer_what_json_cannot_say", "the answer to update `answer_what_json_cannot_say` cannot be sent"),
            ("renew_now", "the handler of update `renew_now` continued as new"),
            ("count", "an update validator wrote to a `State`"),
        ];
        for (update, message) in cases {
            // What becomes of the tasks of an update is for the server to decide, and not compared.
            let start = stage.client().start(Mistakes::run("waits".into())).task_queue(stage.task_queue());
            let handle = start.await?;
            assert_eq!(handle.counted().await?, 0);
            let asked = async {
                match update {
                    "count" => handle.count(13).await.is_err(),
                    _ => handle.update_named::<_, (), AnyError>(update, ()).await.is_err(),
                }
            };
            let (is_refused, failed) = tokio::join!(asked, fails_its_task(&handle, message));
            failed.map_err(|error| format!("{update}: {error}"))?;
            assert!(is_refused, "{update}");
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_fails_something_smaller_leaves_the_workflow_alone() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Mistakes::run).spawn()?;
        let start = stage.client().start(Mistakes::run("waits".into())).task_queue(stage.task_queue());
        let handle = start.id(stage.id("waits")).await?;
        assert_eq!(handle.counted().await?, 0);
        // A validator that panics refuses its update, and arguments that cannot be read do.
        let refused = handle.count(0).await.expect_err("its validator panics").to_string();
        assert!(refused.contains("the validator of update `count` panicked"), "{refused}");
        let text = handle.update_named::<_, u32, AnyError>("count", ("three".to_owned(),)).await.map(drop);
        let refused = text.expect_err("it is no number").to_string();
        assert!(refused.contains("argument"), "{refused}");
        // A signal that cannot be read is dropped.
        handle.signal_named("set", ("three".to_owned(),)).await?;
        assert_eq!(handle.count(3).await?, 3);
        handle.finish().await?;
        assert_eq!(handle.result().await?, 3);
        assert_eq!(count(&stage.history(handle.id()).await?, "WorkflowTaskFailed"), 0);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_signal_handler_may_fail_the_workflow_or_begin_it_anew() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Mistakes::run).spawn()?;
        let start = stage.client().start(Mistakes::run("waits".into())).task_queue(stage.task_queue());
        let handle = start.id(stage.id("fails")).await?;
        assert_eq!(handle.counted().await?, 0);
        handle.fail().await?;
        let failure = handle.result().await.expect_err("a signal failed it");
        assert_eq!(failure.remote().and_then(|remote| remote.failure_type()), Some("Signaled"));

        let start = stage.client().start(Mistakes::run("waits".into())).task_queue(stage.task_queue());
        let handle = start.id(stage.id("renews")).await?;
        assert_eq!(handle.counted().await?, 0);
        handle.renew().await?;
        let first = handle.result().first_run_only().await;
        assert!(matches!(first, Err(WorkflowFailure::ContinuedAsNew { .. })), "{first:?}");
        assert_eq!(handle.counted().await?, 0);
        handle.finish().await?;
        assert_eq!(handle.result().await?, 0);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn renews_in_a_task(ctx: Ctx, last: bool) -> WorkflowResult<bool> {
    if last {
        return Ok(true);
    }
    let inner = ctx.clone();
    ctx.spawn(async move { inner.continue_as_new(renews_in_a_task(true)) }).await
}

#[tokio::test]
async fn what_a_task_asked_for_continues_as_new_when_the_main_function_returns_it() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(renews_in_a_task).spawn()?;
        let start = stage.client().start(renews_in_a_task(false)).task_queue(stage.task_queue());
        assert!(start.id(stage.id("renews")).await?.result().await?);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

// What the worker is told
// -----------------------

#[workflow(name = "changes")]
async fn before(ctx: Ctx) -> WorkflowResult<u32> {
    ctx.activity(step(1)).start_to_close(seconds(10)).await?;
    ctx.sleep(days(1)).await?;
    Ok(1)
}

#[workflow(name = "changes")]
async fn after(ctx: Ctx) -> WorkflowResult<u32> {
    ctx.sleep(days(1)).await?;
    Ok(2)
}

#[workflow]
async fn panics(_ctx: Ctx) -> WorkflowResult<()> {
    panic!("for good")
}

#[tokio::test]
async fn a_worker_may_fail_workflows_for_panics_and_nondeterminism() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().workflow(before).workflow(panics).activity(step);
        let worker = builder.fail_workflow_on_panic().spawn()?;
        // How these end was not decided by their code, so their histories are not replayed.
        let handle = stage.client().start(panics()).task_queue(stage.task_queue()).await?;
        let failure = handle.result().await.expect_err("it panics");
        assert_eq!(failure.remote().and_then(|remote| remote.failure_type()), Some("Panic"), "{failure:?}");
        let handle = stage.client().start(before()).task_queue(stage.task_queue()).await?;
        event(&handle, "TimerStarted").await?;
        worker.shutdown().await?;

        let worker = stage.worker().workflow(after).fail_workflow_on_nondeterminism().spawn()?;
        handle.cancel().await?;
        let failure = handle.result().await.expect_err("the code has changed");
        assert_eq!(failure.remote().and_then(|remote| remote.failure_type()), Some("Nondeterminism"), "{failure:?}");
        let expected = ["ActivityTaskScheduled", "TimerStarted", "WorkflowExecutionFailed"];
        assert_eq!(asked_for(stage, handle.id()).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// A codec whose key is destroyed.
#[derive(Debug)]
struct Vault;

impl PayloadCodec for Vault {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Ok(payloads) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async move {
            if payloads.is_empty() {
                Ok(payloads)
            } else {
                Err(CodecError::new("the key is destroyed").non_retryable())
            }
        })
    }
}

#[tokio::test]
async fn what_can_never_be_decoded_fails_the_workflow() -> Outcome {
    both_ways(async |stage| {
        let client = stage.client().with_converter(DataConverter::default().with_codec(Vault));
        let worker = Worker::builder(&client, stage.task_queue()).workflow(Mistakes::run).spawn()?;
        let start = stage.client().start(Mistakes::run("waits".into())).task_queue(stage.task_queue());
        let failure = start.await?.result().await.expect_err("its input is lost");
        assert_eq!(failure.remote().and_then(|remote| remote.failure_type()), Some("CodecError"), "{failure:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
