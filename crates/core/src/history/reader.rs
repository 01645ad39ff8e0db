//! Groups the pages of a history into turns.
//!
//! ```text
//!            task started              task completed               anything but an answer
//! Between ------------------> Started -----------------> Recording ------------------------> (turn with record), Between
//!    ^                           |  |
//!    |   task failed, timed out  |  | history ends here
//!    +---------------------------+  v
//!                                 Handed: (turn without record) --task completed--> Confirming --> (record), Between
//! ```

use std::collections::{BTreeMap, VecDeque};

use perpetua_vocab::{
    ContinueAsNewReason, Event, EventId, EventKind, Malformed, RunId, Timestamp, UpdateId, UpdateRequest,
    WorkerDeploymentVersion, WorkflowTaskFailedCause,
};

use super::{Record, Turn, UpdateArrival};
use crate::Fault;

/// Groups the pages of a history into turns. Pages may be cut anywhere: the turns are the same.
#[derive(Debug)]
pub struct Reader {
    state: State,
    /// The id of the event to be read next.
    next: EventId,
    /// Events that were pushed and not read yet.
    queue: VecDeque<Event>,
    /// Whether what was pushed is all there is for now.
    last_page: bool,
    /// The started event of the task in hand, if there is one to be answered.
    present: Option<EventId>,
    /// The started event of the last task that is known to be answered.
    answered: Option<EventId>,
    /// How many turns were read.
    turns: u32,
    /// Requests of updates that were admitted in events of their own.
    admitted: BTreeMap<UpdateId, UpdateRequest>,
    /// Why no more can be read, if so.
    fault: Option<Fault>,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// A turn to be played.
    Turn(Turn),
    /// What history made of the answer to the turn handed out last.
    Confirm(Record),
    /// More events are needed to tell.
    NeedPage,
    /// There is nothing more for now.
    End,
}

#[derive(Debug)]
enum State {
    /// Between two tasks; what happens is for the next one.
    Between { gathered: Gathered },
    /// A task was started; whether anything comes of it is not known.
    Started { gathered: Gathered, start: Start },
    /// A task was completed; what follows is its answer.
    Recording { gathered: Gathered, start: Start, record: Record },
    /// The present turn was handed out; its record is to come.
    Handed { start: Start, blank: bool, rewind: EventId },
    /// The record of the turn handed out is being read.
    Confirming { start: Start, record: Record },
    /// Only while a transition is under way, or after one that failed.
    Moving,
}

/// What has happened since the last turn.
#[derive(Debug)]
struct Gathered {
    inputs: Vec<Event>,
    new_seed: Option<RunId>,
    /// The first event of all this, read or not.
    from: EventId,
}

impl Gathered {
    fn from(event: EventId) -> Self {
        Self { inputs: Vec::new(), new_seed: None, from: event }
    }
}

/// How a task started.
#[derive(Debug, Clone)]
struct Start {
    id: EventId,
    time: Timestamp,
    suggest_continue_as_new: bool,
    continue_as_new_reasons: Vec<ContinueAsNewReason>,
    target_version_changed: bool,
    /// Known when the task is completed.
    deployment_version: Option<WorkerDeploymentVersion>,
    history_size: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader at the beginning of a history.
    pub fn new() -> Self {
        Self {
            state: State::Between { gathered: Gathered::from(EventId::FIRST) },
            next: EventId::FIRST,
            queue: VecDeque::new(),
            last_page: true,
            present: None,
            answered: None,
            turns: 0,
            admitted: BTreeMap::new(),
            fault: None,
        }
    }

    /// How many turns were read.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    /// Whether a task that follows the task `previous`, with a history that begins at `first`, continues from here.
    /// Otherwise something happened that this reader does not know: read the whole history with a new one.
    pub fn continues(&self, previous: Option<EventId>, first: Option<EventId>) -> bool {
        let (at, next) = match &self.state {
            State::Handed { start, blank, rewind } => {
                if *blank && previous == self.answered {
                    (self.answered, *rewind)
                } else {
                    (Some(start.id), self.next)
                }
            }
            State::Between { .. } | State::Started { .. } => (self.answered, self.next),
            State::Recording { .. } | State::Confirming { .. } | State::Moving => return false,
        };
        self.fault.is_none() && at == previous && first.is_none_or(|first| first <= next)
    }

