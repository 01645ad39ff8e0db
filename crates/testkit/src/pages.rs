//! Histories cut into pages in every way: the same turns are read, and the same replay succeeds.

use std::sync::Arc;

use perpetua_convert::DataConverter;
use perpetua_core::{Fault, Reader, Step};
use perpetua_vocab::{Event, EventKind, Namespace, RunId, TaskQueue, WorkflowExecution, WorkflowId, WorkflowType};
use perpetua_workflow::{LiveRun, Progress, RunSetup, TaskHead, Workflows};

/// How many places of a history are cut where it is worth it: all, but for long histories.
pub(crate) const MANY_CUTS: usize = 100;

/// Replays a history, given in pages.
///
/// # Errors
/// Why it cannot be replayed.
///
/// # Panics
/// When the first event is not `WorkflowExecutionStarted`, or a page is asked for after the last one.
pub fn replay(workflows: &Arc<Workflows>, pages: &[&[Event]]) -> Result<(), Fault> {
    let first = pages.iter().find_map(|page| page.first());
    let Some(EventKind::WorkflowStarted(started)) = first.map(|event| &event.kind) else {
        panic!("a history begins with WorkflowExecutionStarted, not with {first:?}")
    };
    let mut run = live_run(workflows, started.workflow_type.clone(), &started.workflow_id, &started.original_run);
    run.begin(TaskHead::default());
    for (number, page) in pages.iter().enumerate() {
        let last = number + 1 == pages.len();
        match run.feed(page.to_vec(), last)? {
            Progress::NeedsPage => assert!(!last, "a page is asked for after the last one"),
            _ => assert!(last, "a replay ends before the last page"),
        }
    }
    Ok(())
}

/// A run of which nothing was read yet.
pub(crate) fn live_run(
    workflows: &Arc<Workflows>,
    workflow_type: WorkflowType,
    workflow_id: &WorkflowId,
    run_id: &RunId,
) -> LiveRun {
    LiveRun::new(RunSetup {
        namespace: Namespace::new("default"),
        execution: WorkflowExecution { workflow_id: workflow_id.clone(), run_id: run_id.clone() },
        workflow_type,
        task_queue: TaskQueue::new("queue"),
        converter: DataConverter::default(),
        workflows: Arc::clone(workflows),
    })
}

/// Replays a history cut in two at every place (a long one, at a hundred places), and event by event. The turns that are read must be the same each time.
///
/// # Errors
/// Where it was cut when it went another way, and which.
pub fn replay_at_every_cut(workflows: &Arc<Workflows>, history: &[Event]) -> Result<(), String> {
    replay_cut(workflows, history, MANY_CUTS)
}

/// The same, with so many places at most, at equal distances.
pub(crate) fn replay_cut(workflows: &Arc<Workflows>, history: &[Event], most: usize) -> Result<(), String> {
    let whole = turns(&[history]).map_err(|fault| format!("the history cannot be read: {fault}"))?;
    for pages in cuts(history, most) {
        let lengths: Vec<_> = pages.iter().map(|page| page.len()).collect();
        match turns(&pages) {
            Ok(turns) if turns == whole => {}
            Ok(_) => return Err(format!("in pages of {lengths:?} events, other turns are read")),
            Err(fault) => return Err(format!("in pages of {lengths:?} events, it cannot be read: {fault}")),
        }
        replay(workflows, &pages)
            .map_err(|fault| format!("in pages of {lengths:?} events, it cannot be replayed: {fault}"))?;
    }
    Ok(())
}

/// The steps that a reader takes through these pages, without the pages it asks for.
fn turns(pages: &[&[Event]]) -> Result<Vec<Step>, Fault> {
    let mut reader = Reader::new();
    reader.begin(None, None);
    let mut steps = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        reader.push(page.to_vec(), number + 1 == pages.len());
        loop {
            match reader.step()? {
                Step::NeedPage | Step::End => break,
                step => steps.push(step),
            }
        }
    }
    Ok(steps)
}

/// The ways in which a history is cut: in two, and event by event, with an empty page at the end.
pub(crate) fn cuts(history: &[Event], most: usize) -> Vec<Vec<&[Event]>> {
    let step = history.len().div_ceil(most).max(1);
    let mut cuts: Vec<Vec<_>> = (0..=history.len())
        .step_by(step)
        .map(|at| {
            let (before, after) = history.split_at(at);
            vec![before, after]
        })
        .collect();
    let mut single: Vec<_> = history.chunks(1).collect();
    single.push(&[]);
    cuts.push(single);
    cuts
}
