//! Local activities: rounds within a turn, effects out, ends in.
//!
//! ```text
//! live     jobs of the turn | effects ==> ends of local activities | a round for each, with more effects | close
//! replay   jobs of the turn | the record's markers, in its order   | a round for each                    | close
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use perpetua_vocab::{
    ActivityId, CommandKind, EventId, EventKind, LocalActivityMarker, StartTimer, TimerId, Timestamp,
};

use super::Run;
use super::operations::Machine;
use super::plan::Planned;
use crate::expectation::Expectation;
use crate::ops::{Attempts, Known, LocalActivity, OnCancelLocal, OnLocalEnd, Timer};
use crate::{
    Fault, Job, LocalActivityEffect, LocalActivityEnd, LocalActivityRequest, LocalActivityTask, Origin, Outcome,
    Record, Ticket,
};

/// What a run knows of its local activities beside their machines.
#[derive(Debug, Default)]
pub(super) struct Locals {
    /// Those of which an end is to come, by number.
    pending: BTreeMap<u32, Ticket>,
    /// Those that were asked for in this round.
    fresh: Vec<Ticket>,
    /// Those of the pending that nobody was told to run yet.
    untold: BTreeSet<u32>,
    effects: Vec<LocalActivityEffect>,
    /// The markers of the turn's record that were not looked at yet.
    recorded: VecDeque<(EventId, LocalActivityMarker)>,
    /// How often the code was woken in this turn.
    activations: u32,
    /// Whether the code canceled something in this round and knows of it already. Other SDKs wake it once more for that.
    echoes: bool,
    /// The present, by the clock of the workflow.
    now: Timestamp,
}

impl Locals {
    /// A turn begins.
    pub(super) fn open(&mut self, now: Timestamp, has_jobs: bool, record: Option<&mut Record>) -> Result<(), Fault> {
        self.now = now;
        self.activations = u32::from(has_jobs);
        self.echoes = false;
        self.recorded.clear();
        for event in record.into_iter().flat_map(|record| &mut record.answers) {
            if let EventKind::MarkerRecorded(marker) = &mut event.kind {
                let read = LocalActivityMarker::take(marker);
                let read = read.map_err(|malformed| malformed.within(format!("event {}", event.id)))?;
                self.recorded.extend(read.map(|marker| (event.id, marker)));
            }
        }
        Ok(())
    }

    /// Gives back the memory that is not needed until the next turn.
    pub(super) fn shrink(&mut self) {
        if self.pending.is_empty() {
            // A map keeps its first node.
            self.pending = BTreeMap::new();
        }
        if self.untold.is_empty() {
            self.untold = BTreeSet::new();
        }
        self.fresh.shrink_to_fit();
        self.effects.shrink_to_fit();
        self.recorded.shrink_to_fit();
    }

    /// Something was canceled and settled in the same breath.
    pub(super) fn echo(&mut self) {
        self.echoes = true;
    }
}

impl Run {
    /// Asks for a local activity: one that the worker runs while it works on the task.
    pub fn start_local_activity(&mut self, request: LocalActivityRequest, origin: impl Into<Origin>) -> Ticket {
        let origin = origin.into();
        let at = origin.at;
        let number = self.next_local_number();
        let known = Known {
            activity: id_of(&request, number),
            activity_type: request.activity_type.clone(),
            cancellation: request.cancellation,
        };
        let attempts = Attempts {
            number,
            known,
            request: Box::new(request),
            origin,
            attempt: 1,
            scheduled: None,
            asked: self.locals.now,
        };
        let ticket = self.operations.add(Machine::LocalActivity(Box::new(LocalActivity::Requested(attempts))), at);
        self.await_local(ticket, number);
        ticket
    }

