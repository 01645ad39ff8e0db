//! A run that is made of the beginning of another.
//!
//! ```text
//! base:  1 .. N-1   N ..                       signals, updates, ends of children: again, as far as they are wanted
//! new:   1 .. N-1   task failed: reset   ..................................................   task scheduled
//! ```
//! What was pending after the copied events is pending in the new run: timers with what is left of them, activities
//! from their beginning, children as they are.

use perpetua_proto::enums::{EventType, UpdateAdmittedEventOrigin, WorkflowTaskFailedCause};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, ResetWorkflowFailureInfo};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    HistoryEvent, WorkflowExecutionUpdateAdmittedEventAttributes, WorkflowTaskFailedEventAttributes,
    WorkflowTaskStartedEventAttributes,
};
use perpetua_proto::update::Request;

use super::history::started_field;
use super::rebuild::{apply, ended_child, ended_operation, rebuild};
use super::update::{Admitted, update_id};
use super::{History, Live, Run, RunState, event};
use crate::limits;
use crate::time::{Time, duration};
use crate::world::{Cx, RunNumber};

/// What a run that is made of another gets again of what came to the other later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    pub(crate) signals: bool,
    pub(crate) updates: bool,
    pub(crate) operations: bool,
}

impl Run {
    /// A run that begins with these events of another.
    pub(crate) fn of_events(base: &Self, history: History, number: RunNumber, run_id: String, now: Time) -> Self {
        let rebuilt = rebuild(&history);
        let now = now.plus(rebuilt.ahead());
        let mut state = RunState {
            namespace: base.state.namespace.clone(),
            run_id,
            number: number.0,
            start_request: base.state.start_request.clone(),
            history_bytes: history.bytes(),
            start_time: now.nanos(),
            execution_time: now.nanos(),
            first_task_due: 0,
            reset_time: now.nanos(),
            original_start_time: base.original_start_time().nanos(),
            ..rebuilt
        };
        for activity in state.activities.values_mut() {
            activity.attempt.time = now.nanos();
        }
        let mut run = Self { number, state, history, live: Live::default() };
        let deadline = |limit| duration(limit).map_or(0, |limit| now.plus(limit).nanos());
        let run_deadline = deadline(run.started().workflow_run_timeout.as_ref());
        let execution_deadline = deadline(run.started().workflow_execution_timeout.as_ref());
        (run.state.run_deadline, run.state.execution_deadline) = (run_deadline, execution_deadline);
        for id in run.state.admitted.values() {
            let request = run.history.get(*id).and_then(admitted_request);
            run.live.admitted.extend(request.map(|request| Admitted::new(request.clone())));
        }
        run
    }

    /// When the run began, or the one that it was made of.
    pub(crate) fn original_start_time(&self) -> Time {
        match self.state.original_start_time {
            0 => self.start_time(),
            time => Time::from_nanos(time),
        }
    }

    /// Says that the pending task is not to be answered, since the run was made of another.
    pub(crate) fn fail_task_by_reset(&mut self, cx: &mut Cx<'_>, base: &str, reason: &str) {
        let Some(mut task) = self.state.task.take() else { return };
        if task.started == 0 {
            let attributes = WorkflowTaskStartedEventAttributes {
                scheduled_event_id: task.scheduled,
                identity: limits::HISTORY_SERVICE.to_owned(),
                request_id: "emptyUuid".to_owned(),
                ..WorkflowTaskStartedEventAttributes::default()
            };
            let attributes = Attributes::WorkflowTaskStartedEventAttributes(Box::new(attributes));
            task.started = self.append(event(EventType::WorkflowTaskStarted, cx.now, attributes));
            self.history.cut();
        }
        let failure = Failure {
            message: reason.to_owned(),
            failure_info: Some(FailureInfo::ResetWorkflowFailureInfo(ResetWorkflowFailureInfo::default())),
            ..Failure::default()
        };
        let attributes = WorkflowTaskFailedEventAttributes {
            scheduled_event_id: task.scheduled,
            started_event_id: task.started,
            cause: WorkflowTaskFailedCause::ResetWorkflow.into(),
            failure: Some(failure),
            identity: limits::HISTORY_SERVICE.to_owned(),
            base_run_id: base.to_owned(),
            new_run_id: self.state.run_id.clone(),
            ..WorkflowTaskFailedEventAttributes::default()
        };
        let attributes = Attributes::WorkflowTaskFailedEventAttributes(Box::new(attributes));
        self.append(event(EventType::WorkflowTaskFailed, cx.now, attributes));
        self.state.attempt = 1;
    }

