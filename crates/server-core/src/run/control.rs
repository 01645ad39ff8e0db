//! What operators do to the activities of a workflow. History does not hear of it; the run shows which types are paused.

use std::collections::BTreeSet;
use std::time::Duration;

use perpetua_proto::activity::ActivityOptions;

use super::Run;
use crate::attempt::options::{self, Change, normal};
use crate::attempt::{Manner, Pause, Reset};
use crate::time::{Time, duration};
use crate::world::Cx;

/// How the attribute by which paused workflows are found names activities.
const PAUSED_TYPE: &str = "property:activityType=";

/// What an activity is to forget when it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Forget {
    pub(crate) attempts: bool,
    pub(crate) heartbeat: bool,
}

impl Run {
    /// The pending activities of a type, by their scheduled events.
    pub(crate) fn activities_of_type(&self, name: &str) -> Vec<i64> {
        self.state.activities.keys().copied().filter(|scheduled| self.activity_type(*scheduled) == name).collect()
    }

    fn activity_type(&self, scheduled: i64) -> &str {
        let asked = self.activity_scheduled(scheduled);
        asked.and_then(|asked| asked.activity_type.as_ref()).map_or("", |kind| &kind.name)
    }

    /// Pauses an activity that is not. Whether it was not.
    pub(crate) fn pause_activity(&mut self, scheduled: i64, pause: Pause) -> bool {
        let Some(activity) = self.state.activities.get_mut(&scheduled).filter(|it| !it.attempt.is_paused()) else {
            return false;
        };
        activity.attempt.pause(pause);
        self.note_paused();
        true
    }

    /// Lets an activity go on that is paused.
    pub(crate) fn unpause_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, wait: Option<Duration>, forget: Forget) {
        let Some(activity) = self.state.activities.get_mut(&scheduled).filter(|it| it.attempt.is_paused()) else {
            return;
        };
        if forget.attempts {
            activity.attempt.number = 1;
        }
        if forget.heartbeat {
            activity.attempt.forget_heartbeat();
        }
        activity.attempt.unpause(cx.now, wait, Manner::OfWorkflow);
        self.note_paused();
        self.offer_anew(cx, scheduled);
    }

    /// Has an activity begin again.
    pub(crate) fn reset_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, reset: Reset, keep_paused: bool) {
        let Some(activity) = self.state.activities.get_mut(&scheduled) else { return };
        if !keep_paused {
            activity.attempt.pause = None;
        }
        if reset.options {
            activity.options = None;
        }
        activity.attempt.reset(cx.now, reset, Manner::OfWorkflow);
        self.note_paused();
        self.offer_anew(cx, scheduled);
    }

    /// Changes the options of an activity; what they are then.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn change_activity(
        &mut self,
        cx: &mut Cx<'_>,
        scheduled: i64,
        change: &Change,
    ) -> Result<ActivityOptions, String> {
        let mut changed = self.activity_options(scheduled).map(std::borrow::Cow::into_owned).unwrap_or_default();
        let shown = match change {
            Change::Restore => {
                let mut original = self.original_options(scheduled).unwrap_or_default();
                original.task_queue.iter_mut().for_each(|queue| queue.kind = 0);
                original
            }
            Change::Fields(new, paths) => {
                options::change(&mut changed, new, paths, Manner::OfWorkflow)?;
                let id = self.state.activities.get(&scheduled).map_or("", |activity| &activity.activity_id);
                let run_timeout = duration(self.started().workflow_run_timeout.as_ref());
                options::complete(id, self.activity_type(scheduled), &mut changed, run_timeout)?;
                in_answer(&changed)
            }
        };
        if let Some(activity) = self.state.activities.get_mut(&scheduled) {
            activity.options = match change {
                Change::Restore => None,
                Change::Fields(..) => Some(changed),
            };
        }
        self.with_attempt(scheduled, |attempt, terms| attempt.apply(cx.now, terms));
        self.offer_anew(cx, scheduled);
        Ok(shown)
    }

    fn offer_anew(&self, cx: &mut Cx<'_>, scheduled: i64) {
        if self.state.activities.get(&scheduled).is_some_and(|activity| activity.attempt.is_offered()) {
            self.offer_activity(cx, scheduled);
        }
    }

    /// Shows the types of the activities that are paused. What else is paused stays as it is shown.
    fn note_paused(&mut self) {
        let paused = self.state.activities.iter().filter(|(_, activity)| activity.attempt.is_paused());
        let types: BTreeSet<&str> = paused.map(|(scheduled, _)| self.activity_type(*scheduled)).collect();
        let types: Vec<String> = types.into_iter().map(|name| format!("{PAUSED_TYPE}{name}")).collect();
        self.note_pauses(|entry| entry.starts_with(PAUSED_TYPE), types);
    }
}

/// Options as those who changed them see them; of the retry policy, the types that are not tried again are left out.
pub(crate) fn in_answer(options: &ActivityOptions) -> ActivityOptions {
    let mut shown = options.clone();
    shown.task_queue = shown.task_queue.map(|queue| normal(&queue.name));
    shown.retry_policy.iter_mut().for_each(|policy| policy.non_retryable_error_types.clear());
    shown
}

/// A pause that begins now.
pub(crate) fn pause(now: Time, identity: String, reason: String, request: String) -> Pause {
    Pause { time: now.nanos(), identity, reason, request }
}
