//! A run between two of its tasks: it needs little memory, and can tell how much it takes.

use std::collections::BTreeMap;

use perpetua_vocab::{Payload, Weigh};

use super::Run;
use super::operations::{Entry, Machine, Operations};
use crate::Outcome;
use crate::ops::Update;

impl Run {
    /// Gives back the memory that is not needed until the next turn.
    pub fn shrink(&mut self) {
        self.operations.shrink();
        fit(&mut self.updates);
        self.planned.shrink_to_fit();
        fit(&mut self.issued);
        fit(&mut self.messages);
        fit(&mut self.awaited);
        self.settled.shrink_to_fit();
        self.locals.shrink();
    }

    /// About how many bytes of memory the run takes beyond its own size, with what the code has yet to take.
    pub fn weight(&self) -> usize {
        let updates = self.updates.iter().flatten().map(|update| {
            let arrival = update.arrival();
            size_of_val(arrival) + arrival.request.input.weight() + arrival.request.header.weight()
        });
        self.operations.weight() + self.updates.capacity() * size_of::<Option<Update>>() + updates.sum::<usize>()
    }

    /// How many bytes the values had that the code has been given so far, as they were encoded.
    pub fn given(&self) -> usize {
        self.given
    }
}

/// Gives back what a list has too much of, unless that is little.
pub(super) fn fit<T>(list: &mut Vec<T>) {
    if list.capacity() - list.len() > list.len() / 4 {
        list.shrink_to_fit();
    }
}

impl Operations {
    fn shrink(&mut self) {
        fit(&mut self.entries);
        fit(&mut self.free);
        if self.by_event.is_empty() {
            // It keeps its first node.
            self.by_event = BTreeMap::new();
        }
    }

    fn weight(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.entries.iter().map(Entry::weight).sum::<usize>()
    }
}

impl Entry {
    fn weight(&self) -> usize {
        // Ids and names, the future, and its places in the tables of who waits; as it was measured.
        const PENDING: usize = 430;
        let machine = match &self.machine {
            None => 0,
            Some(Machine::Timer(_) | Machine::BackoffTimer { .. } | Machine::ChildStart) => PENDING,
            Some(Machine::Child(child)) => PENDING + size_of_val(&**child),
            Some(Machine::Activity(_) | Machine::SignalExternal(_) | Machine::CancelExternal(_)) => PENDING,
            Some(Machine::LocalActivity(local)) => {
                let request = &local.attempts().request;
                PENDING + size_of_val(&**local) + size_of_val(&**request) + request.input.weight()
            }
        };
        machine + self.outcome.as_ref().map_or(0, Outcome::weight)
    }
}

impl Outcome {
    fn weight(&self) -> usize {
        match self {
            Self::Activity(Ok(values)) | Self::Child(Ok(values)) => values.weight(),
            Self::Activity(Err(failure)) | Self::Child(Err(failure)) | Self::ChildNotStarted { failure, .. } => {
                failure.weight()
            }
            _ => 0,
        }
    }

    /// How many bytes the values in it have, as they were encoded.
    pub(super) fn given(&self) -> usize {
        match self {
            Self::Activity(Ok(Some(values))) | Self::Child(Ok(Some(values))) => encoded(values),
            _ => 0,
        }
    }
}

/// How many bytes these values have, as they were encoded.
pub(super) fn encoded(values: &[Payload]) -> usize {
    values.iter().map(|value| value.data.len()).sum()
}
