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

/// One time for each who waits for one. Runs are many, and have tables of their own.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    runs: Times<RunNumber>,
    runs_over: Times<RunNumber>,
    others: Times<Alarm>,
    /// Those of the others that nobody waits for.
    tidying: Times<Alarm>,
}

/// One time for each, and who is next.
#[derive(Debug)]
struct Times<K> {
    times: BTreeMap<K, Time>,
    due: BTreeSet<(Time, K)>,
}

impl<K> Default for Times<K> {
    fn default() -> Self {
        Self { times: BTreeMap::new(), due: BTreeSet::new() }
    }
}

impl<K: Clone + Ord> Times<K> {
    fn set(&mut self, key: K, time: Option<Time>) {
        let before = match time {
            Some(time) => self.times.insert(key.clone(), time),
            None => self.times.remove(&key),
        };
        if before == time {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, key.clone()));
        }
        if let Some(time) = time {
            self.due.insert((time, key));
        }
    }

    fn next(&self) -> Option<(Time, &K)> {
        self.due.first().map(|(time, key)| (*time, key))
    }
}

impl Alarms {
    /// Sets the time of one, or takes it away.
    pub(crate) fn set(&mut self, alarm: Alarm, time: Option<Time>) {
        match alarm {
            Alarm::Run(number) => self.runs.set(number, time),
            Alarm::RunOver(number) => self.runs_over.set(number, time),
            alarm if alarm.matters() => self.others.set(alarm, time),
            alarm => self.tidying.set(alarm, time),
        }
    }

    /// The earliest.
    pub(crate) fn next(&self) -> Option<(Time, Alarm)> {
        let runs = self.runs.next().map(|(time, number)| (time, Alarm::Run(*number)));
        let runs_over = self.runs_over.next().map(|(time, number)| (time, Alarm::RunOver(*number)));
        let others = self.others.next().into_iter().chain(self.tidying.next()).min();
        let others = others.map(|(time, alarm)| (time, alarm.clone()));
        runs.into_iter().chain(runs_over).chain(others).min()
    }

    /// When the earliest is.
    pub(crate) fn next_time(&self) -> Option<Time> {
        let tidying = self.runs_over.next().map(|(time, _)| time);
        let tidying = tidying.into_iter().chain(self.tidying.next().map(|(time, _)| time));
        tidying.chain(self.next_that_matters()).min()
    }

    /// The earliest that anybody could be waiting for.
    pub(super) fn next_that_matters(&self) -> Option<Time> {
        let runs = self.runs.next().map(|(time, _)| time);
        runs.into_iter().chain(self.others.next().map(|(time, _)| time)).min()
    }
}
