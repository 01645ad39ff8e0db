//! Writes the history that a server would write, and refuses what a server would refuse.
//!
//! Event ids are given when an event is stored. While a task is started, what comes from outside waits in a buffer and
//! is stored behind the answer, completions of activities and children last. The tasks of updates alone, and every attempt after the
//! first, are only promised: their events are stored when something comes of them.

use std::collections::BTreeMap;

use perpetua_core::Closed;
use perpetua_vocab::{
    ActivityCanceled, ActivityClosed, ActivityFailed, ActivityId, ActivityScheduled, Command, CommandKind, Event,
    EventId, EventKind, Identity, MarkerRecorded, Message, MessageBody, MessageId, Opaque, OtherEvent,
    PropertiesModified, RecordMarker, RetryState, RunId, SearchAttributesUpserted, SignalName, Signaled, TaskQueue,
    TimerId, TimerStarted, Timestamp, UpdateAccepted, UpdateAdmitted, UpdateCompleted, UpdateId, UpdateName,
    UpdateRequest, WorkflowCancelRequested, WorkflowClosed, WorkflowContinuedAsNew, WorkflowFailed, WorkflowId,
    WorkflowStarted, WorkflowTaskCompleted, WorkflowTaskFailed, WorkflowTaskFailedCause, WorkflowTaskStarted,
    WorkflowType,
};

use crate::happening::Happening;
use crate::instance::{failure, read, text};
use crate::others::Others;

const UNHANDLED_COMMAND: WorkflowTaskFailedCause = WorkflowTaskFailedCause::Other(1);

/// One workflow run, as its server knows it.
#[derive(Default)]
pub(crate) struct Server {
    history: Vec<Event>,
    /// The started event of the last task that was answered.
    previous: Option<EventId>,
    task: Option<Task>,
    /// How many tries the present task had before.
    failed_attempts: u32,
    /// What happened while the task was started.
    buffered: Vec<Happening>,
    timers: BTreeMap<String, Timer>,
    activities: BTreeMap<String, Activity>,
    others: Others,
    updates: BTreeMap<UpdateId, Update>,
    cancel_requested: bool,
    closed: bool,
}

/// The workflow task that is waiting or being worked on.
#[derive(Clone)]
struct Task {
    scheduled: EventId,
    started: Option<EventId>,
    /// Its events, if they are not stored.
    promised: Option<Vec<EventKind>>,
    /// Whether it is there only because of updates.
    speculative: bool,
}

struct Timer {
    id: TimerId,
    started: EventId,
    /// Whether its firing is in the buffer.
    due: bool,
}

struct Activity {
    id: ActivityId,
    scheduled: EventId,
    cancel_requested: bool,
    /// Whether its end is in the buffer.
    ended: bool,
}

