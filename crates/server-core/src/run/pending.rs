//! What is shown of the activities of a run that are not over.

use perpetua_proto::enums::PendingActivityState;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflow::PendingActivityInfo;
use perpetua_proto::workflow::pending_activity_info::PauseInfo;
use perpetua_proto::workflow::pending_activity_info::pause_info::{Manual, PausedBy};

use super::Run;
use super::control::in_answer;
use super::state::ActivityState;
use crate::attempt::{Attempt, Manner, Pause, Terms};
use crate::deployment::Version;
use crate::time::{Time, shown};

impl Run {
    /// The activities that are not over.
    pub(crate) fn pending_activities(&self) -> Vec<PendingActivityInfo> {
        let activities = self.state.activities.iter();
        activities.filter_map(|(scheduled, activity)| self.pending_activity(*scheduled, activity)).collect()
    }

    fn pending_activity(&self, scheduled: i64, activity: &ActivityState) -> Option<PendingActivityInfo> {
        let asked = self.activity_scheduled(scheduled)?;
        let mut options = in_answer(&*self.activity_options(scheduled)?);
        let terms = Terms::of(&options, Manner::OfWorkflow);
        let attempt = &activity.attempt;
        let (next_attempt_schedule_time, current_retry_interval) = attempt.next(Manner::OfWorkflow);
        let (expiration, maximum_attempts) =
            (attempt.deadline(&terms).map(Time::to_wire), terms.policy.map_or(0, |policy| policy.maximum_attempts));
        options.task_queue = options.task_queue.map(|queue| TaskQueue {
            normal_name: queue.name.clone(),
            name: queue.name,
            ..TaskQueue::default()
        });
        let version = Version::of_wire(activity.version.as_ref());
        #[allow(deprecated, reason = "older clients look there")]
        Some(PendingActivityInfo {
            activity_id: activity.activity_id.clone(),
            activity_type: asked.activity_type.clone(),
            state: state_of(attempt).into(),
            heartbeat_details: attempt.heartbeat_details.clone(),
            last_heartbeat_time: shown(attempt.heartbeat_time),
            last_started_time: shown(attempt.started_time),
            attempt: attempt.number,
            maximum_attempts,
            scheduled_time: shown(attempt.time),
            expiration_time: expiration,
            last_failure: attempt.last_failure.clone(),
            last_worker_identity: attempt.identity.clone(),
            last_worker_deployment_version: version.as_ref().map(ToString::to_string).unwrap_or_default(),
            last_deployment_version: activity.version.clone(),
            current_retry_interval,
            last_attempt_complete_time: shown(attempt.ended_time),
            next_attempt_schedule_time,
            paused: attempt.is_paused(),
            pause_info: attempt.pause.as_ref().map(pause_info),
            priority: options.priority.clone(),
            activity_options: Some(options),
            ..PendingActivityInfo::default()
        })
    }
}

/// In which state an attempt is, in one word.
pub(crate) fn state_of(attempt: &Attempt) -> PendingActivityState {
    match (attempt.is_started(), attempt.is_paused()) {
        (true, _) if attempt.cancel_requested => PendingActivityState::CancelRequested,
        (true, true) => PendingActivityState::PauseRequested,
        (true, false) => PendingActivityState::Started,
        (false, true) => PendingActivityState::Paused,
        (false, false) => PendingActivityState::Scheduled,
    }
}

fn pause_info(pause: &Pause) -> PauseInfo {
    let manual = Manual { identity: pause.identity.clone(), reason: pause.reason.clone() };
    PauseInfo { pause_time: shown(pause.time), paused_by: Some(PausedBy::Manual(manual)) }
}
