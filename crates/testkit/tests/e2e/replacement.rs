//! A worker that is killed in the middle of a run, and the one that takes its place.

use std::process::Stdio;

use perpetua::seconds;
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::EventKind;
use tokio::process::{Child, Command};

use crate::facts::event;
/// The workflow of the program `killable_worker`, as its callers see it.
use killable::Stepper;

#[path = "../../src/bin/killable_worker/killable.rs"]
mod killable;

crate::recorded::replayed_with!(Stepper);

/// A worker in a process of its own.
fn spawn_worker(address: &str, task_queue: &str, cached: bool) -> Outcome<Child> {
    let cached = if cached { "cached" } else { "evicted" };
    let mut worker = Command::new(env!("CARGO_BIN_EXE_killable_worker"));
    Ok(worker.args([address, task_queue, cached]).stdout(Stdio::null()).kill_on_drop(true).spawn()?)
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_the_workflow_completes() -> Outcome {
    both_ways(async |stage| {
        let address = stage.client().address();
        let queue = stage.task_queue().as_str();
        let mut first = spawn_worker(address, queue, stage.is_cached())?;
        let id = stage.id("stepper");
        // A task may still go to the worker that was killed, and is lost until it times out.
        let start = stage.client().start(Stepper::run(3)).task_queue(queue).task_timeout(seconds(2));
        let handle = start.id(&id).await?;
        // Before that, the update could come with the first task, and would then be accepted before the first step begins.
        event(&handle, "ActivityTaskScheduled").await?;
        // The first step is recorded, and the workflow waits for a signal: the worker is in the middle of the run.
        handle.stepped(1).await?;
        first.kill().await?;
        assert!(first.wait().await?.code().is_none(), "it was killed by a signal");

        handle.go_on().await?;
        handle.go_on().await?;
        let mut second = spawn_worker(address, queue, stage.is_cached())?;
        assert_eq!(handle.result().await?, vec![1, 2, 3]);

        let history = stage.history(&id).await?;
        let steps = history.iter().filter(|event| matches!(event.kind, EventKind::ActivityScheduled(_))).count();
        assert_eq!(steps, 3, "no step was taken twice");
        second.kill().await?;
        Ok(())
    })
    .await
}