#[derive(Clone)]
struct Update {
    request: UpdateRequest,
    /// Its place among the events, if it has one already.
    after: Option<EventId>,
    /// The place with which it was sent.
    place: Option<EventId>,
    /// Whether the request is in an event of its own.
    admitted: bool,
    state: UpdateState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum UpdateState {
    Waiting,
    Sent,
    Accepted(EventId),
    Done,
}

/// What a worker polls.
#[derive(Clone)]
pub(crate) struct Polled {
    pub(crate) previous: Option<EventId>,
    pub(crate) started: Option<EventId>,
    /// All of it, with the events that are only promised.
    pub(crate) history: Vec<Event>,
    pub(crate) messages: Vec<Message>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It is in history.
    Recorded,
    /// It said nothing, and its task is as if it had not been.
    LeftNoTrace,
    /// Something had happened that the workflow must see before it ends.
    Unhandled,
}

impl Server {
    pub(crate) fn history(&self) -> &[Event] {
        &self.history
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn has_task(&self) -> bool {
        self.task.is_some()
    }

    /// What may happen now, apart from messages, which may always come.
    pub(crate) fn possible(&self) -> Vec<Happening> {
        let mut possible = Vec::new();
        if !self.cancel_requested {
            possible.push(Happening::CancelRequested);
        }
        let running = self.timers.iter().filter(|(_, timer)| !timer.due);
        possible.extend(running.map(|(label, _)| Happening::Fired(label.clone())));
        for (label, activity) in self.activities.iter().filter(|(_, activity)| !activity.ended) {
            possible.push(Happening::Completed { activity: label.clone(), value: "done".to_owned() });
            possible.push(Happening::Failed { activity: label.clone(), why: "broken".to_owned() });
            possible.push(Happening::TimedOut(label.clone()));
            if activity.cancel_requested {
                possible.push(Happening::Canceled(label.clone()));
                possible.push(Happening::Withdrawn(label.clone()));
            }
        }
        self.others.add_possible(&mut possible);
        possible
    }

    /// Lets something happen.
    pub(crate) fn happen(&mut self, happening: &Happening) -> Result<(), String> {
        if self.closed {
            return Err(format!("the workflow is closed, so this cannot happen: {happening}"));
        }
        let nothing_pending = || format!("nothing pending has this name: {happening}");
        match happening {
            Happening::Fired(label) => {
                let timer = self.timers.get_mut(label).filter(|timer| !timer.due).ok_or_else(nothing_pending)?;
                timer.due = true;
            }
            Happening::Completed { activity: label, .. }
            | Happening::Failed { activity: label, .. }
            | Happening::TimedOut(label)
            | Happening::Canceled(label)
            | Happening::Withdrawn(label) => {
                let activity = self.activities.get_mut(label).filter(|activity| !activity.ended);
                activity.ok_or_else(nothing_pending)?.ended = true;
            }
            Happening::ChildStarted(_)
            | Happening::ChildRefused(_)
            | Happening::ChildEnded { .. }
            | Happening::Delivered(_)
            | Happening::Undelivered(_) => self.others.happen(happening).ok_or_else(nothing_pending)?,
            Happening::CancelRequested => self.cancel_requested = true,
            Happening::Update { name, id } => {
                self.admit(name, id, false);
                if self.task.is_none() {
                    self.promise(true);
                }
                return Ok(());
            }
            _ => {}
        }
        if self.is_started() {
            self.buffered.push(happening.clone());
        } else {
            // A task that is only promised makes room for what really happened.
            self.task.take_if(|task| task.promised.is_some());
            self.failed_attempts = 0;
            self.store(happening);
            self.schedule();
        }
        Ok(())
    }

    fn is_started(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.started.is_some())
    }

    fn admit(&mut self, name: &str, id: &str, admitted: bool) {
        let update = UpdateId::from(id);
        let request = UpdateRequest {
            update: update.clone(),
            identity: Identity::from("client"),
            name: UpdateName::from(name),
            ..UpdateRequest::default()
        };
        let after = if self.is_started() { None } else { self.history.last().map(|event| event.id) };
        self.updates.insert(update, Update { request, after, place: None, admitted, state: UpdateState::Waiting });
    }

    /// Schedules a task, unless there is one.
    pub(crate) fn schedule(&mut self) {
        if self.task.is_none() {
            let scheduled = self.write(EventKind::WorkflowTaskScheduled(Opaque::default()));
            self.task = Some(Task { scheduled, started: None, promised: None, speculative: false });
        }
    }

    fn promise(&mut self, speculative: bool) {
        let promised = vec![EventKind::WorkflowTaskScheduled(Opaque::default())];
        self.task = Some(Task { scheduled: self.next_id(), started: None, promised: Some(promised), speculative });
    }

