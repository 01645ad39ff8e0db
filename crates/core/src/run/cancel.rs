//! Canceling operations.

use perpetua_vocab::CommandKind;

use super::operations::Machine;
use super::{Issued, Run};
use crate::expectation::Expectation;
use crate::ops::{Activity, Child, OnCancel, OnCancelChild, Timer};
use crate::{Origin, Outcome, Ticket};

impl Run {
    /// Cancels an operation. Whoever waits for it gets an outcome, now or later, as the operation's type has it. What is
    /// on its way to another workflow is not taken back.
    pub fn cancel(&mut self, ticket: Ticket) {
        let outcome = match self.operations.take_machine(ticket) {
            None => return,
            Some(Machine::Timer(timer)) => self.cancel_timer(ticket, timer),
            Some(Machine::Activity(activity)) => self.cancel_activity(ticket, activity),
            Some(Machine::Child(child)) => self.cancel_child(ticket, *child),
            Some(Machine::SignalExternal(signal)) => {
                self.call_back(ticket, signal.on_cancel(), Machine::SignalExternal)
            }
            Some(Machine::CancelExternal(cancel)) => {
                self.call_back(ticket, cancel.on_cancel(), Machine::CancelExternal)
            }
            Some(Machine::LocalActivity(local)) => self.cancel_local(ticket, *local),
            // The code has no ticket of the latter.
            Some(other @ (Machine::ChildStart | Machine::BackoffTimer { .. })) => {
                self.operations.put_machine(ticket, other);
                None
            }
        };
        if let Some(outcome) = outcome {
            if outcome != Outcome::TimerCanceled {
                self.locals.echo();
            }
            self.settle_now(ticket, outcome);
        }
    }

    pub(super) fn cancel_timer(&mut self, ticket: Ticket, timer: Timer) -> Option<Outcome> {
        let id = timer.id().clone();
        let started = timer.started();
        match timer.on_cancel() {
            OnCancel::Withdrawn(outcome) => {
                self.withdraw(ticket);
                Some(outcome)
            }
            OnCancel::Sent { machine, outcome, .. } => {
                self.operations.put_machine(ticket, Machine::Timer(machine));
                if let Some(started) = started {
                    self.operations.forget_event(started);
                }
                let timer = id.clone();
                let origin = Origin { at: self.place_of(ticket), ..Origin::default() };
                self.issue(Expectation::CancelTimer { ticket, timer: id }, origin, || CommandKind::CancelTimer {
                    timer,
                });
                outcome
            }
            OnCancel::Ignored(machine) => {
                self.operations.put_machine(ticket, Machine::Timer(machine));
                None
            }
        }
    }

    fn cancel_activity(&mut self, ticket: Ticket, activity: Activity) -> Option<Outcome> {
        let scheduled = activity.scheduled();
        let id = activity.known().activity.clone();
        match activity.on_cancel() {
            OnCancel::Withdrawn(outcome) => {
                self.withdraw(ticket);
                Some(outcome)
            }
            OnCancel::Sent { machine, command, outcome } => {
                self.operations.put_machine(ticket, Machine::Activity(machine));
                if let (true, Some(scheduled)) = (command, scheduled) {
                    let expectation = Expectation::CancelActivity { activity: id, scheduled };
                    let origin = Origin { at: self.place_of(ticket), ..Origin::default() };
                    self.issue(expectation, origin, || CommandKind::RequestCancelActivity { scheduled });
                }
                outcome
            }
            OnCancel::Ignored(machine) => {
                self.operations.put_machine(ticket, Machine::Activity(machine));
                None
            }
        }
    }

    fn cancel_child(&mut self, ticket: Ticket, child: Child) -> Option<Outcome> {
        match child.on_cancel() {
            OnCancelChild::Withdrawn { started, outcome } => {
                self.withdraw(ticket);
                self.settle_start(started, outcome.clone());
                Some(outcome)
            }
            OnCancelChild::Next { machine, ask, started, outcome } => {
                self.operations.put_child(ticket, machine);
                if let Some((initiated, request)) = ask {
                    self.ask_child_to_stop(initiated, request);
                }
                if let (Some(started), Some(outcome)) = (started, &outcome) {
                    self.settle_start(started, outcome.clone());
                }
                outcome
            }
        }
    }

    /// Takes something back that may be on its way to another workflow already.
    fn call_back<M>(&mut self, ticket: Ticket, on_cancel: OnCancel<M>, machine: fn(M) -> Machine) -> Option<Outcome> {
        match on_cancel {
            OnCancel::Withdrawn(outcome) => {
                self.withdraw(ticket);
                Some(outcome)
            }
            OnCancel::Sent { machine: on_its_way, .. } | OnCancel::Ignored(on_its_way) => {
                self.operations.put_machine(ticket, machine(on_its_way));
                None
            }
        }
    }

    /// The start of a child is not to be waited for any longer.
    fn settle_start(&mut self, started: Ticket, outcome: Outcome) {
        self.operations.take_machine(started);
        self.settle_now(started, outcome);
    }

    fn settle_now(&mut self, ticket: Ticket, outcome: Outcome) {
        if self.operations.settle(ticket, outcome) {
            self.settled.push_back(ticket);
        }
    }

    /// Takes back what was asked for in this turn.
    fn withdraw(&mut self, ticket: Ticket) {
        let of_ticket =
            |issued: &Option<Issued>| issued.as_ref().is_some_and(|(asked, _)| asked.what.begins() == Some(ticket));
        // Most often it is among the last.
        if let Some(at) = self.issued.iter().rposition(of_ticket) {
            self.issued[at] = None;
        }
    }
}
