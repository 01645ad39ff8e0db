//! When something happens by itself, and to whom.

use std::collections::{BTreeMap, BTreeSet};

use super::{CallId, RunNumber};
use crate::Time;
use crate::matching::QueueKey;

/// To whom something happens by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    Run(RunNumber),
    /// A closed run, when its namespace does not keep it any longer.
    RunOver(RunNumber),
    /// A version of a deployment, by the deployment's key: it is looked whether workflows need it.
    Drainage(String, String),
    /// A batch operation, by its key: it does its next step.
    Batch(String),
    /// The same, when it has been over for so long that it is not kept any longer.
    BatchOver(String),
    /// A queue whose work may not go out faster.
    Queue(QueueKey),
    /// A schedule, by its key: it acts.
    Schedule(String),
    /// A call that waits for a time.
    Sleeper(CallId),
    /// A schedule, by its key: it has done all that it had to do, and is not kept any longer.
    ScheduleOver(String),
    /// A Nexus operation that a client has started.
    Operation(String),
    /// The same, when it has been over for so long that it is not kept any longer.
    OperationOver(String),
    /// An activity that a client has started.
    Activity(String),
    /// The same, when it has been over for so long that it is not kept any longer.
    ActivityOver(String),
}

impl Alarm {
    /// Whether anybody could be waiting for this. To what only tidies up, no time is skipped.
    fn matters(&self) -> bool {
        !matches!(
            self,
            Self::RunOver(_)
                | Self::BatchOver(_)
                | Self::Drainage(..)
                | Self::ScheduleOver(_)
                | Self::OperationOver(_)
                | Self::ActivityOver(_)
        )
    }
}

/// One time for each who waits for one.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    times: BTreeMap<Alarm, Time>,
    due: BTreeSet<(Time, Alarm)>,
    /// Those that nobody waits for.
    tidying: BTreeSet<(Time, Alarm)>,
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
        let due = if alarm.matters() { &mut self.due } else { &mut self.tidying };
        if let Some(before) = before {
            due.remove(&(before, alarm.clone()));
        }
        if let Some(time) = time {
            due.insert((time, alarm));
        }
    }

    /// The earliest.
    pub(crate) fn next(&self) -> Option<(Time, &Alarm)> {
        let first = self.due.first().into_iter().chain(self.tidying.first()).min();
        first.map(|(time, alarm)| (*time, alarm))
    }

    /// The earliest that anybody could be waiting for.
    pub(super) fn next_that_matters(&self) -> Option<Time> {
        self.due.first().map(|(time, _)| *time)
    }
}
