//! When something happens by itself, and to whom.

use std::collections::{BTreeMap, BTreeSet};

use super::RunNumber;
use crate::Time;

/// To whom something happens by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    Run(RunNumber),
}

/// One time for each who waits for one.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    times: BTreeMap<Alarm, Time>,
    due: BTreeSet<(Time, Alarm)>,
}

impl Alarms {
    /// Sets the time of one, or takes it away.
    pub(crate) fn set(&mut self, alarm: Alarm, time: Option<Time>) {
        let before = match time {
            Some(time) => self.times.insert(alarm.clone(), time),
            None => self.times.remove(&alarm),
        };
        if before == time {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, alarm.clone()));
        }
        if let Some(time) = time {
            self.due.insert((time, alarm));
        }
    }

    /// The earliest.
    pub(crate) fn next(&self) -> Option<(Time, &Alarm)> {
        self.due.first().map(|(time, alarm)| (*time, alarm))
    }
}
