//! One run: turns in, jobs out; requests in, commands out.
//!
//! ```text
//! open(turn) --> next_job() .. --> close() --> Closed, or compared with the record
//!                   |    ^
//!                   v    | start_timer, start_activity, start_child, patched, cancel, take, accept, complete_update, finish
//!                  the instance
//! ```

mod cancel;
mod compare;
mod locals;
mod notes;
mod operations;
mod others;
mod plan;
mod rest;

use std::collections::VecDeque;

use perpetua_vocab::{
    ActivityId, Command, CommandKind, Failure, Message, MessageId, Outcome as UpdateOutcome, StartActivity, StartTimer,
    TimerId, UpdateRequest,
};

use crate::expectation::{Asked, Expectation};
use crate::markers::Markers;
use crate::mismatch::{Parting, Said};
use crate::ops::{Activity, Timer, Update};
use crate::{
    ActivityRequest, Fault, Finish, Job, Mismatch, Origin, Outcome, Pending, Place, Record, Ticket, TimerRequest, Turn,
    UpdateArrival, UpdateTicket,
};
use compare::pair;
use locals::Locals;
use notes::Notes;
use operations::{Machine, Operations};
use plan::{Planned, plan};
use rest::encoded;

/// One run of a workflow, between its history and its code.
#[derive(Debug, Default)]
pub struct Run {
    operations: Operations,
    updates: Vec<Option<Update>>,
    notes: Notes,
    /// What is still to be done in the open turn.
    planned: VecDeque<Planned>,
    /// What the code asked for in the open turn, in order; withdrawn requests leave a gap.
    issued: Vec<Option<Issued>>,
    messages: Vec<Message>,
    finish: Option<Finish>,
    /// What was sent, until history shows what became of it.
    awaited: Vec<Asked>,
    /// Operations that settled because the code canceled them.
    settled: VecDeque<Ticket>,
    /// Which turn is, or was last, open.
    turn: u32,
    record: Option<Record>,
    locals: Locals,
    activities_started: u64,
    timers_started: u64,
    is_closed: bool,
    /// How many bytes the values had that the code has been given, as they were encoded.
    given: usize,
}

/// What the code asked for, and the command for it. A replay only compares, and makes no commands.
type Issued = (Asked, Option<Box<Command>>);

/// What the code asked for in a turn that has no record yet.
#[derive(Debug, Default, PartialEq)]
pub struct Closed {
    /// The commands, in order; the one that ends the run is last.
    pub commands: Vec<Command>,
    /// The messages that travel beside them.
    pub messages: Vec<Message>,
    /// Whether the run ends with this.
    pub finished: bool,
}

impl Run {
    /// A run of which nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a turn.
    ///
    /// # Errors
    /// [`Fault::Protocol`] when an event speaks of something that was never asked for.
    pub fn open(&mut self, turn: Turn) -> Result<(), Fault> {
        if !self.awaited.is_empty() {
            let code = self.awaited.iter().map(Said::from).collect();
            let parting = Parting { turn: self.turn, completed: None, agreed: Vec::new(), history: Vec::new(), code };
            return Err(Mismatch::new(parting, turn.started).into());
        }
        self.turn = turn.number;
        let recorded = turn.record.is_some();
        self.notes.open(turn.record.as_ref().map(Markers::of).unwrap_or_default());
        self.record = turn.record;
        self.planned = plan(turn.inputs, turn.updates, recorded, &mut self.operations, &mut self.updates)?;
        self.locals.open(turn.time, !self.planned.is_empty(), self.record.as_mut())?;
        Ok(())
    }

    /// The next thing to be done in the open turn.
    pub fn next_job(&mut self) -> Option<Job> {
        loop {
            let Some(planned) = self.planned.pop_front() else {
                if self.next_round() {
                    continue;
                }
                return None;
            };
            match planned {
                Planned::Job(job) => {
                    self.given += given_with(&job);
                    return Some(job);
                }
                Planned::Settle(ticket, outcome) => {
                    if self.operations.settle(ticket, outcome) {
                        return Some(Job::Settled(ticket));
                    }
                }
                // A later event of the same turn may have said that it is at its end.
                Planned::AskToStop(initiated, request) if self.operations.is_pending(initiated) => {
                    self.ask_child_to_stop(initiated, request);
                }
                Planned::AskToStop(..) => {}
                Planned::TryLocalAgain { timer, of } => self.try_local_again(timer, of),
            }
        }
    }