    /// What is to be done about local activities, in order. To be asked for after each round of a turn without a record.
    pub fn take_local_activity_effects(&mut self) -> Vec<LocalActivityEffect> {
        let mut effects = std::mem::take(&mut self.locals.effects);
        if self.is_replaying() || self.is_finished() {
            return effects;
        }
        for number in std::mem::take(&mut self.locals.untold) {
            let Some(machine) = self.locals.pending.get(&number).and_then(|ticket| self.operations.local(*ticket))
            else {
                continue;
            };
            let is_canceling = matches!(machine, LocalActivity::Canceling(_));
            effects.extend(machine.task().map(|task: LocalActivityTask| LocalActivityEffect::Run(Box::new(task))));
            if is_canceling {
                effects.push(LocalActivityEffect::Cancel(number));
            }
        }
        effects
    }

    /// Whether the open turn, which has no record, should wait for the end of a local activity before it is closed.
    pub fn waits_for_local_activities(&self) -> bool {
        !self.is_replaying() && !self.is_finished() && !self.locals.pending.is_empty()
    }

    /// Takes the end of a local activity into the open turn, which has no record: there are jobs again. An end that the
    /// workflow does not wait for is ignored.
    pub fn local_activity_ended(&mut self, number: u32, end: LocalActivityEnd) {
        let ticket = self.locals.pending.get(&number);
        let Some(machine) = ticket.and_then(|ticket| self.operations.local(*ticket)) else { return };
        let marker = machine.attempts().marker(end, self.locals.activations);
        self.end_local(marker, None);
        self.wake_after_locals();
    }

    /// The round is over; whether the record has something that makes another.
    pub(super) fn next_round(&mut self) -> bool {
        for ticket in std::mem::take(&mut self.locals.fresh) {
            self.operations.change_local(ticket, LocalActivity::on_round_over);
        }
        if std::mem::take(&mut self.locals.echoes) {
            self.locals.activations += 1;
        }
        let mut last: Option<(EventId, Option<u32>)> = None;
        while let Some((event, marker)) = self.locals.recorded.pop_front() {
            let together = last.is_none_or(|(before, activation)| match (activation, marker.activation) {
                (Some(one), Some(other)) => one == other,
                // Old ones do not say it. What was settled together has no command in between.
                _ => before.next() == event,
            });
            if !together {
                self.locals.recorded.push_front((event, marker));
                break;
            }
            // Others were canceled by the code, or are not its own, which is found at the end of the turn.
            if self.locals.pending.contains_key(&marker.number) {
                last = Some((event, marker.activation));
                self.end_local(marker, Some(event));
            } else if last.is_some() {
                self.locals.recorded.push_front((event, marker));
                break;
            }
        }
        if last.is_some() {
            self.wake_after_locals();
        }
        last.is_some()
    }

    /// The timer before the next attempt has fired.
    pub(super) fn try_local_again(&mut self, timer: Ticket, of: Ticket) {
        self.operations.release(timer);
        let now = self.locals.now;
        self.operations.change_local(of, |local| local.on_fired(timer, now));
        if let Some(LocalActivity::Requested(attempts)) = self.operations.local(of) {
            let number = attempts.number;
            self.await_local(of, number);
        }
    }

    pub(super) fn cancel_local(&mut self, ticket: Ticket, local: LocalActivity) -> Option<Outcome> {
        match local.on_cancel() {
            OnCancelLocal::Over { attempts, outcome, tell } => {
                self.locals.pending.remove(&attempts.number);
                self.tell(attempts.number, tell);
                let activations = self.locals.activations;
                self.issue_marker(&attempts.canceled_marker(activations), &attempts, None);
                Some(outcome)
            }
            OnCancelLocal::OverAfterTimer { timer, outcome } => {
                // Without a machine it has fired, and what that means comes later in this turn.
                if let Some(Machine::BackoffTimer { timer: machine, of: _ }) = self.operations.take_machine(timer) {
                    self.cancel_timer(timer, machine);
                    self.operations.release(timer);
                }
                Some(outcome)
            }
            OnCancelLocal::Next { machine, tell } => {
                let number = machine.attempts().number;
                self.operations.put_machine(ticket, Machine::LocalActivity(Box::new(machine)));
                if !self.locals.untold.contains(&number) {
                    self.locals.effects.extend(tell);
                }
                None
            }
        }
    }

