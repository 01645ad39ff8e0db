//! Work that a workflow left running when it completed.

use std::collections::BTreeMap;

use perpetua_vocab::{Event, EventId, EventKind, History, ParentClosePolicy, WorkflowId};

/// What runs.
struct Work {
    what: String,
    /// The id of the child, if it is one.
    child: Option<WorkflowId>,
}

/// What is wrong, if anything is.
pub(crate) fn problem(history: &History) -> Option<String> {
    let last = history.events.last()?;
    if !matches!(last.kind, EventKind::WorkflowCompleted(_) | EventKind::WorkflowContinuedAsNew(_)) {
        return None;
    }
    let mut running = BTreeMap::new();
    for event in &history.events {
        follow(&mut running, event);
    }
    if running.is_empty() {
        return None;
    }
    let running: Vec<_> = running.into_values().map(|work| work.what).collect();
    Some(format!(
        "the workflow completed while work of its was still running that nobody had taken back: {}. It was cut off, or nobody hears how it \
         ends. Await it, keep the handle of a spawned task and await that, or cancel it; a child that is to outlive its parent \
         is started with `.parent_close(ParentClosePolicy::Abandon)`",
        running.join(", ")
    ))
}

/// Keeps what runs up to date, by the event that began it.
fn follow(running: &mut BTreeMap<EventId, Work>, event: &Event) {
    use EventKind as K;
    match &event.kind {
        K::ActivityScheduled(scheduled) => {
            let what = format!("activity `{}` (event {})", scheduled.activity_type, event.id);
            running.insert(event.id, Work { what, child: None });
        }
        K::StartChildWorkflowInitiated(child) if child.parent_close_policy != ParentClosePolicy::Abandon => {
            let what = format!("child workflow `{}` (event {})", child.workflow_type, event.id);
            running.insert(event.id, Work { what, child: Some(child.workflow_id.clone()) });
        }
        K::RequestCancelExternalWorkflowInitiated(asked) => {
            running.retain(|_, work| work.child.as_ref() != Some(&asked.execution.workflow_id));
        }
        kind => {
            if let Some(began) = given_up(kind) {
                running.remove(&began);
            }
        }
    }
}

/// The event that began what ends with this, or what nobody waits for any longer.
fn given_up(kind: &EventKind) -> Option<EventId> {
    use EventKind as K;
    Some(match kind {
        K::ActivityCancelRequested { scheduled, .. } => *scheduled,
        K::ActivityCompleted(closed) => closed.scheduled,
        K::ActivityFailed(closed) | K::ActivityTimedOut(closed) => closed.scheduled,
        K::ActivityCanceled(closed) => closed.scheduled,
        K::StartChildWorkflowFailed(failed) => failed.initiated,
        K::ChildWorkflowCompleted(closed) => closed.child.initiated,
        K::ChildWorkflowFailed(closed) => closed.child.initiated,
        K::ChildWorkflowCanceled(closed) => closed.child.initiated,
        K::ChildWorkflowTimedOut(closed) => closed.child.initiated,
        K::ChildWorkflowTerminated(closed) => closed.child.initiated,
        _ => return None,
    })
}