    /// The next operation that settled because the code canceled it; wake who waits for it.
    pub fn next_settled(&mut self) -> Option<Ticket> {
        // A ticket whose outcome was taken or given up meanwhile may name another operation by now.
        std::iter::from_fn(|| self.settled.pop_front()).find(|ticket| self.operations.has_outcome(*ticket))
    }

    /// Whether the open turn is one that history already has.
    pub fn is_replaying(&self) -> bool {
        self.record.is_some()
    }

    /// Whether the code has ended the run.
    pub fn is_finished(&self) -> bool {
        self.is_closed || self.finish.is_some()
    }

    /// Whether history is still to speak of something the code waits for.
    pub fn has_pending_operations(&self) -> bool {
        self.operations.any_wanted()
    }

    /// What the code has started and not given up, and history is still to speak of; in no particular order, but the same
    /// on every replay.
    pub fn pending(&self) -> impl Iterator<Item = (Ticket, Pending)> {
        self.operations.pending()
    }

    /// Sets a timer.
    pub fn start_timer(&mut self, request: TimerRequest, origin: impl Into<Origin>) -> Ticket {
        let origin = origin.into();
        self.timers_started += 1;
        let timer = TimerId::new(self.timers_started.to_string());
        let ticket = self.operations.add(Machine::Timer(Timer::Requested { timer: timer.clone() }), origin.at);
        let after = request.after;
        let start = StartTimer { timer: timer.clone(), after };
        self.issue(Expectation::StartTimer { ticket, timer, after }, origin, || CommandKind::StartTimer(start));
        ticket
    }

    /// Asks for an activity.
    pub fn start_activity(&mut self, request: ActivityRequest, origin: impl Into<Origin>) -> Ticket {
        let origin = origin.into();
        self.activities_started += 1;
        let ActivityRequest {
            activity_type,
            activity,
            task_queue,
            input,
            header,
            schedule_to_close,
            schedule_to_start,
            start_to_close,
            heartbeat,
            retry_policy,
            priority,
            cancellation,
        } = request;
        let activity = activity.unwrap_or_else(|| ActivityId::new(self.activities_started.to_string()));
        let known =
            crate::ops::Known { activity: activity.clone(), activity_type: activity_type.clone(), cancellation };
        let ticket = self.operations.add(Machine::Activity(Activity::Requested(known)), origin.at);
        let expectation =
            Expectation::StartActivity { ticket, activity: activity.clone(), activity_type: activity_type.clone() };
        self.issue(expectation, origin, || {
            CommandKind::StartActivity(Box::new(StartActivity {
                activity,
                activity_type,
                task_queue,
                input,
                header,
                schedule_to_close,
                schedule_to_start,
                start_to_close,
                heartbeat,
                retry_policy,
                priority,
            }))
        });
        ticket
    }

    /// The outcome of an operation, if it has one. The ticket is void afterwards.
    pub fn take(&mut self, ticket: Ticket) -> Option<Outcome> {
        let outcome = self.operations.take_outcome(ticket)?;
        self.given += outcome.given();
        Some(outcome)
    }

    /// Nobody waits for the operation any more: it is canceled, and its outcome is not kept. The ticket is void.
    pub fn abandon(&mut self, ticket: Ticket) {
        if self.operations.disown(ticket) {
            self.cancel(ticket);
        }
    }

    /// Nobody waits for the operation any more, and it goes on all the same. The ticket is void.
    pub fn detach(&mut self, ticket: Ticket) {
        self.operations.disown(ticket);
    }

    /// Says that the update is being done.
    pub fn accept(&mut self, ticket: UpdateTicket) {
        if let Some(arrival) = self.take_update(ticket, Update::is_arrived) {
            let update = arrival.request.update.clone();
            let (accepted, message) = Update::accept(arrival);
            self.updates[ticket.0 as usize] = Some(accepted);
            self.send(Expectation::AcceptUpdate { update }, message);
        }
    }

    /// Says that the update will not be done, and why. It leaves no trace in history.
    pub fn reject(&mut self, ticket: UpdateTicket, failure: Box<Failure>) {
        if let Some(arrival) = self.take_update(ticket, Update::is_arrived) {
            self.messages.push(Update::reject(*arrival, failure));
        }
    }

