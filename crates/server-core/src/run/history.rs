//! How events come into the history of a run: their ids, and what is held back while a worker has the workflow task.
//!
//! ```text
//! append: gets the next id, and is stored            buffer: waits, without an id, until the task is answered
//!                                                    flush: what is no completion first, then the completions
//! ```

use std::collections::BTreeMap;

use perpetua_proto::enums::EventType;
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes;

use super::Run;
use crate::time::Time;

/// Makes an event that has no id yet.
pub(crate) fn event(kind: EventType, now: Time, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_time: Some(now.to_wire()),
        event_type: kind.into(),
        attributes: Some(attributes),
        ..HistoryEvent::default()
    }
}

impl Run {
    /// Stores an event; its id.
    pub(crate) fn append(&mut self, mut event: HistoryEvent) -> i64 {
        let id = self.history.next_id();
        event.event_id = id;
        event.task_id = id;
        self.note_attached(&event);
        self.history.push(event);
        self.state.history_bytes = self.history.bytes();
        id
    }

    /// Stores what has come from outside, or holds it back while a worker has the task.
    pub(crate) fn record(&mut self, event: HistoryEvent) {
        if self.is_task_started() {
            self.state.buffered.push(event);
        } else {
            self.write_unwritten_schedule();
            self.append_completion(event, &mut BTreeMap::new());
        }
    }

    /// Stores what was held back.
    pub(crate) fn flush(&mut self) {
        let buffered = std::mem::take(&mut self.state.buffered);
        let (completions, others): (Vec<_>, Vec<_>) = buffered.into_iter().partition(is_completion);
        let mut started = BTreeMap::new();
        for event in others.into_iter().chain(completions) {
            self.append_completion(event, &mut started);
        }
    }

    /// Stores an event, and makes it name the event by which its operation started.
    fn append_completion(&mut self, mut event: HistoryEvent, started: &mut BTreeMap<i64, i64>) {
        let begins = begun_by(&event);
        if let Some((operation, started_id)) = started_field(&mut event)
            && *started_id == 0
        {
            let known = started.get(&operation).copied();
            *started_id = known.or_else(|| self.started_event_of(operation)).unwrap_or(0);
        }
        let id = self.append(event);
        if let Some(operation) = begins {
            started.insert(operation, id);
            if let Some(child) = self.state.children.get_mut(&operation) {
                child.started = id;
            }
        }
    }

    /// The event by which an operation started, where it is the newest of the history or belongs to a child.
    fn started_event_of(&self, operation: i64) -> Option<i64> {
        let last = self.history.last()?;
        if begun_by(last) == Some(operation) { Some(last.event_id) } else { None }
    }
}

/// The operation that an event says has started.
fn begun_by(event: &HistoryEvent) -> Option<i64> {
    match event.attributes.as_ref()? {
        Attributes::ActivityTaskStartedEventAttributes(it) => Some(it.scheduled_event_id),
        Attributes::ChildWorkflowExecutionStartedEventAttributes(it) => Some(it.initiated_event_id),
        _ => None,
    }
}

/// The operation that an event ends, and the field that names the event by which it started.
pub(super) fn started_field(event: &mut HistoryEvent) -> Option<(i64, &mut i64)> {
    use Attributes as A;
    Some(match event.attributes.as_mut()? {
        A::ActivityTaskCompletedEventAttributes(it) => (it.scheduled_event_id, &mut it.started_event_id),
        A::ActivityTaskFailedEventAttributes(it) => (it.scheduled_event_id, &mut it.started_event_id),
        A::ActivityTaskTimedOutEventAttributes(it) => (it.scheduled_event_id, &mut it.started_event_id),
        A::ActivityTaskCanceledEventAttributes(it) => (it.scheduled_event_id, &mut it.started_event_id),
        A::ChildWorkflowExecutionCompletedEventAttributes(it) => (it.initiated_event_id, &mut it.started_event_id),
        A::ChildWorkflowExecutionFailedEventAttributes(it) => (it.initiated_event_id, &mut it.started_event_id),
        A::ChildWorkflowExecutionCanceledEventAttributes(it) => (it.initiated_event_id, &mut it.started_event_id),
        A::ChildWorkflowExecutionTimedOutEventAttributes(it) => (it.initiated_event_id, &mut it.started_event_id),
        A::ChildWorkflowExecutionTerminatedEventAttributes(it) => (it.initiated_event_id, &mut it.started_event_id),
        _ => return None,
    })
}

/// Whether an event is moved behind the others when what was held back is stored.
fn is_completion(event: &HistoryEvent) -> bool {
    matches!(
        event.event_type(),
        EventType::ActivityTaskCompleted
            | EventType::ActivityTaskFailed
            | EventType::ActivityTaskTimedOut
            | EventType::ActivityTaskCanceled
            | EventType::ChildWorkflowExecutionCompleted
            | EventType::ChildWorkflowExecutionFailed
            | EventType::ChildWorkflowExecutionCanceled
            | EventType::ChildWorkflowExecutionTimedOut
            | EventType::ChildWorkflowExecutionTerminated
            | EventType::NexusOperationCompleted
            | EventType::NexusOperationFailed
            | EventType::NexusOperationTimedOut
            | EventType::NexusOperationCanceled
    )
}
