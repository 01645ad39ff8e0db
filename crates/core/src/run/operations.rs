//! The table of pending operations: by ticket for the code, by event for history.

use std::collections::BTreeMap;

use perpetua_vocab::EventId;

use crate::ops::{Activity, CancelExternal, Child, LocalActivity, SignalExternal, Timer};
use crate::{Outcome, Pending, Place, Ticket};

/// The pending operations of a run.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) entries: Vec<Entry>,
    pub(super) free: Vec<u32>,
    pub(super) by_event: BTreeMap<EventId, Ticket>,
}

/// One operation, as two parties see it; free when neither has a use for it.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// What history is still to speak of.
    pub(super) machine: Option<Machine>,
    /// What the code is still to take; none if nobody wants it.
    pub(super) outcome: Option<Outcome>,
    /// Whether the code still wants the outcome.
    wanted: bool,
    /// The line of source code that describes it, if it is known.
    at: Option<Place>,
}

/// The machine of one operation.
#[derive(Debug)]
pub(super) enum Machine {
    Timer(Timer),
    Activity(Activity),
    Child(Box<Child>),
    /// The start of a child, which the machine of the child speaks for.
    ChildStart,
    SignalExternal(SignalExternal),
    CancelExternal(CancelExternal),
    LocalActivity(Box<LocalActivity>),
    /// A timer before the next attempt of a local activity.
    BackoffTimer {
        timer: Timer,
        of: Ticket,
    },
}

impl Operations {
    pub(super) fn add(&mut self, machine: Machine, at: Option<Place>) -> Ticket {
        self.place(Entry { machine: Some(machine), outcome: None, wanted: true, at })
    }

    /// Adds what the code does not know of.
    pub(super) fn add_unwanted(&mut self, machine: Machine, at: Option<Place>) -> Ticket {
        self.place(Entry { machine: Some(machine), outcome: None, wanted: false, at })
    }

    fn place(&mut self, entry: Entry) -> Ticket {
        match self.free.pop() {
            Some(index) => {
                self.entries[index as usize] = entry;
                Ticket(index)
            }
            None => {
                if self.entries.is_empty() {
                    // A list grows by four at first, and many runs never have two at once.
                    self.entries.reserve_exact(1);
                }
                self.entries.push(entry);
                Ticket(u32::try_from(self.entries.len() - 1).expect("a history ends long before 2^32 operations"))
            }
        }
    }

    /// Whether the code waits for anything that history is still to speak of.
    pub(super) fn any_wanted(&self) -> bool {
        self.entries.iter().any(|entry| entry.wanted && entry.machine.is_some())
    }

    /// What the code waits for and history is still to speak of.
    pub(super) fn pending(&self) -> impl Iterator<Item = (Ticket, Pending)> {
        let entries = self.entries.iter().zip(0..).filter(|(entry, _)| entry.wanted && entry.outcome.is_none());
        entries.filter_map(|(entry, index)| {
            let what = entry.machine.as_ref()?.in_words()?;
            Some((Ticket(index), Pending { what, at: entry.at }))
        })
    }

    /// Where the operation was described.
    pub(super) fn place_of(&self, ticket: Ticket) -> Option<Place> {
        self.entries[ticket.0 as usize].at
    }

    /// Where the operation that began with this event was described.
    pub(super) fn place_of_event(&self, event: EventId) -> Option<Place> {
        self.place_of(*self.by_event.get(&event)?)
    }

    pub(super) fn take_machine(&mut self, ticket: Ticket) -> Option<Machine> {
        self.entries[ticket.0 as usize].machine.take()
    }

    pub(super) fn put_machine(&mut self, ticket: Ticket, machine: Machine) {
        self.entries[ticket.0 as usize].machine = Some(machine);
    }

    /// History has nothing more to say of it.
    pub(super) fn forget_machine(&mut self, ticket: Ticket) {
        self.entries[ticket.0 as usize].machine = None;
        self.release(ticket);
    }

    /// History recorded that it was asked for.
    pub(super) fn on_recorded(&mut self, ticket: Ticket, event: EventId) {
        let entry = &mut self.entries[ticket.0 as usize];
        entry.machine = entry.machine.take().map(|machine| match machine {
            Machine::Timer(timer) => Machine::Timer(timer.on_started(event)),
            Machine::Activity(activity) => Machine::Activity(activity.on_scheduled(event)),
            Machine::Child(child) => Machine::Child(Box::new(child.on_initiated(event))),
            Machine::ChildStart => Machine::ChildStart,
            Machine::SignalExternal(signal) => Machine::SignalExternal(signal.on_initiated()),
            Machine::CancelExternal(cancel) => Machine::CancelExternal(cancel.on_initiated()),
            Machine::BackoffTimer { timer, of } => Machine::BackoffTimer { timer: timer.on_started(event), of },
            // History begins with its end.
            Machine::LocalActivity(local) => Machine::LocalActivity(local),
        });
        self.by_event.insert(event, ticket);
    }

