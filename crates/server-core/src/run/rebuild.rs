//! What events say of a run: the state that a history leaves.
//!
//! A run that is reset begins with the events of another, and its state is made of them here. Tests compare it with the
//! state that a run has by itself. What no event says (attempts, signs of life, who waits) is as at the beginning.

use perpetua_proto::enums::{EventType, TaskQueueKind, TimeoutType, WorkflowExecutionStatus as Status};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes, WorkflowTaskScheduledEventAttributes,
};
use perpetua_proto::workflow::RequestIdInfo;

use super::callback::CallbackState;
use super::state::{ActivityState, ChildState, TaskState, TimerState, UpdateState};
use super::task::counts;
use super::update::update_id;
use super::{History, Run, RunState};
use crate::attempt::Attempt;
use crate::commands::merge;
use crate::nexus::{CancelState, OperationState, Started};
use crate::time::{Time, duration, nanos};

/// The state that these events leave.
pub(crate) fn rebuild(history: &History) -> RunState {
    let mut state = RunState::default();
    for event in history.iter() {
        apply(&mut state, &event);
    }
    state
}

/// Notes what an event says.
pub(crate) fn apply(state: &mut RunState, event: &HistoryEvent) {
    use Attributes as A;
    let id = event.event_id;
    let at = event.event_time.as_ref().map(Time::from_wire).unwrap_or_default();
    let Some(attributes) = &event.attributes else { return };
    match attributes {
        A::WorkflowExecutionStartedEventAttributes(it) => *state = RunState::begun(it, at),
        A::WorkflowExecutionSignaledEventAttributes(it) => {
            state.signals += 1;
            if !it.request_id.is_empty() {
                state.requests.insert(it.request_id.clone(), true);
            }
        }
        A::WorkflowExecutionPausedEventAttributes(it) => state.pause(at, it),
        A::WorkflowExecutionUnpausedEventAttributes(_) => state.unpause(),
        A::WorkflowExecutionOptionsUpdatedEventAttributes(it) => {
            if it.attached_request_id.is_empty()
                && it.attached_completion_callbacks.is_empty()
                && it.workflow_update_options.is_empty()
                && event.links.is_empty()
            {
                state.set_options(it, at);
            }
            attach(state, id, at, it);
        }
        A::WorkflowExecutionTimeSkippingTransitionedEventAttributes(it) => state.turn(it),
        A::WorkflowExecutionCancelRequestedEventAttributes(_) => state.cancel_requested = true,
        A::UpsertWorkflowSearchAttributesEventAttributes(it) => {
            let fields = it.search_attributes.as_ref().map(|it| it.indexed_fields.clone()).unwrap_or_default();
            merge(&mut state.search_attributes, &fields);
        }
        A::WorkflowPropertiesModifiedEventAttributes(it) => {
            let fields = it.upserted_memo.as_ref().map(|it| it.fields.clone()).unwrap_or_default();
            merge(&mut state.memo, &fields);
        }
        A::TimerStartedEventAttributes(it) => {
            let due = at.plus(duration(it.start_to_fire_timeout.as_ref()).unwrap_or_default()).nanos();
            state.timers.insert(it.timer_id.clone(), TimerState { started: id, due });
        }
        A::TimerFiredEventAttributes(it) => drop(state.timers.remove(&it.timer_id)),
        A::TimerCanceledEventAttributes(it) => drop(state.timers.remove(&it.timer_id)),
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => drop(state.externals.insert(id, true)),
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            state.externals.insert(id, false);
        }
        A::ExternalWorkflowExecutionSignaledEventAttributes(it) => state.end_external(it.initiated_event_id),
        A::SignalExternalWorkflowExecutionFailedEventAttributes(it) => state.end_external(it.initiated_event_id),
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(it) => state.end_external(it.initiated_event_id),
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(it) => {
            state.end_external(it.initiated_event_id);
        }
        attributes => {
            task(state, id, at, attributes);
            activity(state, id, at, attributes);
            child(state, id, attributes);
            update(state, id, at, attributes);
            operation(state, id, at, attributes);
            end(state, at, event.event_type(), attributes);
        }
    }
}

fn task(state: &mut RunState, id: i64, at: Time, attributes: &Attributes) {
    use Attributes as A;
    match attributes {
        A::WorkflowTaskScheduledEventAttributes(it) => {
            state.first_task_due = 0;
            state.attempt = it.attempt.max(1);
            state.task = Some(scheduled_task(id, at, it));
        }
        A::WorkflowTaskStartedEventAttributes(it) => {
            if let Some(task) = state.task.as_mut().filter(|task| task.scheduled == it.scheduled_event_id) {
                task.started = id;
                task.started_time = at.nanos();
                task.identity.clone_from(&it.identity);
                task.request.clone_from(&it.request_id);
                task.history_bytes = it.history_size_bytes;
            }
        }
        A::WorkflowTaskCompletedEventAttributes(it) => {
            state.task = None;
            state.attempt = 1;
            state.previous_started = it.started_event_id;
            state.complete_on(it);
        }
        A::WorkflowTaskFailedEventAttributes(it) => {
            state.task = None;
            state.attempt = if counts(it.cause()) { state.attempt + 1 } else { 1 };
        }
        A::WorkflowTaskTimedOutEventAttributes(it) => {
            state.task = None;
            if it.timeout_type() != TimeoutType::ScheduleToStart {
                state.attempt += 1;
            }
        }
        _ => {}
    }
}

