//! What is looked at in every run when a test is over.
//!
//! A check is a function from a run, and what its workers could do, to findings. User code runs in checks, on a thread of
//! its own as in a worker: no runtime is in reach, and nobody sees what it logs.

mod handlers;
mod prefixes;
mod recorded;
mod replay;

use std::sync::Arc;
use std::thread;

use perpetua_convert::DataConverter;
use perpetua_workflow::Workflows;

use crate::runs::Run;
use crate::{Check, Finding};

/// Everything that is wrong with a run. Runs whose workflows no worker of the test knows are left alone.
pub(crate) fn all(
    run: &Run,
    registries: &[Arc<Workflows>],
    converter: &DataConverter,
    wanted: impl Fn(Check) -> bool,
) -> Vec<Finding> {
    let (replay, handlers) = (wanted(Check::Replay), wanted(Check::UnfinishedHandlers));
    if registries.is_empty() || !(replay || handlers) {
        return Vec::new();
    }
    let look = || {
        let silent = tracing::subscriber::NoSubscriber::default();
        tracing::subscriber::with_default(silent, || {
            let (workflows, replayed) = match replay::whole(run, registries, converter) {
                Ok(fitting) => fitting,
                Err(problem) => return vec![(Check::Replay, problem)],
            };
            let mut problems = Vec::new();
            if replay && let Err(problem) = prefixes::compare(run, workflows, converter) {
                problems.push((Check::Replay, problem));
            }
            problems.extend(handlers::problem(&replayed).map(|problem| (Check::UnfinishedHandlers, problem)));
            problems
        })
    };
    let problems = thread::scope(|scope| scope.spawn(look).join());
    let problems = problems.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let wanted = problems.into_iter().filter(|(check, _)| wanted(*check));
    wanted.map(|(check, problem)| Finding::new(check, problem).of(run.workflow_type(), &run.execution)).collect()
}
