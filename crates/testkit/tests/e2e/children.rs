//! Child workflows, and workflows that speak to others.

use perpetua::prelude::*;
use perpetua::{ChildCancellationType, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};

use crate::facts::{asked_for, count, event};

crate::recorded::replayed_with!(
    reserves,
    orders,
    passes_on,
    Approval,
    approves_its_child,
    finds_the_id_in_use,
    speaks_to_others,
    Guardian,
    waits_for_its_child,
    leaves_its_children,
    orders_elsewhere
);

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum StockError {
    #[error("{item} is sold out")]
    SoldOut { item: String },
}

#[workflow]
async fn reserves(_ctx: Ctx, item: String, count: u32) -> WorkflowResult<String, StockError> {
    match count {
        0 => Err(StockError::SoldOut { item }.into()),
        _ => Ok(format!("{count} x {item}")),
    }
}

#[workflow]
async fn orders(ctx: Ctx, item: String, count: u32) -> WorkflowResult<String> {
    match ctx.child(reserves(item, count)).summary("reserve it").await {
        Ok(reserved) => Ok(reserved),
        Err(ChildFailure::Application(StockError::SoldOut { item }, ..)) => Ok(format!("no {item} left")),
        Err(failure) => Err(failure.into()),
    }
}

#[tokio::test]
async fn a_child_returns_a_value_or_its_own_error() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(orders).workflow(reserves).spawn()?;
        for (name, count, expected) in [("some", 3, "3 x tea"), ("none", 0, "no tea left")] {
            let id = stage.id(name);
            let run = stage.client().run(orders("tea".into(), count)).task_queue(stage.task_queue()).id(&id);
            assert_eq!(run.await?, expected);
            let expected = ["StartChildWorkflowExecutionInitiated", "WorkflowExecutionCompleted"];
            assert_eq!(asked_for(stage, &id).await?, expected);
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn passes_on(ctx: Ctx) -> WorkflowResult<String, StockError> {
    Ok(ctx.child(reserves("tea".into(), 0)).await?)
}

#[tokio::test]
async fn the_failure_of_a_child_is_passed_on_whole() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(passes_on).workflow(reserves).spawn()?;
        let run = stage.client().run(passes_on()).task_queue(stage.task_queue()).id(stage.id("passes on"));
        let failure = format!("{:?}", run.await.expect_err("the child failed"));
        assert!(failure.contains("SoldOut") && failure.contains("tea is sold out"), "{failure}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// A child that waits for a word.
#[derive(Default)]
struct Approval {
    approved_by: State<Option<String>>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        ctx.wait_until(|| self.approved_by.with(Option::is_some)).await?;
        Ok(self.approved_by.get().unwrap_or_default())
    }

    #[signal]
    fn approve(&self, by: String) {
        self.approved_by.set(Some(by));
    }
}

#[workflow]
async fn approves_its_child(ctx: Ctx, id: String) -> WorkflowResult<(bool, String)> {
    let child = ctx.child(Approval::run()).id(&id).start().await?;
    let is_same = *child.id() == *id && !child.run_id().is_empty();
    child.approve("ann".into()).await?;
    Ok((is_same, child.result().await?))
}

#[tokio::test]
async fn a_child_takes_signals() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(approves_its_child).workflow(Approval::run).spawn()?;
        let child = stage.id("child").to_string();
        let run = stage.client().run(approves_its_child(child)).task_queue(stage.task_queue());
        assert_eq!(run.id(stage.id("parent")).await?, (true, "ann".to_owned()));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn finds_the_id_in_use(ctx: Ctx, id: String) -> WorkflowResult<(String, bool)> {
    let first = ctx.child(Approval::run()).id(&id).start().await?;
    let second = ctx.child(Approval::run()).id(&id).start().await;
    let why = match second {
        Err(ChildFailure::AlreadyStarted(remote)) => remote.cause().map(ToString::to_string).unwrap_or_default(),
        other => format!("{other:?}"),
    };
    let third = ctx.child(Approval::run()).id(&id).await;
    first.approve("ann".into()).await?;
    first.result().await?;
    Ok((why, matches!(third, Err(ChildFailure::AlreadyStarted(_)))))
}

#[tokio::test]
async fn an_id_in_use_is_told_to_who_starts_and_to_who_waits() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(finds_the_id_in_use).workflow(Approval::run).spawn()?;
        let child = stage.id("child").to_string();
        let run = stage.client().run(finds_the_id_in_use(child.clone())).task_queue(stage.task_queue());
        let (why, third) = run.id(stage.id("parent")).await?;
        assert_eq!(why, format!("WorkflowAlreadyStarted: the workflow id {child} is in use"));
        assert!(third);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn speaks_to_others(ctx: Ctx, known: String, canceled: String, unknown: String) -> WorkflowResult<Vec<String>> {
    let mut seen = Vec::new();
    ctx.external::<Approval>(&known).approve("bob".into()).await?;
    ctx.external::<Approval>(&canceled).cancel().reason("nobody needs it").await?;
    let nobody = ctx.external::<Approval>(&unknown);
    for failure in [nobody.approve("bob".into()).await, nobody.cancel().await] {
        match failure {
            Err(ExternalFailure::NotFound(id)) => seen.push(format!("not found: {}", id == *unknown)),
            other => seen.push(format!("{other:?}")),
        }
    }
    Ok(seen)
}

#[tokio::test]
async fn signals_and_requests_to_stop_reach_other_workflows() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(speaks_to_others).workflow(Approval::run).spawn()?;
        let (known, canceled) = (stage.id("known"), stage.id("canceled"));
        let known_handle = stage.client().start(Approval::run()).task_queue(stage.task_queue()).id(&known).await?;
        let canceled_handle =
            stage.client().start(Approval::run()).task_queue(stage.task_queue()).id(&canceled).await?;
        let call = speaks_to_others(known.to_string(), canceled.to_string(), format!("no-{known}"));
        let seen = stage.client().run(call).task_queue(stage.task_queue()).id(stage.id("speaker")).await?;
        assert_eq!(seen, ["not found: true", "not found: true"]);
        assert_eq!(known_handle.result().await?, "bob");
        let failure = canceled_handle.result().await.expect_err("it was canceled");
        assert!(failure.is_canceled(), "{failure:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

fn cancellation(name: &str) -> ChildCancellationType {
    match name {
        "abandon" => ChildCancellationType::Abandon,
        "try" => ChildCancellationType::TryCancel,
        "requested" => ChildCancellationType::WaitCancellationRequested,
        _ => ChildCancellationType::WaitCancellationCompleted,
    }
}

/// Cancels a child, and stays until it is let go: what a workflow asks of others in its last turn is not done.
#[derive(Default)]
struct Guardian {
    gives_up: State<bool>,
    may_end: State<bool>,
}

#[workflow]
impl Guardian {
    #[run]
    async fn run(&self, ctx: Ctx, id: String, how: String) -> WorkflowResult<bool> {
        let child = ctx.child(Approval::run()).id(&id).cancellation(cancellation(&how));
        let child = child.parent_close(ParentClosePolicy::Abandon);
        let is_canceled = if how == "dropped" {
            select! {
                _ = child => false,
                _ = ctx.wait_until(|| self.gives_up.get()) => true,
            }
        } else {
            let child = child.start().await?;
            child.cancel();
            matches!(child.result().await, Err(ChildFailure::Canceled(_)))
        };
        ctx.wait_until(|| self.may_end.get()).await?;
        Ok(is_canceled)
    }

    #[signal]
    fn give_up(&self) {
        self.gives_up.set(true);
    }

    #[signal]
    fn end(&self) {
        self.may_end.set(true);
    }
}

#[tokio::test]
async fn a_child_is_canceled_as_its_type_has_it() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(Guardian::run).workflow(Approval::run).spawn()?;
        for how in ["abandon", "try", "requested", "completed", "dropped"] {
            let (parent, child) = (stage.id(how), stage.id(&format!("child {how}")));
            let call = Guardian::run(child.to_string(), how.to_owned());
            let guardian = stage.client().start(call).task_queue(stage.task_queue()).id(&parent).await?;
            let child = stage.client().handle::<Approval>(&child);
            event(&guardian, "ChildWorkflowExecutionStarted").await?;
            guardian.give_up().await?;
            if how == "abandon" {
                child.approve("ann".into()).await?;
                assert_eq!(child.result().await?, "ann");
            } else {
                event(&guardian, "ExternalWorkflowExecutionCancelRequested").await?;
                let failure = child.result().await.expect_err("it was canceled");
                assert!(failure.is_canceled(), "{how}: {failure:?}");
            }
            guardian.end().await?;
            assert!(guardian.result().await?, "{how}");
            let asked = count(&stage.history(&parent).await?, "RequestCancelExternalWorkflowExecutionInitiated");
            assert_eq!(asked, usize::from(how != "abandon"), "{how}");
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Starts a child and is canceled.
#[workflow]
async fn waits_for_its_child(ctx: Ctx, id: String) -> WorkflowResult<String> {
    Ok(ctx.child(Approval::run()).id(id).await?)
}

#[tokio::test]
async fn canceling_a_workflow_cancels_its_children() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(waits_for_its_child).workflow(Approval::run).spawn()?;
        let (parent, child) = (stage.id("parent"), stage.id("child"));
        let call = waits_for_its_child(child.to_string());
        let handle = stage.client().start(call).task_queue(stage.task_queue()).id(&parent).await?;
        event(&handle, "ChildWorkflowExecutionStarted").await?;
        handle.cancel().await?;
        let failure = handle.result().await.expect_err("it was canceled");
        assert!(failure.is_canceled(), "{failure:?}");
        let child = stage.client().handle::<Approval>(&child);
        assert_eq!(child.describe().await?.status, WorkflowStatus::Canceled);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Ends while its children run.
#[workflow]
async fn leaves_its_children(ctx: Ctx, abandoned: String, terminated: String) -> WorkflowResult<()> {
    ctx.child(Approval::run()).id(abandoned).parent_close(ParentClosePolicy::Abandon).start().await?;
    ctx.child(Approval::run()).id(terminated).parent_close(ParentClosePolicy::Terminate).start().await?;
    Ok(())
}

#[tokio::test]
async fn children_outlive_their_parent_or_not() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(leaves_its_children).workflow(Approval::run).spawn()?;
        let (abandoned, terminated) = (stage.id("abandoned"), stage.id("terminated"));
        let call = leaves_its_children(abandoned.to_string(), terminated.to_string());
        stage.client().run(call).task_queue(stage.task_queue()).id(stage.id("parent")).await?;
        let abandoned = stage.client().handle::<Approval>(&abandoned);
        abandoned.approve("ann".into()).await?;
        assert_eq!(abandoned.result().await?, "ann");
        let terminated = stage.client().handle::<Approval>(&terminated);
        terminated.result().await.expect_err("it was terminated");
        assert_eq!(terminated.describe().await?.status, WorkflowStatus::Terminated);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn orders_elsewhere(ctx: Ctx, queue: String) -> WorkflowResult<String> {
    Ok(ctx.child(reserves("tea".into(), 2)).task_queue(queue).await?)
}

#[tokio::test]
async fn a_child_may_run_on_another_queue() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let queue = format!("{}-stock", stage.task_queue());
        let worker = stage.worker().workflow(orders_elsewhere).spawn()?;
        let stock = Worker::builder(stage.client(), &queue).workflow(reserves).spawn()?;
        let run = stage.client().run(orders_elsewhere(queue)).task_queue(stage.task_queue());
        assert_eq!(run.id(stage.id("elsewhere")).await?, "2 x tea");
        stock.shutdown().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