    /// Tells whoever runs it; nobody, if nobody was told to begin.
    fn tell(&mut self, number: u32, effect: Option<LocalActivityEffect>) {
        if !self.locals.untold.remove(&number) {
            self.locals.effects.extend(effect);
        }
    }

    /// The local activity of this marker has ended; in a replay, the event has it.
    fn end_local(&mut self, marker: LocalActivityMarker, event: Option<EventId>) {
        let Some(ticket) = self.locals.pending.remove(&marker.number) else { return };
        self.locals.untold.remove(&marker.number);
        let Some(Machine::LocalActivity(machine)) = self.operations.take_machine(ticket) else { return };
        if let Some(completed) = marker.completed.filter(|completed| *completed > self.locals.now) {
            self.locals.now = completed;
            self.planned.push_back(Planned::Job(Job::TimePassed(completed)));
        }
        let known = &machine.attempts().known;
        let is_same = marker.activity == known.activity && marker.activity_type == known.activity_type;
        self.issue_marker(&marker, machine.attempts(), event.filter(|_| is_same));
        match machine.on_end(marker) {
            Some(OnLocalEnd::Settled(outcome)) => self.planned.push_back(Planned::Settle(ticket, outcome)),
            Some(OnLocalEnd::BackOff(wait, attempts)) => {
                let number = self.next_local_number();
                let activity = id_of(&attempts.request, number);
                let attempts = *attempts;
                let next = Attempts { number, known: Known { activity, ..attempts.known }, ..attempts };
                let timer = self.start_backoff_timer(ticket, wait);
                let machine = LocalActivity::BackingOff { timer, next };
                self.operations.put_machine(ticket, Machine::LocalActivity(Box::new(machine)));
            }
            None => {}
        }
    }

    fn wake_after_locals(&mut self) {
        self.locals.activations += 1;
        self.planned.push_back(Planned::Job(Job::Poll));
    }

    fn start_backoff_timer(&mut self, of: Ticket, after: std::time::Duration) -> Ticket {
        self.timers_started += 1;
        let timer = TimerId::new(self.timers_started.to_string());
        let at = self.operations.place_of(of);
        let machine = Machine::BackoffTimer { timer: Timer::Requested { timer: timer.clone() }, of };
        let ticket = self.operations.add_unwanted(machine, at);
        let start = StartTimer { timer: timer.clone(), after };
        let origin = Origin { at, ..Origin::default() };
        self.issue(Expectation::StartTimer { ticket, timer, after }, origin, || CommandKind::StartTimer(start));
        ticket
    }

    /// Asks for a marker; `seen` is the event that is known to be just that.
    fn issue_marker(&mut self, marker: &LocalActivityMarker, of: &Attempts, seen: Option<EventId>) {
        let (activity, activity_type) = (of.known.activity.clone(), of.known.activity_type.clone());
        let expectation = Expectation::LocalActivity { number: of.number, activity, activity_type, seen };
        let command = || CommandKind::RecordMarker(Box::new(marker.clone().into_command()));
        self.issue(expectation, of.origin.clone(), command);
    }

    fn await_local(&mut self, ticket: Ticket, number: u32) {
        self.locals.pending.insert(number, ticket);
        self.locals.untold.insert(number);
        self.locals.fresh.push(ticket);
    }

    /// Activities of both kinds are counted together.
    fn next_local_number(&mut self) -> u32 {
        self.activities_started += 1;
        u32::try_from(self.activities_started).expect("a history ends long before 2^32 activities")
    }
}

fn id_of(request: &LocalActivityRequest, number: u32) -> ActivityId {
    request.activity.clone().unwrap_or_else(|| ActivityId::new(number.to_string()))
}
