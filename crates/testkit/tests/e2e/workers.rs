//! Workers that come and go, share a queue, remember little, and survive bad work.

use std::sync::Arc;

use perpetua::prelude::*;
use perpetua::{CancelReason, WorkflowStatus};
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::EventKind;
use tokio::sync::{Barrier, Notify, mpsc};

use crate::facts::{count, event, task_failure};

crate::recorded::replayed_with!(Doubler, doubles_twice, works_a_shift, meets_somebody, panics, forgets_the_limit);

#[activity]
async fn double(number: u32) -> Result<u32, ActivityError> {
    Ok(number * 2)
}

/// Doubles a number as often as it is told to.
#[derive(Default)]
struct Doubler {
    allowed: State<u32>,
    done: State<u32>,
}

#[workflow]
impl Doubler {
    #[run]
    async fn run(&self, ctx: Ctx, mut number: u32, times: u32) -> WorkflowResult<u32> {
        for done in 0..times {
            ctx.wait_until(|| done < self.allowed.get()).await?;
            number = ctx.activity(double(number)).start_to_close(minutes(5)).await?;
            self.done.set(done + 1);
        }
        Ok(number)
    }

    #[signal]
    fn go_on(&self) {
        self.allowed.update(|allowed| *allowed += 1);
    }

    #[query]
    fn allowed(&self) -> u32 {
        self.allowed.get()
    }

    /// Answers when it has doubled so often.
    #[update]
    async fn doubled(&self, ctx: Ctx, times: u32) -> WorkflowResult<()> {
        Ok(ctx.wait_until(|| self.done.get() >= times).await?)
    }
}

#[workflow]
async fn doubles_twice(ctx: Ctx, number: u32) -> WorkflowResult<u32> {
    let twice = ctx.activity(double(number)).start_to_close(minutes(5)).await?;
    Ok(ctx.activity(double(twice)).start_to_close(minutes(5)).await?)
}

#[tokio::test]
async fn a_worker_that_shuts_down_hands_its_workflows_to_the_next_one() -> Outcome {
    both_ways(async |stage| {
        // Tasks that were still meant for the first worker would wait for it longer than this test does.
        let builder = || stage.worker().sticky_timeout(minutes(10)).workflow(Doubler::run).activity(double);
        let first = builder().identity("first").spawn()?;
        let id = stage.id("doubler");
        let start = stage.client().start(Doubler::run(5, 2)).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        handle.go_on().await?;
        event(&handle, "ActivityTaskScheduled").await?;
        // Nothing is on its way to the worker any more: servers of today lose a task that they hand to a poll while they
        // end it, until it times out.
        handle.doubled(1).await?;
        first.shutdown().await?;

        let second = builder().identity("second").spawn()?;
        handle.go_on().await?;
        assert_eq!(handle.result().timeout(minutes(5)).await?, 20);
        let history = stage.history(&id).await?;
        let workers: Vec<_> = history
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::ActivityCompleted(completed) => Some(completed.identity.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(workers, ["first", "second"]);
        assert_eq!(count(&history, "WorkflowTaskTimedOut"), 0);
        second.shutdown().await?;
        Ok(())
    })
    .await
}

/// An activity that ends when it is told that its worker does.
struct Shift {
    began: Notify,
    ended: mpsc::UnboundedSender<Option<CancelReason>>,
}

impl Shift {
    fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Option<CancelReason>>) {
        let (ended, ends) = mpsc::unbounded_channel();
        (Arc::new(Self { began: Notify::new(), ended }), ends)
    }
}

#[activities]
impl Shift {
    /// Finishes what it is doing when the worker begins to shut down.
    #[activity]
    async fn finish(&self, ctx: ActivityContext) -> Result<u32, ActivityError> {
        self.began.notify_one();
        ctx.worker_shutdown().await;
        self.ended.send(ctx.cancel_reason())?;
        Ok(ctx.info().attempt)
    }

    /// Goes on until it is stopped; the second time it has nothing to do.
    #[activity]
    async fn go_on(&self, ctx: ActivityContext) -> Result<u32, ActivityError> {
        if ctx.info().attempt == 1 {
            self.began.notify_one();
            let reason = ctx.canceled().await;
            self.ended.send(Some(reason))?;
            return Err(Canceled::from(reason).into());
        }
        Ok(ctx.info().attempt)
    }
}

#[workflow]
async fn works_a_shift(ctx: Ctx, finishes: bool) -> WorkflowResult<u32> {
    let eager = RetryPolicy::exponential().first_wait(milliseconds(10));
    if finishes {
        Ok(ctx.activity(Shift::finish()).start_to_close(minutes(1)).retry(eager).await?)
    } else {
        Ok(ctx.activity(Shift::go_on()).start_to_close(minutes(1)).retry(eager).await?)
    }
}

