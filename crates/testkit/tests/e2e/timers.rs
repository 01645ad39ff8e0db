//! Timers: what waits for them, and what is left of them when nobody does.

use std::future::IntoFuture;
use std::rc::Rc;

use perpetua::prelude::*;
use perpetua_testkit::{Outcome, both_ways};

use crate::facts::{asked_for, event};

crate::recorded::replayed_with!(
    sleeps,
    sleeps_not_at_all,
    prefers_the_activity,
    loses_the_timer_at_once,
    drops_a_timer_that_runs,
    Door,
    has_three_tasks
);

#[activity]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

#[workflow]
async fn sleeps(ctx: Ctx) -> WorkflowResult<bool> {
    let before = ctx.now();
    ctx.sleep(milliseconds(10)).summary("a nap").await?;
    Ok(ctx.now() >= before + milliseconds(10))
}

#[tokio::test]
async fn time_passes_while_a_workflow_sleeps() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(sleeps).spawn()?;
        let id = stage.id("sleep");
        assert!(stage.client().run(sleeps()).task_queue(stage.task_queue()).id(&id).await?);
        assert_eq!(asked_for(stage, &id).await?, ["TimerStarted", "WorkflowExecutionCompleted"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn sleeps_not_at_all(ctx: Ctx) -> WorkflowResult<()> {
    Ok(ctx.sleep(seconds(0)).await?)
}

#[tokio::test]
async fn a_sleep_of_no_length_needs_no_timer() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(sleeps_not_at_all).spawn()?;
        let id = stage.id("no-sleep");
        stage.client().run(sleeps_not_at_all()).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(asked_for(stage, &id).await?, ["WorkflowExecutionCompleted"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn prefers_the_activity(ctx: Ctx) -> WorkflowResult<String> {
    select! {
        done = ctx.activity(nothing()).start_to_close(minutes(5)) => {
            done?;
            Ok("the activity".into())
        }
        slept = ctx.sleep(days(1)) => {
            slept?;
            Ok("the timer".into())
        }
    }
}

#[tokio::test]
async fn the_timer_that_loses_a_select_is_taken_back() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(prefers_the_activity).activity(nothing).spawn()?;
        let id = stage.id("select");
        let start = stage.client().run(prefers_the_activity()).task_queue(stage.task_queue());
        assert_eq!(start.id(&id).await?, "the activity");
        let expected = ["ActivityTaskScheduled", "TimerStarted", "TimerCanceled", "WorkflowExecutionCompleted"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn loses_the_timer_at_once(ctx: Ctx) -> WorkflowResult<()> {
    select! {
        slept = ctx.sleep(days(1)) => slept?,
        ready = async {} => ready,
    }
    Ok(())
}

#[tokio::test]
async fn a_timer_that_loses_at_once_is_never_started() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(loses_the_timer_at_once).spawn()?;
        let id = stage.id("select");
        stage.client().run(loses_the_timer_at_once()).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(asked_for(stage, &id).await?, ["WorkflowExecutionCompleted"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn drops_a_timer_that_runs(ctx: Ctx) -> WorkflowResult<()> {
    let mut reminder = ctx.sleep(days(1)).into_future();
    select! {
        slept = &mut reminder => slept?,
        done = ctx.activity(nothing()).start_to_close(minutes(5)) => done?,
    }
    // The `select!` had it by reference, so it still runs.
    ctx.activity(nothing()).start_to_close(minutes(5)).await?;
    drop(reminder);
    Ok(ctx.activity(nothing()).start_to_close(minutes(5)).await?)
}

#[tokio::test]
async fn a_timer_that_runs_is_taken_back_when_it_is_dropped() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(drops_a_timer_that_runs).activity(nothing).spawn()?;
        let id = stage.id("dropped");
        stage.client().run(drops_a_timer_that_runs()).task_queue(stage.task_queue()).id(&id).await?;
        let expected = [
            "TimerStarted",
            "ActivityTaskScheduled",
            "ActivityTaskScheduled",
            "TimerCanceled",
            "ActivityTaskScheduled",
            "WorkflowExecutionCompleted",
        ];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// A door that somebody may open in time.
#[derive(Default)]
struct Door {
    open: State<bool>,
}

#[workflow]
impl Door {
    #[run]
    async fn run(&self, ctx: Ctx, patience: u64) -> WorkflowResult<String> {
        match ctx.wait_until(|| self.open.get()).timeout(milliseconds(patience)).await {
            Ok(()) => Ok("open".into()),
            Err(WaitFailure::Elapsed(elapsed)) => Ok(elapsed.to_string()),
            Err(canceled) => Err(canceled.into()),
        }
    }

    #[signal]
    fn open(&self) {
        self.open.set(true);
    }
}

#[tokio::test]
async fn a_condition_that_holds_in_time_takes_its_timer_back() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Door::run).spawn()?;
        let id = stage.id("door");
        let day = 24 * 60 * 60 * 1000;
        let handle = stage.client().start(Door::run(day)).task_queue(stage.task_queue()).id(&id).await?;
        event(&handle, "TimerStarted").await?;
        handle.open().await?;
        assert_eq!(handle.result().await?, "open");
        let expected = ["TimerStarted", "TimerCanceled", "WorkflowExecutionCompleted"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_condition_that_does_not_hold_in_time_is_given_up() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Door::run).spawn()?;
        let id = stage.id("door");
        let result = stage.client().run(Door::run(10)).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(result, "the wait took longer than 10ms");
        assert_eq!(asked_for(stage, &id).await?, ["TimerStarted", "WorkflowExecutionCompleted"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_condition_that_holds_already_needs_no_timer() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Door::run).spawn()?;
        let id = stage.id("door");
        let start = stage.client().run(Door::run(10)).with_signal(Door::open()).task_queue(stage.task_queue());
        assert_eq!(start.id(&id).await?, "open");
        assert_eq!(asked_for(stage, &id).await?, ["WorkflowExecutionCompleted"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn has_three_tasks(ctx: Ctx) -> WorkflowResult<Vec<String>> {
    let log = Rc::new(State::new(Vec::new()));
    let step = |name: &'static str| {
        let (ctx, log) = (ctx.clone(), Rc::clone(&log));
        async move {
            ctx.activity(nothing()).start_to_close(minutes(5)).await?;
            log.update(|log| log.push(name.to_owned()));
            Ok::<_, ActivityFailure<ActivityError>>(name)
        }
    };
    let awaited = ctx.spawn(step("awaited"));
    drop(ctx.spawn(step("left alone")));
    ctx.wait_until(|| log.with(Vec::len) == 2).await?;
    assert_eq!(awaited.await?, "awaited");
    drop(ctx.spawn(step("too late")));
    let mut log = log.get();
    log.sort();
    Ok(log)
}

#[tokio::test]
async fn spawned_tasks_go_on_until_the_main_function_ends() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(has_three_tasks).activity(nothing).spawn()?;
        let start = stage.client().run(has_three_tasks()).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("tasks")).await?, ["awaited", "left alone"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
