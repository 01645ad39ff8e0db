//! Schedules: what starts workflows again and again, at times that somebody asked for.
//!
//! ```text
//! spec --canonical--> Times --next--> starts in the buffer --overlap policy--> workflows
//!                                        ^                                        |
//!            triggers, backfills --------'        <-- a chain of runs has ended --'
//! ```
//!
//! A schedule is looked after (`World::tend`) when its next time comes, when somebody asks something of it, and when a
//! workflow that it started ends. Each time it does all that can be done, and says when it is to be looked after next.

mod calendar;
mod cron;
mod interval;
mod listed;
mod overlap;
mod passes;
mod ranges;
mod show;
mod spec;
mod state;
mod tend;
mod times;

use std::collections::BTreeMap;

pub(crate) use spec::canonical;
pub(crate) use state::Schedule;
pub(crate) use times::Times;

use crate::world::Shelf;

/// How long a schedule that has nothing more to do is kept.
const RETENTION: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);
/// How many starts may wait in a buffer.
const BUFFER: usize = 1000;
/// How many times of backfills are looked at in one go.
const BACKFILLS_AT_ONCE: usize = 10;
/// How long it takes until a backfill whose workflows may overlap goes on.
const BACKFILL_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
/// How many of the last actions are remembered, and how many of the next are told.
const ACTIONS: usize = 10;

/// The same, in lists.
const LISTED_ACTIONS: usize = 5;
/// How many entries of each kind lists show of a specification.
const LISTED_ENTRIES: usize = 10;

/// All schedules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedules {
    /// By [`key`].
    pub(crate) shelf: Shelf<Schedule>,
    /// Which schedule wants to hear how a chain of runs ends, by the id of its first run.
    pub(crate) watched: BTreeMap<String, String>,
}

impl Schedules {
    /// The schedules of a namespace.
    pub(crate) fn of<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Schedule> {
        self.shelf.values().filter(move |schedule| schedule.namespace == namespace)
    }
}

/// Under which key a schedule is kept.
pub(crate) fn key(namespace: &str, id: &str) -> String {
    format!("{}:{namespace}{id}", namespace.len())
}
