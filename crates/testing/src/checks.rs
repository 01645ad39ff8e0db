//! What is looked at in every run when a test is over.
//!
//! A check is a function from a run, and what its workers could do, to findings. User code runs in checks, on a thread of
//! its own as in a worker: no runtime is in reach, and nobody sees what it logs.

pub(crate) mod abandoned;
pub(crate) mod handlers;
mod prefixes;
pub(crate) mod recorded;
mod replay;
pub(crate) mod signals;

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
    let after_replay = [Check::Replay, Check::UnfinishedHandlers, Check::UnhandledSignals];
    let mut problems: Vec<_> =
        abandoned::problem(&run.history).map(|problem| (Check::AbandonedWork, problem)).into_iter().collect();
    if !registries.is_empty() && after_replay.into_iter().any(&wanted) {
        problems.extend(apart(|| replayed(run, registries, converter)));
    }
    let wanted = problems.into_iter().filter(|(check, _)| wanted(*check));
    wanted.map(|(check, problem)| Finding::new(check, problem).of(run.workflow_type(), &run.execution)).collect()
}

/// What is found by executing the run anew.
fn replayed(run: &Run, registries: &[Arc<Workflows>], converter: &DataConverter) -> Vec<(Check, String)> {
    let (workflows, replayed) = match replay::whole(run, registries, converter) {
        Ok(fitting) => fitting,
        Err(problem) => return vec![(Check::Replay, problem)],
    };
    let differs = prefixes::compare(run, workflows, converter).err();
    [
        (Check::Replay, differs),
        (Check::UnfinishedHandlers, handlers::problem(&replayed.unfinished_handlers)),
        (Check::UnhandledSignals, signals::problem(replayed.finished, &replayed.unhandled_signals)),
    ]
    .into_iter()
    .filter_map(|(check, problem)| Some((check, problem?)))
    .collect()
}

/// Runs user code as a worker does: on a thread without a runtime. What it logs was logged when it ran first.
pub(crate) fn apart<T: Send>(look: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(|| silently(look)).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs this where nobody sees what user code logs.
pub(crate) fn silently<R>(call: impl FnOnce() -> R) -> R {
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), call)
}
