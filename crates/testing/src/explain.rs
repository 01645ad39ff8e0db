//! What the open runs of a world wait for, in words.

use std::fmt::Write as _;

use perpetua_server::Unattended;
use perpetua_workflow::{Replayer, Workflows};

use crate::env::Inner;
use crate::runs::{self, Listed, Run};

/// What every open run waits for, and which task queues nobody polls.
pub(crate) async fn explain(world: &Inner, unattended: &[Unattended]) -> (Vec<Listed>, String) {
    let open = match runs::list(world, true).await {
        Ok(open) => open,
        Err(problem) => return (Vec::new(), problem),
    };
    let mut text = String::new();
    for run in &open {
        let waits = match runs::history(world, &run.execution).await {
            Ok(run) => waits(world, &run),
            Err(problem) => vec![problem],
        };
        // Nothing can fail that writes to a string.
        let _ = write!(text, "\n  workflow `{}` (id {})", run.workflow_type, run.execution.workflow_id);
        match waits.as_slice() {
            [] => text.push_str(" has begun nothing that it waits for"),
            waits => {
                text.push_str(" waits for:");
                for wait in waits {
                    let _ = write!(text, "\n    {wait}");
                }
            }
        }
    }
    if open.is_empty() {
        text.push_str("\n  no workflow is running");
    }
    for queue in unattended {
        let _ = write!(
            text,
            "\n  task queue `{}` has {} {} {} and no worker that polls it; start one with `env.worker()`, or give the \
             call the queue of a worker there is",
            queue.task_queue,
            queue.tasks,
            queue.kind,
            if queue.tasks == 1 { "task" } else { "tasks" },
        );
    }
    (open, text)
}

/// What a run waits for, with lines of source code where a worker of the test knows its workflow.
fn waits(world: &Inner, run: &Run) -> Vec<String> {
    let registries = world.registries(run.workflow_type().as_str());
    let Some(workflows) = registries.first() else {
        return vec!["a worker: none of this test knows the workflow".to_owned()];
    };
    let replayer = Replayer::new().workflows(Workflows::clone(workflows)).converter(world.client.converter().clone());
    let replayed = std::thread::scope(|scope| scope.spawn(|| replayer.replay(&run.history)).join());
    match replayed {
        Ok(Ok(replayed)) => {
            let untaken = replayed.unhandled_signals.iter();
            let untaken = untaken.map(|name| format!("a handler for the signal `{name}`, which came and is not taken"));
            replayed.pending.iter().map(ToString::to_string).chain(untaken).collect()
        }
        Ok(Err(failure)) => vec![failure.fault().to_string()],
        Err(_) => vec!["the replay of its history panicked".to_owned()],
    }
}