    /// Begins the next task: `present` is its started event, if it is to be answered, and `previous` that of the task
    /// before it.
    pub fn begin(&mut self, previous: Option<EventId>, present: Option<EventId>) {
        if let State::Handed { blank: true, rewind, .. } = &self.state
            && previous == self.answered
        {
            // The turn handed out last left no trace, and the server took its task back.
            self.next = *rewind;
            self.turns -= 1;
            self.state = State::Between { gathered: Gathered::from(*rewind) };
        }
        self.present = present;
        self.last_page = false;
    }

    /// Adds a page. Events that were read before are passed over.
    pub fn push(&mut self, events: Vec<Event>, last_page: bool) {
        self.queue.extend(events);
        self.last_page = last_page;
    }

    /// Gives back the memory that is not needed until the next task.
    pub fn shrink(&mut self) {
        self.queue.shrink_to_fit();
    }

    /// The next step.
    ///
    /// # Errors
    /// [`Fault::Protocol`] when the events are not a history, and from then on.
    pub fn step(&mut self) -> Result<Step, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.read_on().inspect_err(|fault| self.fault = Some(fault.clone()))
    }

    fn read_on(&mut self) -> Result<Step, Fault> {
        loop {
            let Some(event) = self.queue.pop_front() else {
                return if self.last_page { self.end_of_history() } else { Ok(Step::NeedPage) };
            };
            if event.id < self.next {
                continue;
            }
            if event.id > self.next {
                let problem = format!("is {}, but the event after {} is needed", event.id, self.next.get() - 1);
                return Err(Malformed::new("HistoryEvent.event_id", problem).into());
            }
            if let Some(step) = self.close_record_before(&event)? {
                self.queue.push_front(event);
                return Ok(step);
            }
            self.next = event.id.next();
            self.read(event)?;
        }
    }

    /// A record ends with the first event that is not part of an answer.
    fn close_record_before(&mut self, event: &Event) -> Result<Option<Step>, Fault> {
        match &self.state {
            State::Recording { .. } | State::Confirming { .. } if !event.answers_task() => self.close_record(),
            _ => Ok(None),
        }
    }

    fn close_record(&mut self) -> Result<Option<Step>, Fault> {
        let between = State::Between { gathered: Gathered::from(self.next) };
        match std::mem::replace(&mut self.state, State::Moving) {
            State::Recording { gathered, start, record } => {
                self.state = between;
                self.answered = Some(start.id);
                Ok(Some(Step::Turn(self.turn(gathered, start, Some(record))?)))
            }
            State::Confirming { start, record } => {
                self.state = between;
                self.answered = Some(start.id);
                Ok(Some(Step::Confirm(record)))
            }
            state => {
                self.state = state;
                Ok(None)
            }
        }
    }

    fn end_of_history(&mut self) -> Result<Step, Fault> {
        if let Some(step) = self.close_record()? {
            return Ok(step);
        }
        match std::mem::replace(&mut self.state, State::Moving) {
            State::Started { gathered, start } if self.present == Some(start.id) => {
                let blank = gathered.inputs.is_empty() && gathered.new_seed.is_none();
                self.state = State::Handed { start: start.clone(), blank, rewind: gathered.from };
                Ok(Step::Turn(self.turn(gathered, start, None)?))
            }
            state => {
                self.state = state;
                Ok(Step::End)
            }
        }
    }

    /// Says that the turn handed out without a record changed something, though nothing had happened before it: an
    /// update was accepted.
    pub fn left_a_trace(&mut self) {
        if let State::Handed { blank, .. } = &mut self.state {
            *blank = false;
        }
    }

    fn turn(&mut self, gathered: Gathered, start: Start, record: Option<Record>) -> Result<Turn, Fault> {
        self.turns += 1;
        let mut updates = Vec::new();
        for (event, accepted) in record.iter().flat_map(Record::accepted) {
            let request = accepted.request.clone().or_else(|| self.admitted.remove(&accepted.update));
            let Some(mut request) = request else {
                let missing = Malformed::missing("WorkflowExecutionUpdateAccepted.accepted_request");
                return Err(missing.within(format!("event {event}")).into());
            };
            request.update = accepted.update.clone();
            let message = accepted.message.clone();
            updates.push(UpdateArrival { request, message, sequencing: accepted.sequencing });
        }
        Ok(Turn {
            number: self.turns,
            started: start.id,
            time: start.time,
            suggest_continue_as_new: start.suggest_continue_as_new,
            continue_as_new_reasons: start.continue_as_new_reasons,
            target_version_changed: start.target_version_changed,
            deployment_version: start.deployment_version,
            history_size: start.history_size,
            inputs: gathered.inputs,
            new_seed: gathered.new_seed,
            updates,
            record,
        })
    }

    fn read(&mut self, event: Event) -> Result<(), Fault> {
        let state = std::mem::replace(&mut self.state, State::Moving);
        self.state = match (state, event.kind) {
            (State::Between { gathered }, EventKind::WorkflowTaskStarted(started)) => State::Started {
                gathered,
                start: Start {
                    id: event.id,
                    time: event.time,
                    suggest_continue_as_new: started.suggest_continue_as_new,
                    continue_as_new_reasons: started.continue_as_new_reasons(),
                    target_version_changed: started.target_version_changed(),
                    deployment_version: None,
                    history_size: started.history_size,
                },
            },
            (State::Started { gathered, mut start }, EventKind::WorkflowTaskCompleted(completed)) => {
                start.deployment_version = completed.deployment_version();
                State::Recording { gathered, start, record: Record { completed: event.id, answers: Vec::new() } }
            }
            (State::Handed { start, .. }, EventKind::WorkflowTaskCompleted(_)) => {
                State::Confirming { start, record: Record { completed: event.id, answers: Vec::new() } }
            }
            (
                State::Between { mut gathered } | State::Started { mut gathered, .. },
                EventKind::WorkflowTaskFailed(failed),
            ) => {
                if failed.cause == WorkflowTaskFailedCause::ResetWorkflow {
                    gathered.new_seed = failed.new_run.or(gathered.new_seed);
                }
                State::Between { gathered }
            }
            (
                State::Between { gathered } | State::Started { gathered, .. },
                EventKind::WorkflowTaskTimedOut(_) | EventKind::WorkflowTaskScheduled(_),
            ) => State::Between { gathered },
            (State::Recording { gathered, start, mut record }, kind) => {
                record.answers.push(Event { kind, ..event });
                State::Recording { gathered, start, record }
            }
            (State::Confirming { start, mut record }, kind) => {
                record.answers.push(Event { kind, ..event });
                State::Confirming { start, record }
            }
            (State::Between { mut gathered }, kind) => {
                let event = Event { kind, ..event };
                if event.answers_task() {
                    return Err(misplaced(&event, "does not follow the completion of a workflow task"));
                }
                if let EventKind::WorkflowTaskCompleted(_) = &event.kind {
                    return Err(misplaced(&event, "does not follow the start of a workflow task"));
                }
                if let EventKind::UpdateAdmitted(admitted) = &event.kind {
                    self.admitted.insert(admitted.request.update.clone(), admitted.request.clone());
                }
                gathered.inputs.push(event);
                State::Between { gathered }
            }
            (state @ (State::Started { .. } | State::Handed { .. }), kind) => {
                let event = Event { kind, ..event };
                if !event.closes_workflow() {
                    return Err(misplaced(&event, "follows a started workflow task"));
                }
                state
            }
            (State::Moving, _) => State::Moving,
        };
        Ok(())
    }
}

/// An event that cannot come where it is.
fn misplaced(event: &Event, problem: &str) -> Fault {
    let problem = format!("of type {} {problem}", event.kind.name());
    Malformed::new("HistoryEvent", problem).within(format!("event {}", event.id)).into()
}