fn scheduled_task(id: i64, at: Time, it: &WorkflowTaskScheduledEventAttributes) -> TaskState {
    TaskState {
        scheduled: id,
        attempt: it.attempt.max(1),
        scheduled_time: at.nanos(),
        original_scheduled_time: at.nanos(),
        sticky: it.task_queue.as_ref().is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky),
        timeout: nanos(duration(it.start_to_close_timeout.as_ref()).unwrap_or_default()),
        ..TaskState::default()
    }
}

fn activity(state: &mut RunState, id: i64, at: Time, attributes: &Attributes) {
    use Attributes as A;
    let over = match attributes {
        A::ActivityTaskScheduledEventAttributes(it) => {
            let pending = ActivityState {
                activity_id: it.activity_id.clone(),
                attempt: Attempt::first(at, None),
                ..ActivityState::default()
            };
            state.activities.insert(id, pending);
            return;
        }
        A::ActivityTaskCancelRequestedEventAttributes(it) => {
            if let Some(activity) = state.activities.get_mut(&it.scheduled_event_id) {
                activity.cancel_requested = id;
                activity.attempt.cancel_requested = true;
            }
            return;
        }
        A::ActivityTaskCompletedEventAttributes(it) => it.scheduled_event_id,
        A::ActivityTaskFailedEventAttributes(it) => it.scheduled_event_id,
        A::ActivityTaskTimedOutEventAttributes(it) => it.scheduled_event_id,
        A::ActivityTaskCanceledEventAttributes(it) => it.scheduled_event_id,
        _ => return,
    };
    state.activities.remove(&over);
}

fn child(state: &mut RunState, id: i64, attributes: &Attributes) {
    use Attributes as A;
    match attributes {
        A::StartChildWorkflowExecutionInitiatedEventAttributes(_) => {
            state.children.insert(id, ChildState::default());
        }
        A::ChildWorkflowExecutionStartedEventAttributes(it) => {
            if let Some(child) = state.children.get_mut(&it.initiated_event_id) {
                child.started = id;
                child.run_id = it.workflow_execution.as_ref().map(|it| it.run_id.clone()).unwrap_or_default();
            }
        }
        attributes => {
            if let Some(initiated) = ended_child(attributes) {
                state.children.remove(&initiated);
            }
        }
    }
}

fn attach(state: &mut RunState, id: i64, at: Time, it: &WorkflowExecutionOptionsUpdatedEventAttributes) {
    let request = &it.attached_request_id;
    if !request.is_empty() {
        let event_type = EventType::WorkflowExecutionOptionsUpdated.into();
        state.attached.insert(request.clone(), RequestIdInfo { event_type, event_id: id, buffered: false });
    }
    let callbacks = it.attached_completion_callbacks.iter();
    state.callbacks.extend(callbacks.map(|callback| CallbackState::new(callback.clone(), at, request)));
    state.tell_of_updates(at, id, it);
}

/// The child that an event says is over, or never began.
pub(crate) fn ended_child(attributes: &Attributes) -> Option<i64> {
    use Attributes as A;
    Some(match attributes {
        A::StartChildWorkflowExecutionFailedEventAttributes(it) => it.initiated_event_id,
        A::ChildWorkflowExecutionCompletedEventAttributes(it) => it.initiated_event_id,
        A::ChildWorkflowExecutionFailedEventAttributes(it) => it.initiated_event_id,
        A::ChildWorkflowExecutionCanceledEventAttributes(it) => it.initiated_event_id,
        A::ChildWorkflowExecutionTimedOutEventAttributes(it) => it.initiated_event_id,
        A::ChildWorkflowExecutionTerminatedEventAttributes(it) => it.initiated_event_id,
        _ => return None,
    })
}

fn update(state: &mut RunState, id: i64, at: Time, attributes: &Attributes) {
    use Attributes as A;
    match attributes {
        A::WorkflowExecutionUpdateAdmittedEventAttributes(it) => {
            let Some(request) = &it.request else { return };
            state.admitted.insert(update_id(request).to_owned(), id);
            state.tell_of_update(at, update_id(request), request, EventType::WorkflowExecutionUpdateAdmitted, id);
        }
        A::WorkflowExecutionUpdateAcceptedEventAttributes(it) => {
            state.admitted.remove(&it.protocol_instance_id);
            if let Some(request) = &it.accepted_request {
                let kind = EventType::WorkflowExecutionUpdateAccepted;
                state.tell_of_update(at, &it.protocol_instance_id, request, kind, id);
            }
            let update = UpdateState { accepted: id, ..UpdateState::default() };
            state.updates.insert(it.protocol_instance_id.clone(), update);
            state.updates_accepted += 1;
        }
        A::WorkflowExecutionUpdateCompletedEventAttributes(it) => {
            let name = it.meta.as_ref().map_or("", |meta| &meta.update_id);
            if let Some(update) = state.updates.get_mut(name) {
                update.completed = id;
                update.outcome = Some(it.outcome.clone().unwrap_or_default());
            }
        }
        _ => {}
    }
}

