//! What operators do to activities that clients have started.

use std::time::Duration;

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::workflowservice::PauseActivityExecutionRequest;

use crate::World;
use crate::activity::Activity;
use crate::activity::waiter::missing;
use crate::attempt::options::{self, Change};
use crate::attempt::{Manner, Reset, Terms};
use crate::refusal::{Answer, Refusal};
use crate::run::control::{in_answer, pause};
use crate::time::{Time, duration};

impl World {
    /// Pauses an activity that waits or runs. The same request may come twice.
    pub(super) fn pause_standalone(&mut self, key: &str, request: PauseActivityExecutionRequest) -> Answer<()> {
        let activity = self.standalone(key)?;
        let earlier = activity.attempt.pause.as_ref();
        let is_repeated = activity.is_open()
            && earlier.is_some_and(|earlier| !earlier.request.is_empty() && earlier.request == request.request_id);
        if !is_repeated && !matches!(activity.state_name(), "Scheduled" | "Started") {
            let state = activity.state_name();
            return Err(Refusal::precondition(format!("activity is in non-pausable state {state}")));
        }
        let pause = pause(self.now, request.identity, request.reason, request.request_id);
        self.change_standalone(key, |activity, _| {
            if !is_repeated {
                activity.attempt.pause(pause);
            }
        });
        self.settle();
        Ok(())
    }

    /// Lets an activity go on that is paused.
    pub(super) fn unpause_standalone(&mut self, key: &str, wait: Option<Duration>) -> Answer<()> {
        let activity = self.standalone(key)?;
        let state = activity.state_name();
        if !activity.is_open() {
            return Err(Refusal::precondition(format!("activity is in terminal state {state}")));
        }
        if !activity.attempt.is_paused() {
            return Err(Refusal::precondition(format!("activity is in non-unpausable state {state}")));
        }
        self.change_standalone(key, |activity, now| activity.attempt.unpause(now, wait, Manner::Standalone));
        self.settle();
        Ok(())
    }

    /// Has an activity begin again.
    pub(super) fn reset_standalone(&mut self, key: &str, reset: Reset, keep_paused: bool) -> Answer<()> {
        let activity = self.standalone(key)?;
        if !activity.is_open() {
            return Err(Refusal::precondition("activity execution is not running"));
        }
        if activity.attempt.cancel_requested {
            return Err(Refusal::precondition("cannot reset an activity with a pending cancellation"));
        }
        self.change_standalone(key, |activity, now| {
            if !keep_paused {
                activity.attempt.pause = None;
            }
            if reset.options && !activity.attempt.is_started() {
                activity.restore_options();
            }
            activity.attempt.reset(now, reset, Manner::Standalone);
        });
        self.settle();
        Ok(())
    }

    /// Changes the options of an activity; what they are then.
    pub(super) fn change_standalone_options(&mut self, key: &str, change: &Change) -> Answer<ActivityOptions> {
        let activity = self.standalone(key)?;
        let state = activity.state_name();
        if !activity.is_open() || activity.attempt.cancel_requested {
            return Err(Refusal::precondition(format!("Cannot update options for activity in state {state}")));
        }
        let original = activity.original.as_ref().unwrap_or(&activity.options).clone();
        let changed = match change {
            Change::Restore => original.clone(),
            Change::Fields(new, paths) => changed(activity, new, paths)?,
        };
        let shown = in_answer(&changed);
        let restored = matches!(change, Change::Restore);
        self.change_standalone(key, |activity, now| {
            activity.original = (!restored).then_some(original);
            if changed.start_delay != activity.options.start_delay {
                let start = Time::from_nanos(activity.start_time);
                let time = start.plus(duration(changed.start_delay.as_ref()).unwrap_or_default());
                (activity.attempt.scheduled_time, activity.attempt.time) = (time.nanos(), time.nanos());
            }
            activity.options = changed;
            let Activity { attempt, options, .. } = activity;
            attempt.apply(now, &Terms::of(options, Manner::Standalone));
        });
        self.settle();
        Ok(shown)
    }

    fn standalone(&self, key: &str) -> Answer<&Activity> {
        self.activities.shelf.get(key).ok_or_else(|| missing(key))
    }
}

/// The options of an activity after a change.
fn changed(activity: &Activity, new: &ActivityOptions, paths: &[String]) -> Answer<ActivityOptions> {
    let mut changed = activity.options.clone();
    options::change(&mut changed, new, paths, Manner::Standalone).map_err(Refusal::invalid)?;
    let was_dispatched = activity.attempt.number > 1 || !activity.attempt.waits || activity.last_started != 0;
    if changed.start_delay != activity.options.start_delay && was_dispatched {
        return Err(Refusal::precondition(
            "cannot update start_delay: the first activity attempt has already been dispatched",
        ));
    }
    options::complete(&activity.id, activity.type_name(), &mut changed, None).map_err(Refusal::invalid)?;
    Ok(changed)
}
