//! Children in every way in which they can be asked for, and who goes first.

use std::time::Duration;

use perpetua::prelude::*;
use perpetua::{Priority, WorkflowIdReusePolicy, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::EventKind;

use crate::facts::{asked_for, event};

/// A child that waits for a word.
#[derive(Default)]
struct Waiting {
    word: State<Option<String>>,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        ctx.wait_until(|| self.word.with(Option::is_some)).await?;
        Ok(self.word.get().unwrap_or_default())
    }

    #[signal]
    fn say(&self, word: String) {
        self.word.set(Some(word));
    }
}

#[workflow]
async fn asks_its_child_to_stop_when_it_ends(ctx: Ctx, id: String) -> WorkflowResult<()> {
    let child = ctx.child(Waiting::run()).id(id).parent_close(ParentClosePolicy::RequestCancel);
    drop(child.start().await?);
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_parent_may_ask_its_child_to_stop() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(asks_its_child_to_stop_when_it_ends).workflow(Waiting::run).spawn()?;
        let child = stage.id("child");
        let call = asks_its_child_to_stop_when_it_ends(child.to_string());
        stage.client().run(call).task_queue(stage.task_queue()).id(stage.id("parent")).await?;
        let child = stage.client().handle::<Waiting>(&child);
        let failure = child.result().await.expect_err("it was asked to stop");
        assert!(failure.is_canceled(), "{failure:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn says_at_once(_ctx: Ctx, word: String) -> WorkflowResult<String> {
    Ok(word)
}

/// Uses one id again and again.
#[workflow]
async fn uses_an_id_again(ctx: Ctx, id: String) -> WorkflowResult<Vec<String>> {
    let again = |policy| ctx.child(says_at_once("again".into())).id(&id).id_reuse(policy);
    let mut seen = vec![again(WorkflowIdReusePolicy::Unspecified).await?];
    for policy in [
        WorkflowIdReusePolicy::AllowDuplicate,
        WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
        WorkflowIdReusePolicy::RejectDuplicate,
    ] {
        seen.push(match again(policy).await {
            Err(ChildFailure::AlreadyStarted(_)) => "already started".to_owned(),
            other => other?,
        });
    }
    let first = ctx.child(Waiting::run()).id(&id).start().await?;
    seen.push(again(WorkflowIdReusePolicy::TerminateIfRunning).await?);
    seen.push(match first.result().await {
        Err(ChildFailure::Terminated(_)) => "terminated".to_owned(),
        other => format!("{other:?}"),
    });
    // Whoever asks again gets the same.
    seen.push(format!("{}", matches!(first.result().await, Err(ChildFailure::Terminated(_)))));
    Ok(seen)
}

#[tokio::test]
async fn an_id_may_be_used_again_as_the_policy_has_it() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let builder = stage.worker().workflow(uses_an_id_again).workflow(says_at_once);
        let worker = builder.workflow(Waiting::run).spawn()?;
        let call = uses_an_id_again(stage.id("child").to_string());
        let seen = stage.client().run(call).task_queue(stage.task_queue()).id(stage.id("parent")).await?;
        let refused = "already started";
        assert_eq!(seen, ["again", "again", refused, refused, "again", "terminated", "true"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn succeeds_the_second_time(ctx: Ctx) -> WorkflowResult<u32> {
    match ctx.info().attempt() {
        1 => Err(AnyError::message("not yet").into()),
        attempt => Ok(attempt),
    }
}

#[workflow]
async fn tries_its_child_again(ctx: Ctx) -> WorkflowResult<(u32, bool)> {
    let policy = RetryPolicy::exponential().first_wait(milliseconds(10));
    let attempt = ctx.child(succeeds_the_second_time()).retry(policy).await?;
    let limited = ctx.child(Waiting::run()).run_timeout(seconds(1)).await;
    Ok((attempt, matches!(limited, Err(ChildFailure::Timeout(..)))))
}

#[tokio::test]
async fn a_child_is_tried_again_and_has_limits() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let builder = stage.worker().workflow(tries_its_child_again).workflow(succeeds_the_second_time);
        let worker = builder.workflow(Waiting::run).spawn()?;
        let run = stage.client().run(tries_its_child_again()).task_queue(stage.task_queue());
        assert_eq!(run.id(stage.id("tries")).await?, (2, true));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn says_everything_of_its_child(ctx: Ctx, id: String, queue: String) -> WorkflowResult<()> {
    let child = ctx.child(Waiting::run()).id(id).task_queue(queue).parent_close(ParentClosePolicy::Abandon);
    let child = child.execution_timeout(minutes(3)).run_timeout(minutes(2)).task_timeout(seconds(7));
    let child = child.retry(RetryPolicy::exponential().max_attempts(4)).cron("@every 8h");
    drop(child.priority(Priority::new(2).fairness_key("vip").fairness_weight(2.5)).start().await?);
    Ok(())
}

#[tokio::test]
async fn what_is_said_of_a_child_is_in_its_history() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(says_everything_of_its_child).spawn()?;
        let queue = format!("{}-elsewhere", stage.task_queue());
        let id = stage.id("child");
        let call = says_everything_of_its_child(id.to_string(), queue.clone());
        stage.client().run(call).task_queue(stage.task_queue()).id(stage.id("parent")).await?;
        let history = stage.history(&id).await?;
        let Some(EventKind::WorkflowStarted(started)) = history.first().map(|event| &event.kind) else {
            return Err(format!("not the start of a run: {history:?}").into());
        };
        assert_eq!(started.task_queue.as_str(), queue);
        assert_eq!(started.execution_timeout, Some(minutes(3)));
        assert_eq!(started.run_timeout, Some(minutes(2)));
        assert_eq!(started.task_timeout, Some(seconds(7)));
        assert_eq!(started.retry_policy.as_ref().map(|policy| policy.maximum_attempts), Some(4));
        assert_eq!(started.cron_schedule, "@every 8h");
        assert_eq!(started.priority(), Some(Priority::new(2).fairness_key("vip").fairness_weight(2.5)));
        let child = stage.client().handle::<Waiting>(&id);
        child.terminate().await?;
        assert_eq!(child.describe().await?.status, WorkflowStatus::Terminated);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn its_priority(ctx: ActivityContext) -> Result<(i32, String, f32), ActivityError> {
    let Priority { key, fairness_key, fairness_weight } = ctx.info().priority.clone();
    Ok((key, fairness_key, fairness_weight))
}

#[workflow]
async fn asks_for_priorities(ctx: Ctx) -> WorkflowResult<Vec<(i32, String, f32)>> {
    let plain = ctx.activity(its_priority()).start_to_close(seconds(30));
    let own = ctx.activity(its_priority()).start_to_close(seconds(30)).priority(Priority::new(1));
    let vip = Priority::default().fairness_key("vip").fairness_weight(3.0);
    let fair = ctx.activity(its_priority()).start_to_close(seconds(30)).priority(vip);
    Ok(vec![plain.await?, own.await?, fair.await?])
}

#[tokio::test]
async fn activities_have_the_priority_of_their_workflow_where_they_have_none_of_their_own() -> Outcome {
    both_ways(async |stage| {
        // Attempts that come back at once have been in no queue.
        let builder = stage.worker().workflow(asks_for_priorities).activity(its_priority);
        let worker = builder.disable_eager_activities().spawn()?;
        let run = stage.client().run(asks_for_priorities()).task_queue(stage.task_queue()).id(stage.id("asks"));
        let seen = run.priority(Priority::new(4).fairness_key("calm").fairness_weight(0.5)).await?;
        let expected = [(4, "calm", 0.5), (1, "calm", 0.5), (4, "vip", 3.0)];
        assert_eq!(seen, expected.map(|(key, fairness, weight)| (key, fairness.to_owned(), weight)));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Waits for longer than anybody can, unless it is told not to.
#[derive(Default)]
struct Patient {
    enough: State<bool>,
}

#[workflow]
impl Patient {
    #[run]
    async fn run(&self, ctx: Ctx, time: Duration) -> WorkflowResult<bool> {
        select! {
            slept = ctx.sleep(time) => {
                slept?;
                Ok(false)
            }
            waited = ctx.wait_until(|| self.enough.get()) => {
                waited?;
                Ok(true)
            }
        }
    }

    #[signal]
    fn stop_waiting(&self) {
        self.enough.set(true);
    }
}

#[tokio::test]
async fn a_sleep_may_be_as_long_as_anybody_can_say() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Patient::run).spawn()?;
        for (name, time) in [("centuries", days(365 * 500)), ("longest", Duration::MAX)] {
            let id = stage.id(name);
            let handle = stage.client().start(Patient::run(time)).task_queue(stage.task_queue()).id(&id).await?;
            event(&handle, "TimerStarted").await?;
            handle.stop_waiting().await?;
            assert!(handle.result().await?, "{name}");
            let expected = ["TimerStarted", "TimerCanceled", "WorkflowExecutionCompleted"];
            assert_eq!(asked_for(stage, &id).await?, expected);
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
