//! Writes a history as a server would.

use perpetua_vocab::{
    Event, EventId, EventKind, History, Message, Opaque, Timestamp, WorkflowTaskCompleted, WorkflowTaskStarted,
};
use perpetua_workflow::CORE_FLAGS;

/// A history that grows, and its clock.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    events: Vec<Event>,
    now: Timestamp,
}

/// A workflow task that was handed out.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) scheduled: EventId,
    pub(super) started: EventId,
    /// What it brings beside history.
    pub(super) messages: Vec<Message>,
}

impl Writer {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { events: Vec::new(), now }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The clock shows this time, unless it is later already.
    pub(super) fn move_to(&mut self, time: Timestamp) {
        self.now = self.now.max(time);
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn history(&self) -> History {
        History::new(self.events.clone())
    }

    /// The id of the last event; none before the first.
    pub(super) fn last(&self) -> Option<EventId> {
        self.events.last().map(|event| event.id)
    }

    /// The id that the next event will have.
    pub(super) fn next(&self) -> EventId {
        self.last().map_or(EventId::FIRST, EventId::next)
    }

    /// Writes an event.
    pub(super) fn add(&mut self, kind: EventKind) -> EventId {
        let id = self.next();
        let (time, version, task_id) = (self.now, 0, 0);
        self.events.push(Event { id, time, kind, worker_may_ignore: false, version, task_id, extra: None });
        id
    }

    /// Hands out a workflow task.
    pub(super) fn hand_out(&mut self, messages: Vec<Message>) -> Task {
        let scheduled = self.add(EventKind::WorkflowTaskScheduled(Opaque::default()));
        let started = self.add(EventKind::WorkflowTaskStarted(Box::new(WorkflowTaskStarted {
            scheduled,
            suggest_continue_as_new: false,
            history_size: 0,
            rest: Opaque::default(),
        })));
        Task { scheduled, started, messages }
    }

    /// The answer to a workflow task has come. What it asks for is to be written next.
    pub(super) fn complete(&mut self, task: &Task) -> EventId {
        self.add(EventKind::WorkflowTaskCompleted(Box::new(WorkflowTaskCompleted {
            scheduled: task.scheduled,
            started: Some(task.started),
            core_flags: CORE_FLAGS.into(),
            language_flags: Vec::new(),
            rest: Opaque::default(),
        })))
    }

    /// Takes back everything from this event on, as a server does with a workflow task that leaves no trace.
    pub(super) fn take_back(&mut self, from: EventId) {
        self.events.retain(|event| event.id < from);
    }
}
