//! A run that operators have paused: history goes on, workers get nothing to do.

use perpetua_proto::enums::{EventType, WorkflowExecutionStatus, WorkflowTaskFailedCause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    HistoryEvent, WorkflowExecutionPausedEventAttributes, WorkflowExecutionUnpausedEventAttributes,
    WorkflowTaskFailedEventAttributes,
};
use perpetua_proto::workflow::WorkflowExecutionPauseInfo;

use super::{Run, RunState, event};
use crate::limits;
use crate::search_attributes::keywords;
use crate::time::Time;
use crate::world::Cx;

/// The attribute by which paused workflows are found.
const PAUSE_INFO: &str = "TemporalPauseInfo";
/// How it names the workflow, and why.
const WORKFLOW: &str = "Workflow:";
const REASON: &str = "Reason:";

impl Run {
    pub(crate) fn is_paused(&self) -> bool {
        self.state.status() == WorkflowExecutionStatus::Paused
    }

    /// Lets workers do no more than what they have begun.
    pub(crate) fn pause(&mut self, cx: &mut Cx<'_>, attributes: WorkflowExecutionPausedEventAttributes) {
        self.withdraw_task(cx.now);
        self.state.pause(cx.now, &attributes);
        let workflow = format!("{WORKFLOW}{}", self.state.workflow_id);
        self.note_pauses(is_of_workflow, vec![workflow, format!("{REASON}{}", attributes.reason)]);
        let attributes = Attributes::WorkflowExecutionPausedEventAttributes(Box::new(attributes));
        let paused = event(EventType::WorkflowExecutionPaused, cx.now, attributes);
        self.record(HistoryEvent { worker_may_ignore: true, ..paused });
    }

    /// Lets workers go on.
    pub(crate) fn unpause(&mut self, cx: &mut Cx<'_>, attributes: WorkflowExecutionUnpausedEventAttributes) {
        self.state.unpause();
        self.note_pauses(is_of_workflow, Vec::new());
        let attributes = Attributes::WorkflowExecutionUnpausedEventAttributes(Box::new(attributes));
        let unpaused = event(EventType::WorkflowExecutionUnpaused, cx.now, attributes);
        self.record(HistoryEvent { worker_may_ignore: true, ..unpaused });
        self.wake(cx);
        self.offer_activities(cx);
    }

    /// Says in the search attributes what is paused, in place of what was said there of the same kind.
    pub(super) fn note_pauses(&mut self, is_same: impl Fn(&str) -> bool, mut entries: Vec<String>) {
        let before = self.state.search_attributes.remove(PAUSE_INFO).map(|payload| payload.data).unwrap_or_default();
        let others: Vec<String> = serde_json::from_slice(&before).unwrap_or_default();
        entries.extend(others.into_iter().filter(|entry| !is_same(entry)));
        if !entries.is_empty() {
            self.state.search_attributes.insert(PAUSE_INFO.to_owned(), keywords(&entries));
        }
    }

    /// Takes back the task that no worker has yet.
    fn withdraw_task(&mut self, now: Time) {
        let Some(task) = self.state.task.take_if(|task| task.started == 0) else { return };
        self.state.attempt = 1;
        if task.unwritten {
            return;
        }
        let attributes = WorkflowTaskFailedEventAttributes {
            scheduled_event_id: task.scheduled,
            cause: WorkflowTaskFailedCause::WorkflowPauseRequestedBeforeTaskStarted.into(),
            identity: limits::HISTORY_SERVICE.to_owned(),
            ..WorkflowTaskFailedEventAttributes::default()
        };
        let attributes = Attributes::WorkflowTaskFailedEventAttributes(Box::new(attributes));
        self.append(event(EventType::WorkflowTaskFailed, now, attributes));
    }
}

/// Whether an entry says that the workflow is paused, or why.
fn is_of_workflow(entry: &str) -> bool {
    entry.starts_with(WORKFLOW) || entry.starts_with(REASON)
}

impl RunState {
    pub(crate) fn pause(&mut self, at: Time, asked: &WorkflowExecutionPausedEventAttributes) {
        self.set_status(WorkflowExecutionStatus::Paused);
        self.pause = Some(WorkflowExecutionPauseInfo {
            identity: asked.identity.clone(),
            paused_time: Some(at.to_wire()),
            reason: asked.reason.clone(),
        });
    }

    pub(crate) fn unpause(&mut self) {
        self.set_status(WorkflowExecutionStatus::Running);
        self.pause = None;
    }
}
