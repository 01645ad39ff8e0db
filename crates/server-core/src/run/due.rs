//! What happens by itself when time passes.
//!
//! A run knows of everything that has a time; the earliest is asked for after every step. There is no list of timers
//! that could disagree with the state.

use std::collections::BTreeSet;

use super::Run;
use super::skipping::SkippingState;
use crate::attempt::{AttemptDue, AttemptEnd};
use crate::nexus::{self, OperationState};
use crate::time::{Time, stored};
use crate::world::Cx;

/// What is due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// The wait before the first task is over.
    FirstTask,
    /// The run, or the whole chain, took too long.
    Run,
    /// A workflow task took too long.
    Task,
    Timer(String),
    /// The fast-forward of the run's own time is over.
    FastForward,
    Activity(i64, AttemptDue),
    Operation(i64, nexus::Due),
}

impl Run {
    /// What is due next, and when.
    pub(crate) fn next_due(&self) -> Option<(Time, Due)> {
        if !self.is_open() {
            return None;
        }
        let mut next: Option<(Time, Due)> = None;
        let mut consider = |at: Option<Time>, due: &dyn Fn() -> Due| {
            if let Some(at) = at
                && next.as_ref().is_none_or(|(earliest, _)| at < *earliest)
            {
                next = Some((at, due()));
            }
        };
        consider(stored(self.state.first_task_due), &|| Due::FirstTask);
        for (id, timer) in &self.state.timers {
            consider(Some(Time::from_nanos(timer.due)), &|| Due::Timer(id.clone()));
        }
        for (scheduled, activity) in &self.state.activities {
            if let Some((at, due)) = self.activity_due(*scheduled, activity) {
                consider(Some(at), &|| Due::Activity(*scheduled, due));
            }
        }
        for (scheduled, operation) in &self.state.operations {
            if let Some((at, due)) = self.operation_scheduled(*scheduled).and_then(|asked| operation.due(asked)) {
                consider(Some(at), &|| Due::Operation(*scheduled, due));
            }
        }
        let fast_forward = self.state.skipping.as_ref().and_then(SkippingState::fast_forward_due);
        consider(fast_forward, &|| Due::FastForward);
        consider(self.task_due(), &|| Due::Task);
        consider(stored(self.state.run_deadline), &|| Due::Run);
        consider(stored(self.state.execution_deadline), &|| Due::Run);
        next
    }

    fn task_due(&self) -> Option<Time> {
        let task = self.state.task.as_ref()?;
        let (from, limit) = if task.started != 0 {
            (task.started_time, task.timeout)
        } else if task.sticky {
            (task.scheduled_time, self.state.sticky_timeout)
        } else {
            return None;
        };
        Some(Time::from_nanos(from.saturating_add(limit)))
    }

    /// Does what is due.
    pub(crate) fn fire(&mut self, cx: &mut Cx<'_>, due: Due) {
        match due {
            Due::FirstTask => {
                self.state.first_task_due = 0;
                self.wake(cx);
            }
            Due::Run => self.time_out(cx),
            Due::FastForward => self.end_fast_forward(cx),
            Due::Task => self.time_out_task(cx),
            Due::Operation(scheduled, due) => self.fire_operation(cx, scheduled, due),
            Due::Timer(id) => self.fire_timer(cx, &id),
            Due::Activity(scheduled, AttemptDue::Offer) => self.end_activity_wait(cx, scheduled),
            Due::Activity(scheduled, AttemptDue::TimedOut(kind)) => {
                self.end_activity_attempt(cx, scheduled, AttemptEnd::TimedOut(kind), "");
            }
        }
    }

    /// Whether a worker that lives has any of its work, or it is on its way to another run.
    pub(crate) fn is_in_hand(&self, dead: &BTreeSet<String>) -> bool {
        self.is_open()
            && (self.state.task.as_ref().is_some_and(|task| task.started != 0 && !dead.contains(&task.identity))
                || !self.state.externals.is_empty()
                || self.state.operations.values().any(OperationState::is_busy)
                || self.state.activities.iter().any(|(id, it)| it.attempt.is_in_hand(dead) && !self.lingers(*id)))
    }

    /// Whether somebody is at work for this run, or could be, so that time must not be skipped.
    pub(crate) fn is_busy(&self, dead: &BTreeSet<String>) -> bool {
        self.is_open()
            && (self.state.task.as_ref().is_some_and(|task| task.started == 0 || !dead.contains(&task.identity))
                || !self.state.externals.is_empty()
                || self.state.operations.values().any(OperationState::is_busy)
                || self.state.activities.iter().any(|(id, it)| it.attempt.is_busy(dead) && !self.lingers(*id)))
    }
}