#[tokio::test]
async fn a_worker_that_shuts_down_lets_activities_finish_in_their_grace_period() -> Outcome {
    both_ways(async |stage| {
        let (shift, mut ends) = Shift::new();
        let builder = stage.worker().workflow(works_a_shift).activities(Arc::clone(&shift));
        let first = builder.graceful_shutdown(minutes(1)).spawn()?;
        let start = stage.client().start(works_a_shift(true)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("shift")).await?;
        shift.began.notified().await;
        first.shutdown().await?;
        assert_eq!(ends.recv().await, Some(None), "it was told, not canceled");

        let second = stage.worker().workflow(works_a_shift).activities(shift).spawn()?;
        assert_eq!(handle.result().await?, 1, "the first attempt did it");
        second.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_activity_that_is_stopped_with_its_worker_is_tried_again_elsewhere() -> Outcome {
    both_ways(async |stage| {
        let (shift, mut ends) = Shift::new();
        let first = stage.worker().workflow(works_a_shift).activities(Arc::clone(&shift)).spawn()?;
        let start = stage.client().start(works_a_shift(false)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("shift")).await?;
        shift.began.notified().await;
        first.shutdown().await?;
        assert_eq!(ends.recv().await, Some(Some(CancelReason::WorkerShutdown)));

        let second = stage.worker().workflow(works_a_shift).activities(shift).spawn()?;
        assert_eq!(handle.result().await?, 2, "the second attempt did it");
        second.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_worker_that_remembers_one_workflow_runs_many() -> Outcome {
    // Played both ways all the same: without any memory, everything here is replayed.
    both_ways(async |stage| {
        let builder = stage.worker().workflow(Doubler::run).activity(double);
        let worker = if stage.is_cached() { builder.max_cached_workflows(1) } else { builder }.spawn()?;
        let mut handles = Vec::new();
        for number in 1..=5 {
            let start = stage.client().start(Doubler::run(number, 2)).task_queue(stage.task_queue());
            handles.push(start.id(stage.id(&format!("doubler-{number}"))).await?);
        }
        // Each step is another workflow's, so that the one remembered is never the one needed.
        for step in 1..=2 {
            for handle in &handles {
                handle.go_on().await?;
                assert_eq!(handle.allowed().await?, step);
            }
        }
        for (number, handle) in (1..).zip(&handles) {
            assert_eq!(handle.result().await?, number * 4);
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Lets activities go on in pairs.
struct Pairs(Barrier);

#[activities]
impl Pairs {
    #[activity]
    async fn meet(&self, number: u32) -> Result<u32, ActivityError> {
        self.0.wait().await;
        Ok(number)
    }
}

#[workflow]
async fn meets_somebody(ctx: Ctx, number: u32) -> WorkflowResult<u32> {
    Ok(ctx.activity(Pairs::meet(number)).start_to_close(minutes(5)).await?)
}

#[tokio::test]
async fn two_workers_share_a_queue() -> Outcome {
    both_ways(async |stage| {
        let pairs = Arc::new(Pairs(Barrier::new(2)));
        // Each has hands for one activity at a time, so that a pair needs both.
        let builder = || stage.worker().max_concurrent_activities(1).workflow(meets_somebody);
        let left = builder().activities(Arc::clone(&pairs)).identity("left").spawn()?;
        let right = builder().activities(pairs).identity("right").spawn()?;
        let mut handles = Vec::new();
        for number in 0..10 {
            let start = stage.client().start(meets_somebody(number)).task_queue(stage.task_queue());
            handles.push(start.id(stage.id(&format!("meets-{number}"))).await?);
        }
        for (number, handle) in (0..).zip(handles) {
            assert_eq!(handle.result().await?, number);
        }
        left.shutdown().await?;
        right.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_lanes_run_fifty_workflows() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().lanes(4).workflow(doubles_twice).activity(double).spawn()?;
        let starts = (0..50).map(|number| {
            let start = stage.client().run(doubles_twice(number)).task_queue(stage.task_queue());
            let start = start.id(stage.id(&format!("doubles-{number}")));
            tokio::spawn(start.into_future())
        });
        for (number, run) in (0..).zip(starts.collect::<Vec<_>>()) {
            assert_eq!(run.await??, number * 4);
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn panics(_ctx: Ctx) -> WorkflowResult<()> {
    panic!("this panic is part of a test")
}

#[workflow]
async fn forgets_the_limit(ctx: Ctx) -> WorkflowResult<u32> {
    Ok(ctx.activity(double(1)).await?)
}

#[tokio::test]
async fn bad_tasks_do_not_end_a_worker() -> Outcome {
    both_ways(async |stage| {
        let builder = stage.worker().lanes(1).workflow(panics).workflow(forgets_the_limit);
        let worker = builder.workflow(doubles_twice).activity(double).spawn()?;
        let bad = [
            Workflow::named("panics").args(()),
            Workflow::named("forgets_the_limit").args(()),
            Workflow::named("nobody_registered_this").args(()),
            Workflow::named("doubles_twice").args(()),
        ];
        let mut failing = Vec::new();
        for call in bad {
            let id = stage.id(call.name());
            let handle = stage.client().start(call).task_queue(stage.task_queue()).id(id).await?;
            task_failure(&handle).await?;
            failing.push(handle);
        }
        let start = stage.client().run(doubles_twice(5)).task_queue(stage.task_queue());
        assert_eq!(start.id(stage.id("good")).await?, 20);
        for handle in failing {
            assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
            handle.terminate().await?;
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