    /// Hands the task to a worker.
    pub(crate) fn start_task(&mut self) -> Result<Polled, String> {
        let mut task = self.task.take().ok_or("there is no task")?;
        let kind = EventKind::WorkflowTaskStarted(Box::new(WorkflowTaskStarted {
            scheduled: task.scheduled,
            suggest_continue_as_new: false,
            history_size: 0,
            rest: Opaque::default(),
        }));
        let mut history = Vec::new();
        let started = match &mut task.promised {
            None => self.write(kind),
            Some(promised) => {
                promised.push(kind);
                history = number(self.next_id(), promised.clone());
                task.scheduled.next()
            }
        };
        history.splice(0..0, self.history.iter().cloned());
        task.started = Some(started);
        let mut messages = Vec::new();
        for (id, update) in &mut self.updates {
            if matches!(update.state, UpdateState::Waiting | UpdateState::Sent) {
                update.state = UpdateState::Sent;
                update.place = update.after.or(Some(task.scheduled));
                messages.push(Message {
                    id: request_id(id),
                    update: id.clone(),
                    sequencing: update.place,
                    body: MessageBody::Request(Box::new(update.request.clone())),
                });
            }
        }
        messages.sort_by_key(|message| message.sequencing);
        self.task = Some(task);
        Ok(Polled { previous: self.previous, started: Some(started), history, messages })
    }

    /// A question to the worker, which sees what is stored.
    pub(crate) fn query(&self) -> Polled {
        Polled { previous: self.previous, started: None, history: self.history.clone(), messages: Vec::new() }
    }

    /// Takes the answer to the task; there may have to be another task at once.
    pub(crate) fn answer(&mut self, closed: &Closed, wants_task: bool) -> Result<Answered, String> {
        let task = self.started_task()?;
        let ends = closed.commands.iter().any(|command| command.kind.closes_workflow());
        if ends != closed.finished {
            return Err("the answer does not say truly whether it ends the run".to_owned());
        }
        let takes_back = |happening: &Happening| {
            matches!(happening, Happening::Fired(label) if closed.commands.iter().any(|command| {
                matches!(&command.kind, CommandKind::CancelTimer { timer } if *timer == self.timers[label].id)
            }))
        };
        if ends && self.buffered.iter().any(|happening| !takes_back(happening)) {
            self.fail(UNHANDLED_COMMAND)?;
            return Ok(Answered::Unhandled);
        }
        if task.speculative && closed.commands.is_empty() && !wants_task && self.buffered.is_empty() {
            self.check_messages(closed, &[])?;
            self.task = None;
            self.settle_sent();
            return Ok(Answered::LeftNoTrace);
        }
        self.store_promised(&task);
        self.failed_attempts = 0;
        let completed = self.write(EventKind::WorkflowTaskCompleted(Box::new(WorkflowTaskCompleted {
            scheduled: task.scheduled,
            started: task.started,
            core_flags: Vec::new(),
            language_flags: Vec::new(),
            rest: Opaque::default(),
        })));
        self.previous = task.started;
        let mut placed = Vec::new();
        for command in &closed.commands {
            if self.closed {
                return Err(format!("a command comes after the end: {}", command.kind.name()));
            }
            self.obey(command, closed, completed, &mut placed)?;
        }
        self.check_messages(closed, &placed)?;
        self.settle_sent();
        self.task = None;
        self.flush();
        if wants_task {
            self.task.take_if(|task| task.promised.is_some());
            self.schedule();
        }
        Ok(Answered::Recorded)
    }