    /// Says how an accepted update ended.
    pub fn complete_update(&mut self, ticket: UpdateTicket, outcome: UpdateOutcome) {
        if let Some(arrival) = self.take_update(ticket, Update::is_accepted) {
            let update = arrival.request.update.clone();
            self.send(Expectation::CompleteUpdate { update }, Update::complete(*arrival, outcome));
        }
    }

    /// The request of an update that has no answer yet.
    pub fn update_request(&self, ticket: UpdateTicket) -> Option<&UpdateRequest> {
        Some(&self.updates.get(ticket.0 as usize)?.as_ref()?.arrival().request)
    }

    /// Ends the run. What is asked for afterwards in the same turn still comes before the end; a second end is ignored.
    pub fn finish(&mut self, finish: Finish) {
        if !self.is_finished() {
            self.finish = Some(finish);
        }
    }

    /// Ends the turn: what the code asked for is compared with the record, or returned to be sent.
    ///
    /// # Errors
    /// [`Fault::Nondeterminism`] when the code and the record disagree.
    pub fn close(&mut self) -> Result<Closed, Fault> {
        let mut commands = Vec::new();
        let mut expectations = Vec::new();
        let issued = std::mem::take(&mut self.issued);
        for (asked, command) in issued.into_iter().flatten() {
            expectations.push(asked);
            commands.extend(command.map(|command| *command));
        }
        let finished = self.finish.is_some();
        if let Some(finish) = self.finish.take() {
            self.is_closed = true;
            let what = match &finish {
                Finish::Complete(_) => Expectation::Complete,
                Finish::Fail(_) => Expectation::Fail,
                Finish::Cancel => Expectation::Cancel,
                Finish::ContinueAsNew(_) => Expectation::ContinueAsNew,
            };
            expectations.push(Asked { what, at: None });
            commands.push(finish.into_command());
        }
        let messages = std::mem::take(&mut self.messages);
        match self.record.take() {
            Some(record) => {
                self.compare(expectations, record)?;
                Ok(Closed { finished, ..Closed::default() })
            }
            None => {
                self.awaited = expectations;
                Ok(Closed { commands, messages, finished })
            }
        }
    }

    /// History shows what became of what the turn before sent.
    ///
    /// # Errors
    /// [`Fault::Nondeterminism`] when it is not what was sent.
    pub fn confirm(&mut self, record: Record) -> Result<(), Fault> {
        let awaited = std::mem::take(&mut self.awaited);
        self.compare(awaited, record)
    }

    fn compare(&mut self, asked: Vec<Asked>, record: Record) -> Result<(), Fault> {
        for (expectation, event) in pair(asked, record, self.turn)? {
            match expectation {
                Expectation::CancelTimer { ticket, .. } => self.operations.forget_machine(ticket),
                expectation => {
                    if let Some(ticket) = expectation.begins() {
                        self.operations.on_recorded(ticket, event);
                    }
                }
            }
        }
        Ok(())
    }

    fn issue(&mut self, what: Expectation, origin: Origin, kind: impl FnOnce() -> CommandKind) {
        let Origin { metadata, at } = origin;
        let command = (!self.is_replaying()).then(|| Box::new(Command { kind: kind(), metadata }));
        self.issued.push(Some((Asked { what, at }, command)));
    }

    /// Where the operation was described.
    fn place_of(&self, ticket: Ticket) -> Option<Place> {
        self.operations.place_of(ticket)
    }

    /// Sends a message, with a command that gives it its place among the others.
    fn send(&mut self, expectation: Expectation, message: Message) {
        let id = MessageId::clone(&message.id);
        self.messages.push(message);
        self.issue(expectation, Origin::default(), || CommandKind::Message { message: id });
    }

    /// Takes an update out, if it is where it should be; otherwise it stays.
    fn take_update(&mut self, ticket: UpdateTicket, is_there: fn(&Update) -> bool) -> Option<Box<UpdateArrival>> {
        let update = self.updates.get_mut(ticket.0 as usize)?.take_if(|update| is_there(update))?;
        Some(update.into_arrival())
    }
}

/// How many bytes the values have that the code is given with this.
fn given_with(job: &Job) -> usize {
    let values = match job {
        Job::Start(started) => started.input.as_deref(),
        Job::Signal(signal) => signal.input.as_deref(),
        Job::Update { arrival, .. } => arrival.request.input.as_deref(),
        Job::Cancel { .. } | Job::Settled(_) | Job::TimePassed(_) | Job::Poll => None,
    };
    values.map_or(0, encoded)
}