fn operation(state: &mut RunState, id: i64, at: Time, attributes: &Attributes) {
    use Attributes as A;
    match attributes {
        A::NexusOperationScheduledEventAttributes(_) => {
            state.operations.insert(id, OperationState::new(at));
        }
        A::NexusOperationStartedEventAttributes(it) => {
            if let Some(operation) = state.operations.get_mut(&it.scheduled_event_id) {
                operation.started(at, Started::Running(it.operation_token.clone()));
            }
        }
        A::NexusOperationCancelRequestedEventAttributes(it) => {
            if let Some(operation) = state.operations.get_mut(&it.scheduled_event_id) {
                operation.request_cancel(CancelState { requested: id, ..CancelState::default() });
            }
        }
        attributes => {
            if let Some(scheduled) = ended_operation(attributes) {
                state.operations.remove(&scheduled);
            }
        }
    }
}

/// The Nexus operation that an event says is over.
pub(crate) fn ended_operation(attributes: &Attributes) -> Option<i64> {
    use Attributes as A;
    Some(match attributes {
        A::NexusOperationCompletedEventAttributes(it) => it.scheduled_event_id,
        A::NexusOperationFailedEventAttributes(it) => it.scheduled_event_id,
        A::NexusOperationCanceledEventAttributes(it) => it.scheduled_event_id,
        A::NexusOperationTimedOutEventAttributes(it) => it.scheduled_event_id,
        _ => return None,
    })
}

fn end(state: &mut RunState, at: Time, kind: EventType, attributes: &Attributes) {
    use Attributes as A;
    let next_run = match attributes {
        A::WorkflowExecutionCompletedEventAttributes(it) => it.new_execution_run_id.as_str(),
        A::WorkflowExecutionFailedEventAttributes(it) => &it.new_execution_run_id,
        A::WorkflowExecutionTimedOutEventAttributes(it) => &it.new_execution_run_id,
        A::WorkflowExecutionContinuedAsNewEventAttributes(it) => &it.new_execution_run_id,
        A::WorkflowExecutionCanceledEventAttributes(_) | A::WorkflowExecutionTerminatedEventAttributes(_) => "",
        _ => return,
    };
    state.set_status(match kind {
        EventType::WorkflowExecutionCompleted => Status::Completed,
        EventType::WorkflowExecutionFailed => Status::Failed,
        EventType::WorkflowExecutionTimedOut => Status::TimedOut,
        EventType::WorkflowExecutionContinuedAsNew => Status::ContinuedAsNew,
        EventType::WorkflowExecutionCanceled => Status::Canceled,
        _ => Status::Terminated,
    });
    state.close_time = at.nanos();
    next_run.clone_into(&mut state.next_run);
    state.clear_pending();
}

impl Run {
    /// Whether the state is what the events say, as far as they say something.
    pub(crate) fn agrees_with_history(&self) -> bool {
        // What is held back is known to the state, and not in the history yet.
        if !self.state.buffered.is_empty() {
            return true;
        }
        let rebuilt = rebuild(&self.history);
        // What a worker has rejected leaves no trace.
        let is_known = |(id, event): (&String, &i64)| rebuilt.admitted.get(id) == Some(event);
        told(&rebuilt) == told(&self.state) && self.state.admitted.iter().all(is_known)
    }
}

/// What the events of a run tell of its state.
fn told(state: &RunState) -> impl PartialEq + use<> {
    let task = state.task.as_ref().filter(|task| !task.unwritten);
    let activity = |(scheduled, it): (&i64, &ActivityState)| (*scheduled, it.activity_id.clone(), it.cancel_requested);
    let update = |(id, it): (&String, &UpdateState)| (id.clone(), it.accepted, it.completed);
    (
        (state.workflow_id.clone(), state.status, state.close_time, state.next_run.clone()),
        (task.map(|task| (task.scheduled, task.started, task.timeout)), state.previous_started),
        state.activities.iter().map(activity).collect::<Vec<_>>(),
        (state.timers.clone(), state.children.clone(), state.externals.clone()),
        state.updates.iter().map(update).collect::<Vec<_>>(),
        state.operations.iter().map(|(id, it)| (*id, it.is_running(), it.cancel.is_some())).collect::<Vec<_>>(),
        (state.memo.clone(), state.signals, state.cancel_requested, state.skipping.clone()),
        (state.attached.clone(), state.priority.clone(), state.versioning_override.clone()),
        state.pause.clone(),
    )
}

impl RunState {
    /// What was pending is not any more: the run is over.
    pub(crate) fn clear_pending(&mut self) {
        self.task = None;
        self.buffered.clear();
        self.children.clear();
        self.activities.clear();
        self.timers.clear();
        self.externals.clear();
        self.operations.clear();
    }

    fn end_external(&mut self, initiated: i64) {
        self.externals.remove(&initiated);
    }
}