    /// Has what came to the other run come to this one. With `own`, events may speak of what this run has pending.
    pub(crate) fn receive_again(&mut self, now: Time, events: &[HistoryEvent], again: Again, own: bool) {
        for event in events {
            if let Some(mut event) = self.again(event, again, own) {
                event.event_time = Some(now.to_wire());
                let id = self.append(event);
                if let Some(event) = self.history.get(id) {
                    apply(&mut self.state, event);
                }
                if let Some(request) = self.history.get(id).and_then(admitted_request) {
                    self.live.admitted.push(Admitted::new(request.clone()));
                }
            }
        }
    }

    /// The event as this run gets it, if it does.
    fn again(&self, event: &HistoryEvent, again: Again, own: bool) -> Option<HistoryEvent> {
        use Attributes as A;
        let attributes = event.attributes.as_ref()?;
        match attributes {
            A::WorkflowExecutionSignaledEventAttributes(_) if again.signals => Some(event.clone()),
            A::WorkflowExecutionUpdateAdmittedEventAttributes(it) if again.updates => {
                self.admit_again(event, it.request.clone()?)
            }
            A::WorkflowExecutionUpdateAcceptedEventAttributes(it) if again.updates => {
                self.admit_again(event, it.accepted_request.clone()?)
            }
            A::WorkflowExecutionOptionsUpdatedEventAttributes(it) if again.updates => {
                let waits = |id: &str| self.live.admitted.iter().any(|it| update_id(&it.request) == id);
                it.workflow_update_options.iter().any(|update| waits(&update.update_id)).then(|| event.clone())
            }
            A::ChildWorkflowExecutionStartedEventAttributes(it) if own => {
                let child = self.state.children.get(&it.initiated_event_id)?;
                (child.started == 0).then(|| event.clone())
            }
            A::NexusOperationStartedEventAttributes(it) if own && again.operations => {
                let operation = self.state.operations.get(&it.scheduled_event_id)?;
                (!operation.is_running()).then(|| event.clone())
            }
            attributes if own => {
                let child = ended_child(attributes).and_then(|initiated| self.state.children.get(&initiated));
                let operation = ended_operation(attributes).filter(|_| again.operations);
                let operation = operation.filter(|scheduled| self.state.operations.contains_key(scheduled));
                if child.is_none() && operation.is_none() {
                    return None;
                }
                let mut event = event.clone();
                if let (Some(child), Some((_, started))) = (child, started_field(&mut event)) {
                    *started = child.started;
                }
                Some(event)
            }
            _ => None,
        }
    }

    fn admit_again(&self, seen: &HistoryEvent, request: Request) -> Option<HistoryEvent> {
        if request.meta.as_ref().is_some_and(|meta| self.knows_update(&meta.update_id)) {
            return None;
        }
        let mut attributes = WorkflowExecutionUpdateAdmittedEventAttributes { request: Some(request), origin: 0 };
        attributes.set_origin(UpdateAdmittedEventOrigin::Reapply);
        let attributes = Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(Box::new(attributes));
        let admitted = event(EventType::WorkflowExecutionUpdateAdmitted, Time::default(), attributes);
        Some(HistoryEvent { links: seen.links.clone(), ..admitted })
    }
}

/// The update that an event says is there.
pub(super) fn admitted_request(event: &HistoryEvent) -> Option<&Request> {
    match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(it) => it.request.as_ref(),
        _ => None,
    }
}