    /// The task was not answered in time, or somebody could not answer it.
    pub(crate) fn fail_task(&mut self, in_time: bool) -> Result<(), String> {
        if in_time {
            return self.fail(WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
        }
        self.give_up(EventKind::WorkflowTaskTimedOut(Opaque::default()))
    }

    fn fail(&mut self, cause: WorkflowTaskFailedCause) -> Result<(), String> {
        let failed = WorkflowTaskFailed { cause, failure: None, new_run: None, rest: Opaque::default() };
        self.give_up(EventKind::WorkflowTaskFailed(Box::new(failed)))
    }

    fn give_up(&mut self, kind: EventKind) -> Result<(), String> {
        let task = self.started_task()?;
        self.task = None;
        if task.speculative || self.failed_attempts == 0 {
            self.store_promised(&task);
            self.write(kind);
        }
        self.failed_attempts += 1;
        for update in self.updates.values_mut().filter(|update| update.state == UpdateState::Sent) {
            update.state = UpdateState::Waiting;
        }
        if self.buffered.is_empty() {
            self.promise(false);
        } else {
            self.failed_attempts = 0;
            self.flush();
        }
        Ok(())
    }

    fn started_task(&self) -> Result<Task, String> {
        let task = self.task.clone().filter(|task| task.started.is_some());
        task.ok_or_else(|| "no task was started".to_owned())
    }

    fn store_promised(&mut self, task: &Task) {
        for kind in task.promised.clone().unwrap_or_default() {
            self.write(kind);
        }
    }

    /// Updates that were sent and neither accepted nor refused count as refused.
    fn settle_sent(&mut self) {
        for update in self.updates.values_mut().filter(|update| update.state == UpdateState::Sent) {
            update.state = UpdateState::Done;
        }
        if self.task.is_none() && self.updates.values().any(|update| update.state == UpdateState::Waiting) {
            self.promise(true);
        }
    }

    fn flush(&mut self) {
        if self.closed {
            return;
        }
        let buffered = std::mem::take(&mut self.buffered);
        if buffered.is_empty() {
            self.settle_sent();
            return;
        }
        let mut completions = Vec::new();
        for happening in buffered {
            match self.begin(&happening) {
                None if !matches!(happening, Happening::ChildEnded { .. }) => self.store(&happening),
                begun => completions.push((happening, begun)),
            }
        }
        for (happening, begun) in completions {
            match begun {
                Some(begun) => self.end_activity(&happening, begun),
                None => self.store(&happening),
            }
        }
        self.schedule();
    }

    /// Stores what happened.
    fn store(&mut self, happening: &Happening) {
        if let Some(begun) = self.begin(happening) {
            self.end_activity(happening, begun);
            return;
        }
        let kind = match happening {
            Happening::Started => EventKind::WorkflowStarted(Box::new(started())),
            Happening::Signal(name) => EventKind::Signaled(Box::new(Signaled {
                name: SignalName::from(name),
                input: None,
                identity: Identity::default(),
                header: None,
                rest: Opaque::default(),
            })),
            Happening::CancelRequested => EventKind::WorkflowCancelRequested(Box::new(WorkflowCancelRequested {
                reason: "enough".to_owned(),
                identity: Identity::default(),
                rest: Opaque::default(),
            })),
            Happening::Fired(label) => {
                let Timer { id, started, .. } = self.timers.remove(label).expect("it was looked up before");
                EventKind::TimerFired { timer: id, started }
            }
            Happening::Admitted { name, id } => {
                self.admit(name, id, true);
                let request = self.updates[&UpdateId::from(id)].request.clone();
                EventKind::UpdateAdmitted(Box::new(UpdateAdmitted { request, rest: Opaque::default() }))
            }
            Happening::Unknown { .. } => EventKind::Other(Box::new(OtherEvent {
                event_type: 999,
                name: String::new(),
                attributes: Opaque::default(),
                task_completed: None,
            })),
            Happening::ChildStarted(_)
            | Happening::ChildRefused(_)
            | Happening::ChildEnded { .. }
            | Happening::Delivered(_)
            | Happening::Undelivered(_) => {
                let next = self.next_id();
                self.others.event(happening, next)
            }
            Happening::Update { .. }
            | Happening::Completed { .. }
            | Happening::Failed { .. }
            | Happening::TimedOut(_)
            | Happening::Canceled(_)
            | Happening::Withdrawn(_) => return,
        };
        self.write(kind);
        if let (Happening::Unknown { may_ignore: true }, Some(event)) = (happening, self.history.last_mut()) {
            event.worker_may_ignore = true;
        }
    }

    /// Stores that an activity began, which is done only when it ends; none for anything else.
    fn begin(&mut self, happening: &Happening) -> Option<(EventId, Option<EventId>)> {
        let (Happening::Completed { activity, .. }
        | Happening::Failed { activity, .. }
        | Happening::TimedOut(activity)
        | Happening::Canceled(activity)
        | Happening::Withdrawn(activity)) = happening
        else {
            return None;
        };
        let Activity { scheduled, .. } = self.activities.remove(activity).expect("it was looked up before");
        let begun = match happening {
            Happening::Withdrawn(_) => None,
            _ => Some(self.write(EventKind::ActivityStarted { scheduled, rest: Opaque::default() })),
        };
        Some((scheduled, begun))
    }

    fn end_activity(&mut self, happening: &Happening, (scheduled, started): (EventId, Option<EventId>)) {
        let identity = Identity::from(if started.is_some() { "worker" } else { "" });
        let failed = |message: &str, retry_state, identity| {
            let failure = Some(failure(message));
            Box::new(ActivityFailed { failure, scheduled, started, identity, retry_state, rest: Opaque::default() })
        };
        let kind = match happening {
            Happening::Completed { value, .. } => {
                let result = Some(text(value));
                let rest = Opaque::default();
                EventKind::ActivityCompleted(Box::new(ActivityClosed { result, scheduled, started, identity, rest }))
            }
            Happening::Failed { why, .. } => {
                EventKind::ActivityFailed(failed(why, RetryState::MaximumAttemptsReached, identity))
            }
            Happening::TimedOut(_) => {
                EventKind::ActivityTimedOut(failed("too late", RetryState::Timeout, Identity::default()))
            }
            Happening::Canceled(_) | Happening::Withdrawn(_) => {
                let rest = Opaque::default();
                let canceled = ActivityCanceled { details: None, scheduled, started, identity, rest };
                EventKind::ActivityCanceled(Box::new(canceled))
            }
            _ => return,
        };
        self.write(kind);
    }

    /// Does what a command asks.
    fn obey(
        &mut self,
        command: &Command,
        closed: &Closed,
        completed: EventId,
        placed: &mut Vec<MessageId>,
    ) -> Result<(), String> {
        let label = || command.metadata.summary.clone().map(|summary| read(&[summary])).unwrap_or_default();
        match &command.kind {
            CommandKind::StartTimer(start) => {
                if self.timers.values().any(|timer| timer.id == start.timer) {
                    return Err(format!("there is a timer {} already", start.timer));
                }
                let (timer, after) = (start.timer.clone(), start.after);
                let kind = EventKind::TimerStarted(TimerStarted { timer, after, task_completed: completed });
                let started = self.write(kind);
                // Timers between the attempts of a local activity have no name.
                let label = Some(label()).filter(|label| !label.is_empty());
                let label = label.unwrap_or_else(|| format!("timer{}", start.timer));
                self.timers.insert(label, Timer { id: start.timer.clone(), started, due: false });
            }
            CommandKind::CancelTimer { timer } => {
                let found = self.timers.iter().find(|(_, pending)| pending.id == *timer);
                let label = found.ok_or_else(|| format!("there is no timer {timer} to cancel"))?.0.clone();
                self.buffered.retain(|happening| *happening != Happening::Fired(label.clone()));
                let Timer { id, started, .. } = self.timers.remove(&label).expect("it was just found");
                let identity = Identity::default();
                self.write(EventKind::TimerCanceled { timer: id, started, task_completed: completed, identity });
            }
            CommandKind::StartActivity(start) => {
                if self.activities.values().any(|activity| activity.id == start.activity) {
                    return Err(format!("there is an activity {} already", start.activity));
                }
                let scheduled = self.write(EventKind::ActivityScheduled(Box::new(ActivityScheduled {
                    activity: start.activity.clone(),
                    activity_type: start.activity_type.clone(),
                    input: None,
                    task_completed: completed,
                    rest: Opaque::default(),
                })));
                let id = start.activity.clone();
                self.activities.insert(label(), Activity { id, scheduled, cancel_requested: false, ended: false });
            }
            CommandKind::RequestCancelActivity { scheduled } => {
                let found = self.activities.values_mut().find(|activity| activity.scheduled == *scheduled);
                let found = found.ok_or_else(|| format!("no activity of event {scheduled} is pending"))?;
                if std::mem::replace(&mut found.cancel_requested, true) {
                    return Err(format!("the activity of event {scheduled} was asked to stop before"));
                }
                let scheduled = *scheduled;
                self.write(EventKind::ActivityCancelRequested { scheduled, task_completed: completed });
            }
            CommandKind::StartChildWorkflow(_)
            | CommandKind::SignalExternalWorkflow(_)
            | CommandKind::RequestCancelExternalWorkflow(_) => {
                let kind = self.others.obey(&command.kind, label(), completed, self.next_id())?;
                self.write(kind);
            }
            CommandKind::Message { message } => {
                let sent = closed.messages.iter().find(|sent| sent.id == *message);
                self.deliver(sent.ok_or_else(|| format!("there is no message {message}"))?)?;
                placed.push(message.clone());
            }
            CommandKind::RecordMarker(_)
            | CommandKind::UpsertSearchAttributes { .. }
            | CommandKind::ModifyProperties { .. } => {
                self.write(note(&command.kind, completed)?);
            }
            CommandKind::CompleteWorkflow { result } => {
                let (result, new_run) = (result.clone(), None);
                let kind = WorkflowClosed { result, task_completed: completed, new_run };
                self.close(EventKind::WorkflowCompleted(Box::new(kind)));
            }
            CommandKind::FailWorkflow { failure } => self.close(EventKind::WorkflowFailed(Box::new(WorkflowFailed {
                failure: Some((**failure).clone()),
                retry_state: RetryState::RetryPolicyNotSet,
                task_completed: completed,
                new_run: None,
            }))),
            CommandKind::CancelWorkflow { details } => {
                self.close(EventKind::WorkflowCanceled { task_completed: completed, details: details.clone() });
            }
            CommandKind::ContinueAsNew(next) => {
                self.close(EventKind::WorkflowContinuedAsNew(Box::new(WorkflowContinuedAsNew {
                    new_run: RunId::from("next-run"),
                    workflow_type: next.workflow_type.clone(),
                    input: None,
                    task_completed: Some(completed),
                    rest: Opaque::default(),
                })));
            }
            kind => return Err(format!("no such command: {}", kind.name())),
        }
        Ok(())
    }

    fn close(&mut self, kind: EventKind) {
        self.write(kind);
        self.closed = true;
    }

    /// Takes a message at its place among the events.
    fn deliver(&mut self, message: &Message) -> Result<(), String> {
        let known = self.updates.get(&message.update).cloned();
        let update = known.ok_or_else(|| format!("there is no update {}", message.update))?;
        match &message.body {
            MessageBody::Accept { request_message, request_sequencing, request }
            | MessageBody::Reject { request_message, request_sequencing, request, .. } => {
                let sent = (request_message, *request_sequencing, &**request);
                if sent != (&request_id(&message.update), update.place, &update.request) {
                    return Err(format!("the request of update {} came back changed", message.update));
                }
            }
            MessageBody::Respond { identity, .. } if *identity != update.request.identity => {
                return Err(format!("the answer to update {} is for somebody else", message.update));
            }
            _ => {}
        }
        match (&message.body, update.state) {
            (MessageBody::Accept { request_message, request_sequencing, .. }, UpdateState::Sent) => {
                let accepted = self.write(EventKind::UpdateAccepted(Box::new(UpdateAccepted {
                    update: message.update.clone(),
                    message: request_message.clone(),
                    sequencing: *request_sequencing,
                    request: Some(update.request).filter(|_| !update.admitted),
                })));
                self.set_update(message, UpdateState::Accepted(accepted));
            }
            (MessageBody::Respond { identity, outcome }, UpdateState::Accepted(accepted)) => {
                self.write(EventKind::UpdateCompleted(Box::new(UpdateCompleted {
                    update: message.update.clone(),
                    identity: identity.clone(),
                    accepted: Some(accepted),
                    outcome: Some(outcome.clone()),
                })));
                self.set_update(message, UpdateState::Done);
            }
            (MessageBody::Reject { .. }, UpdateState::Sent) => self.set_update(message, UpdateState::Done),
            _ => return Err(format!("message {} comes at the wrong time", message.id)),
        }
        Ok(())
    }

    /// Takes the messages that have no place, which must be rejections.
    fn check_messages(&mut self, closed: &Closed, placed: &[MessageId]) -> Result<(), String> {
        for message in closed.messages.iter().filter(|message| !placed.contains(&message.id)) {
            if !matches!(message.body, MessageBody::Reject { .. }) {
                return Err(format!("message {} has no place among the commands", message.id));
            }
            self.deliver(message)?;
        }
        Ok(())
    }

    fn set_update(&mut self, message: &Message, state: UpdateState) {
        if let Some(update) = self.updates.get_mut(&message.update) {
            update.state = state;
        }
    }

    /// Writes other answers to the last task than those that were given.
    pub(crate) fn replace_answers(&mut self, answers: Vec<EventKind>) -> Result<(), String> {
        let is_completed = |event: &Event| matches!(event.kind, EventKind::WorkflowTaskCompleted(_));
        let completed = self.history.iter().rposition(is_completed).ok_or("no task was answered")?;
        if self.history[completed + 1..].iter().any(|event| !event.answers_task()) {
            return Err("something happened since the task was answered".to_owned());
        }
        self.history.truncate(completed + 1);
        self.closed = false;
        for answer in answers {
            self.write(answer);
        }
        Ok(())
    }

    fn next_id(&self) -> EventId {
        self.history.last().map_or(EventId::FIRST, |event| event.id.next())
    }

    fn write(&mut self, kind: EventKind) -> EventId {
        let id = self.next_id();
        self.history.extend(number(id, vec![kind]));
        id
    }
}

/// The event that a note leaves.
fn note(command: &CommandKind, task_completed: EventId) -> Result<EventKind, String> {
    Ok(match command.clone() {
        CommandKind::RecordMarker(marker) => {
            let RecordMarker { name, details, failure, header } = *marker;
            let header = Some(header);
            EventKind::MarkerRecorded(Box::new(MarkerRecorded { name, details, failure, header, task_completed }))
        }
        CommandKind::UpsertSearchAttributes { search_attributes } => {
            let search_attributes = Some(search_attributes);
            EventKind::SearchAttributesUpserted(Box::new(SearchAttributesUpserted {
                search_attributes,
                task_completed,
            }))
        }
        CommandKind::ModifyProperties { memo } => {
            EventKind::PropertiesModified(Box::new(PropertiesModified { memo: Some(memo), task_completed }))
        }
        other => return Err(format!("leaves no note: {}", other.name())),
    })
}

fn request_id(update: &UpdateId) -> MessageId {
    MessageId::new(format!("{update}/request"))
}

/// Makes events, numbered from an id on.
pub(crate) fn number(first: EventId, kinds: Vec<EventKind>) -> Vec<Event> {
    let ids = std::iter::successors(Some(first), |id| Some(id.next()));
    ids.zip(kinds).map(|(id, kind)| event(id, kind)).collect()
}

fn event(id: EventId, kind: EventKind) -> Event {
    let time = Timestamp { seconds: id.to_wire(), nanos: 0 };
    Event { id, time, kind, worker_may_ignore: false, version: 0, task_id: id.to_wire(), extra: None }
}

/// The first event of every history.
pub(crate) fn started() -> WorkflowStarted {
    WorkflowStarted {
        workflow_id: WorkflowId::from("workflow"),
        workflow_type: WorkflowType::from("program"),
        task_queue: TaskQueue::from("queue"),
        input: None,
        first_run: RunId::from("run"),
        original_run: RunId::from("run"),
        continued_run: None,
        attempt: 1,
        execution_timeout: None,
        run_timeout: None,
        task_timeout: None,
        retry_policy: None,
        cron_schedule: String::new(),
        continued_failure: None,
        last_completion_result: None,
        memo: None,
        search_attributes: None,
        header: None,
        identity: Identity::from("client"),
        rest: Opaque::default(),
    }
}