    /// Whether history has more to say of what began with this event.
    pub(super) fn is_pending(&self, event: EventId) -> bool {
        self.by_event.contains_key(&event)
    }

    /// The operation that began with this event; history has nothing more to say of it after this.
    pub(super) fn conclude(&mut self, event: EventId) -> Option<(Ticket, Machine)> {
        let ticket = self.by_event.remove(&event)?;
        let machine = self.entries[ticket.0 as usize].machine.take()?;
        Some((ticket, machine))
    }

    /// The child that began with this event, of which history has more to say after this: put it back.
    pub(super) fn take_child(&mut self, initiated: EventId) -> Option<(Ticket, Box<Child>)> {
        let ticket = *self.by_event.get(&initiated)?;
        match self.take_machine(ticket)? {
            Machine::Child(child) => Some((ticket, child)),
            other => {
                self.put_machine(ticket, other);
                None
            }
        }
    }

    pub(super) fn put_child(&mut self, ticket: Ticket, child: Box<Child>) {
        self.put_machine(ticket, Machine::Child(child));
    }

    /// The local activity, if it is one.
    pub(super) fn local(&self, ticket: Ticket) -> Option<&LocalActivity> {
        match &self.entries[ticket.0 as usize].machine {
            Some(Machine::LocalActivity(local)) => Some(local),
            _ => None,
        }
    }

    /// Moves the machine of a local activity, if it is one.
    pub(super) fn change_local(&mut self, ticket: Ticket, change: impl FnOnce(LocalActivity) -> LocalActivity) {
        let machine = match self.take_machine(ticket) {
            Some(Machine::LocalActivity(local)) => Machine::LocalActivity(Box::new(change(*local))),
            Some(other) => other,
            None => return,
        };
        self.put_machine(ticket, machine);
    }

    /// History will not conclude what began with this event.
    pub(super) fn forget_event(&mut self, event: EventId) {
        self.by_event.remove(&event);
    }

    /// Gives the operation its outcome; whether anybody wants it.
    pub(super) fn settle(&mut self, ticket: Ticket, outcome: Outcome) -> bool {
        let entry = &mut self.entries[ticket.0 as usize];
        if entry.wanted {
            entry.outcome = Some(outcome);
            return true;
        }
        self.release(ticket);
        false
    }

    /// Whether the code still wants the outcome.
    pub(super) fn is_wanted(&self, ticket: Ticket) -> bool {
        self.entries[ticket.0 as usize].wanted
    }

    pub(super) fn has_outcome(&self, ticket: Ticket) -> bool {
        self.entries[ticket.0 as usize].outcome.is_some()
    }

    pub(super) fn take_outcome(&mut self, ticket: Ticket) -> Option<Outcome> {
        let entry = &mut self.entries[ticket.0 as usize];
        let outcome = entry.outcome.take()?;
        entry.wanted = false;
        self.release(ticket);
        Some(outcome)
    }

    /// The code does not want the outcome any more; whether history is still to speak of the operation.
    pub(super) fn disown(&mut self, ticket: Ticket) -> bool {
        let entry = &mut self.entries[ticket.0 as usize];
        entry.wanted = false;
        if entry.outcome.take().is_some() {
            self.release(ticket);
            return false;
        }
        // Without a machine, the outcome is planned and not visible yet: it frees the place when its turn comes.
        entry.machine.is_some()
    }

    /// Frees the place if neither side has a use for it.
    pub(super) fn release(&mut self, ticket: Ticket) {
        let entry = &mut self.entries[ticket.0 as usize];
        if entry.machine.is_none() && !entry.wanted {
            self.free.push(ticket.0);
        }
    }
}

impl Machine {
    /// What it is; none if it is a part of something else, or nobody's business any more.
    fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Timer(timer) => format!("timer {}", timer.id()),
            Self::Activity(activity) => {
                let known = activity.known();
                format!("activity `{}` (id {})", known.activity_type, known.activity)
            }
            Self::Child(child) => {
                let known = child.known()?;
                format!("child workflow `{}` (id {})", known.workflow_type, known.workflow_id)
            }
            Self::LocalActivity(local) => {
                let known = &local.attempts().known;
                format!("local activity `{}` (id {})", known.activity_type, known.activity)
            }
            Self::ChildStart | Self::BackoffTimer { .. } => return None,
            Self::SignalExternal(signal) => {
                let known = signal.known();
                format!("signal `{}` to workflow {}", known.name, known.workflow_id)
            }
            Self::CancelExternal(cancel) => format!("request to stop to workflow {}", cancel.known().workflow_id),
        })
    }
}
