//! What goes wrong before anything runs, and what workflow code must not do: each mistake is explained.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError, mpsc};

use perpetua::client::RpcDetail;
use perpetua::prelude::*;
use perpetua::{
    BuildError, ConnectError, IdConflict, IdReuse, RawValue, StartError, WorkerError, WorkflowDefinition,
    WorkflowHandle, WorkflowId, WorkflowStatus,
};
use perpetua_testkit::{Outcome, both_ways, connect_or_start};
use perpetua_vocab::WorkflowTaskFailedCause;

use crate::facts::{count, event, task_failure};

crate::recorded::replayed_with!(
    adds,
    forgets_the_limit,
    blocks_its_thread,
    awaits_a_channel,
    awaits_another_runtimes_timer,
    Listener,
    returns_what_json_cannot_say,
    asks_for_a_huge_text,
    returns_a_huge_text
);

#[tokio::test]
async fn an_address_where_nobody_listens_is_named_with_what_to_do() -> Outcome {
    let address = {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.local_addr()?.to_string()
    };
    let error = Client::connect(&address).await.expect_err("nobody listens there any more");
    assert!(
        matches!(&error, ConnectError::Unreachable { address: named, .. } if named.contains(&address)),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(message.contains(&address) && message.contains("temporal server start-dev"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_named() -> Outcome {
    let client = connect_or_start().await?;
    let error = Client::builder().address(client.address()).namespace("nowhere").connect().await;
    match error.expect_err("there is no such namespace") {
        ConnectError::Rpc(error) => {
            assert!(error.is_not_found(), "{error:?}");
            assert!(error.to_string().contains("nowhere"), "{error}");
            let named = RpcDetail::NamespaceNotFound { namespace: "nowhere".into() };
            assert_eq!(error.details(), [named]);
        }
        other => panic!("unexpected: {other:?}"),
    }
    // A client that does not ask first leaves it to the worker to find out.
    let worker = Worker::builder(&client.in_namespace("nowhere")?, "queue").activity(nothing).spawn()?;
    match worker.ended().await {
        Err(WorkerError::NamespaceNotFound { namespace, .. }) => assert_eq!(namespace, "nowhere"),
        other => panic!("unexpected: {other:?}"),
    }
    Ok(())
}

#[activity]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

#[activity(name = "nothing")]
async fn nothing_again() -> Result<(), ActivityError> {
    Ok(())
}

#[workflow(name = "adds")]
async fn adds_again(_ctx: Ctx) -> WorkflowResult<()> {
    Ok(())
}

#[tokio::test]
async fn a_worker_that_could_do_nothing_is_not_built() -> Outcome {
    let client = connect_or_start().await?;
    let error = Worker::builder(&client, "orders").build().expect_err("nothing is registered");
    assert!(matches!(error, BuildError::NothingRegistered { .. }), "{error:?}");
    assert!(error.to_string().contains("`orders`") && error.to_string().contains(".workflow(..)"), "{error}");
    let error = Worker::builder(&client, "").workflow(adds).build().expect_err("the queue has no name");
    assert!(matches!(error, BuildError::EmptyTaskQueue), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn two_definitions_of_one_name_are_both_named() -> Outcome {
    let client = connect_or_start().await?;
    let builder = Worker::builder(&client, "orders").workflow(adds).workflow(adds_again);
    let error = builder.activity(nothing).activity(nothing_again).build().expect_err("each name is given twice");
    let message = error.to_string();
    let expected = [
        "workflow `adds` is registered twice: by ",
        "bad_input::adds and by ",
        "bad_input::adds_again",
        "activity `nothing` is registered twice: by ",
        "bad_input::nothing and by ",
        "bad_input::nothing_again",
    ];
    for part in expected {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    Ok(())
}

#[workflow]
async fn adds(_ctx: Ctx, left: u64, right: u64) -> WorkflowResult<u64> {
    Ok(left + right)
}

/// Waits for the first failed task of a workflow, checks what was said, and ends the workflow, which would fail for ever.
async fn fails_with(handle: &WorkflowHandle<impl WorkflowDefinition>, parts: &[&str]) -> Outcome {
    let (cause, message) = task_failure(handle).await?;
    assert_eq!(cause, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
    Ok(handle.terminate().await?)
}

#[tokio::test]
async fn an_argument_that_cannot_be_read_fails_the_task_and_says_which() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(adds).spawn()?;
        let call = Workflow::named("adds").args((1, "two".to_owned()));
        let handle = stage.client().start(call).task_queue(stage.task_queue()).id(stage.id("adds")).await?;
        fails_with(&handle, &["workflow `adds` cannot be started", "argument 2"]).await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_result_that_cannot_be_read_says_what_was_wanted_and_what_came() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(adds).spawn()?;
        let call = Workflow::named("adds").args((1, 2)).returning::<String>();
        let start = stage.client().run(call).task_queue(stage.task_queue());
        let failure = start.id(stage.id("adds")).await.expect_err("the sum is no text");
        let WorkflowFailure::Undecodable(error) = &failure else { panic!("{failure:?}") };
        assert!(error.to_string().contains("String"), "{error}");
        assert!(failure.remote().is_none() && failure.rpc().is_none());
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_workflow_that_nobody_registered_is_named_with_those_that_are() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(adds).workflow(forgets_the_limit).spawn()?;
        let call = Workflow::named("subtracts").args((2, 1));
        let handle = stage.client().start(call).task_queue(stage.task_queue()).id(stage.id("subtracts")).await?;
        fails_with(&handle, &["`subtracts` is not registered", "registered: `adds`, `forgets_the_limit`"]).await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn forgets_the_limit(ctx: Ctx) -> WorkflowResult<()> {
    Ok(ctx.activity(nothing()).await?)
}

#[tokio::test]
async fn an_activity_without_a_limit_is_pointed_at() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(forgets_the_limit).activity(nothing).spawn()?;
        let start = stage.client().start(forgets_the_limit()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("forgets")).await?;
        let parts = ["activity `nothing` has neither `.start_to_close(..)` nor", "e2e/bad_input.rs:"];
        fails_with(&handle, &parts).await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Held by a test for as long as its workflow shall block, the first time that it runs.
static TURNSTILES: Mutex<BTreeMap<WorkflowId, mpsc::Receiver<()>>> = Mutex::new(BTreeMap::new());

#[workflow]
async fn blocks_its_thread(ctx: Ctx) -> WorkflowResult<String> {
    let id = ctx.info().execution().workflow_id.clone();
    let turnstile = TURNSTILES.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    if let Some(turnstile) = turnstile {
        _ = turnstile.recv();
    }
    Ok("at last".into())
}

#[tokio::test]
async fn a_workflow_that_blocks_its_thread_is_named_and_others_go_on() -> Outcome {
    both_ways(async |stage| {
        let (hold, turnstile) = mpsc::channel::<()>();
        let id = stage.id("blocks");
        TURNSTILES.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), turnstile);
        let builder = stage.worker().lanes(1).deadlock_timeout(milliseconds(300));
        let worker = builder.workflow(blocks_its_thread).workflow(adds).spawn()?;
        let start = stage.client().start(blocks_its_thread()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        let (_, message) = task_failure(&handle).await?;
        for part in ["`blocks_its_thread`", id.as_str(), "did not yield", "TMPRL1101", "put them in an activity"] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
        // There is one lane, and it was the one that is stuck.
        let start = stage.client().run(adds(1, 2)).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("adds")).await?, 3);

        drop(hold);
        assert_eq!(handle.result().await?, "at last");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn awaits_a_channel(_ctx: Ctx) -> WorkflowResult<()> {
    let (_sender, receiver) = tokio::sync::oneshot::channel::<()>();
    Ok(receiver.await?)
}

#[workflow]
async fn awaits_another_runtimes_timer(_ctx: Ctx) -> WorkflowResult<()> {
    tokio::time::sleep(milliseconds(10)).await;
    Ok(())
}

#[tokio::test]
async fn a_workflow_that_awaits_something_foreign_is_told_what_to_do_instead() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(awaits_a_channel).workflow(awaits_another_runtimes_timer).spawn()?;
        let start = stage.client().start(awaits_a_channel()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("channel")).await?;
        let foreign = "it awaits a future of another runtime, thread or channel";
        fails_with(&handle, &[foreign, "await operations of `Ctx` only"]).await?;
        let start = stage.client().start(awaits_another_runtimes_timer()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("timer")).await?;
        let found = if perpetua::guard::is_active() { "used a timer of tokio" } else { "panicked" };
        fails_with(&handle, &[found]).await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// What workflows that await it are woken with, by the tests.
static FOREIGN: Mutex<BTreeMap<WorkflowId, tokio::sync::oneshot::Sender<()>>> = Mutex::new(BTreeMap::new());

/// A workflow that takes a signal, so that nobody can know that what it awaits will never come.
#[derive(Default)]
struct Listener {
    told: State<bool>,
}

#[workflow]
impl Listener {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<bool> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let id = ctx.info().execution().workflow_id.clone();
        FOREIGN.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        receiver.await?;
        Ok(self.told.get())
    }

    #[signal]
    fn tell(&self) {
        self.told.set(true);
    }

    #[query]
    fn is_told(&self) -> bool {
        self.told.get()
    }
}

#[tokio::test]
async fn a_workflow_that_is_woken_from_outside_fails_its_next_task_and_waits_on() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Listener::run).spawn()?;
        let start = stage.client().start(Listener::run()).task_queue(stage.task_queue());
        let id = stage.id("listener");
        let handle = start.id(&id).await?;
        event(&handle, "WorkflowTaskCompleted").await?;
        let sender = FOREIGN.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        // Evicted, the workflow may have dropped its end already; then nobody is woken.
        _ = sender.ok_or("the workflow made a channel")?.send(());
        handle.tell().await?;
        assert!(handle.is_told().await?);
        if stage.is_cached() {
            let (_, message) = task_failure(&handle).await?;
            assert!(
                message.contains("was woken in its main function by something that is not part of it"),
                "{message}"
            );
        }
        // The next try has nothing that could wake it, and waits for ever.
        assert_eq!(count(&handle.history().await?.events, "WorkflowTaskFailed"), usize::from(stage.is_cached()));
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
        handle.terminate().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn returns_what_json_cannot_say(_ctx: Ctx) -> WorkflowResult<BTreeMap<(u8, u8), u8>> {
    Ok([((1, 2), 3)].into())
}

#[tokio::test]
async fn a_result_that_cannot_be_sent_fails_the_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(returns_what_json_cannot_say).spawn()?;
        let call = Workflow::named("returns_what_json_cannot_say").args(()).returning::<RawValue>();
        let handle = stage.client().start(call).task_queue(stage.task_queue()).id(stage.id("map")).await?;
        fails_with(&handle, &["the result of workflow `returns_what_json_cannot_say` cannot be sent"]).await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_id_that_is_taken_is_named_with_its_run() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Listener::run).spawn()?;
        let id = stage.id("listener");
        let start = || stage.client().start(Listener::run()).task_queue(stage.task_queue()).id(&id);
        let handle = start().await?;
        match start().await {
            Err(StartError::AlreadyStarted { workflow_id, run_id, .. }) => {
                assert_eq!((&workflow_id, Some(&run_id)), (&id, handle.run_id()));
            }
            other => panic!("unexpected: {other:?}"),
        }
        assert_eq!(start().id_conflict(IdConflict::UseExisting).await?.run_id(), handle.run_id());
        handle.terminate().await?;
        let refused = start().id_reuse(IdReuse::RejectDuplicate).await;
        assert!(matches!(refused, Err(StartError::AlreadyStarted { .. })), "{refused:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Larger than what the server takes in one message.
const HUGE: usize = 5 << 20;

#[activity]
async fn makes_a_huge_text() -> Result<String, ActivityError> {
    Ok("x".repeat(HUGE))
}

#[workflow]
async fn asks_for_a_huge_text(ctx: Ctx) -> WorkflowResult<String> {
    let text = ctx.activity(makes_a_huge_text()).start_to_close(minutes(5)).retry(RetryPolicy::none()).await;
    match text {
        Ok(text) => Ok(format!("{} bytes", text.len())),
        Err(failure) => Ok(failure.remote().cause().and_then(|cause| cause.failure_type()).unwrap_or_default().into()),
    }
}

#[workflow]
async fn returns_a_huge_text(_ctx: Ctx) -> WorkflowResult<String> {
    Ok("x".repeat(HUGE))
}

#[tokio::test]
async fn what_is_too_large_to_be_sent_does_not_go_unnoticed() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().workflow(asks_for_a_huge_text).activity(makes_a_huge_text);
        let worker = builder.workflow(returns_a_huge_text).spawn()?;
        let start = stage.client().run(asks_for_a_huge_text()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("activity")).await?, "ResultRefused");
        // The worker says that its answer was refused, and the server ends the workflow in words of its own.
        let start = stage.client().run(returns_a_huge_text()).task_queue(stage.task_queue());
        match start.id(stage.id("workflow")).await {
            Err(WorkflowFailure::Terminated { reason, .. }) => assert_eq!(reason, "GrpcMessageTooLarge"),
            other => panic!("unexpected: {other:?}"),
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
