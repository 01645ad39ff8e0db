//! Activities: handed to workers, tried again, and over at last.
//!
//! ```text
//! scheduled --start--> started --complete, fail for good, time out, cancel--> over
//!     ^                   |  fail, time out
//!     +--- backing off ---+
//! ```
//! History hears of an attempt only when the activity is over: the started event is that of the last attempt.

use std::time::Duration;

use perpetua_proto::common::{Payloads, WorkflowType};
use perpetua_proto::enums::{EventType, RetryState, TimeoutType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, TimeoutFailureInfo};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    ActivityTaskCanceledEventAttributes, ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes,
    ActivityTaskScheduledEventAttributes, ActivityTaskStartedEventAttributes, ActivityTaskTimedOutEventAttributes,
};
use perpetua_proto::workflowservice::{PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatResponse};

use super::state::ActivityState;
use super::{Run, event};
use crate::matching::QueueKey;
use crate::priority;
use crate::retry::{self, Retry};
use crate::time::{self, Time, shown, stored};
use crate::token::{self, TaskToken};
use crate::world::{Cx, Offer, Work};

/// How an attempt ended.
pub(crate) enum AttemptEnd {
    Completed(Option<Payloads>),
    Failed(Box<Failure>),
    Canceled(Option<Payloads>),
    TimedOut(TimeoutType),
}

impl Run {
    /// What the workflow asked for.
    pub(crate) fn activity_scheduled(&self, scheduled: i64) -> Option<&ActivityTaskScheduledEventAttributes> {
        match self.history.get(scheduled)?.attributes.as_ref()? {
            Attributes::ActivityTaskScheduledEventAttributes(it) => Some(it),
            _ => None,
        }
    }

    /// Puts the next attempt into its queue.
    pub(crate) fn offer_activity(&self, cx: &mut Cx<'_>, scheduled: i64) {
        let (Some(asked), Some(activity)) = (self.activity_scheduled(scheduled), self.state.activities.get(&scheduled))
        else {
            return;
        };
        let queue = asked.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default();
        let priority = priority::of_activity(asked.priority.clone(), self.state.priority.as_ref());
        let queue = QueueKey::activity(&self.state.namespace, &queue);
        let work = Work::Activity { run: self.number, scheduled, attempt: activity.attempt };
        cx.offer(Offer::new(queue, priority, work));
    }

    /// Whether an offer of this attempt still stands.
    pub(crate) fn offers_activity(&self, scheduled: i64, attempt: i32) -> bool {
        self.is_open()
            && !self.is_paused()
            && self.state.activities.get(&scheduled).is_some_and(|activity| {
                activity.attempt == attempt && activity.started_time == 0 && !activity.paused && !activity.backing_off
            })
    }

    /// Hands an attempt to a worker.
    pub(crate) fn start_activity(
        &mut self,
        cx: &mut Cx<'_>,
        scheduled: i64,
        identity: &str,
    ) -> Option<PollActivityTaskQueueResponse> {
        let request = cx.uuid();
        let activity = self.state.activities.get_mut(&scheduled)?;
        activity.started_time = cx.now.nanos();
        activity.heartbeat_time = 0;
        activity.identity = identity.to_owned();
        activity.request = request;
        let activity = activity.clone();
        let asked = self.activity_scheduled(scheduled)?;
        let token = TaskToken {
            server: cx.server,
            namespace: self.state.namespace.clone(),
            workflow_id: self.state.workflow_id.clone(),
            run_id: self.state.run_id.clone(),
            scheduled,
            attempt: activity.attempt,
            ..TaskToken::default()
        };
        Some(PollActivityTaskQueueResponse {
            task_token: token::write(&token),
            workflow_namespace: self.state.namespace.clone(),
            workflow_type: Some(WorkflowType { name: self.workflow_type().to_owned() }),
            workflow_execution: Some(self.execution()),
            activity_type: asked.activity_type.clone(),
            activity_id: activity.activity_id,
            header: asked.header.clone(),
            input: asked.input.clone(),
            heartbeat_details: activity.heartbeat_details,
            scheduled_time: shown(activity.scheduled_time),
            current_attempt_scheduled_time: shown(activity.attempt_time),
            started_time: shown(activity.started_time),
            attempt: activity.attempt,
            schedule_to_close_timeout: asked.schedule_to_close_timeout,
            start_to_close_timeout: asked.start_to_close_timeout,
            heartbeat_timeout: asked.heartbeat_timeout,
            retry_policy: asked.retry_policy.clone(),
            priority: priority::of_activity(asked.priority.clone(), self.state.priority.as_ref()),
            ..PollActivityTaskQueueResponse::default()
        })
    }

    /// The activity that a worker's token names, if the token is of the attempt that runs.
    pub(crate) fn started_activity(&self, scheduled: i64, attempt: i32) -> Option<&ActivityState> {
        self.state
            .activities
            .get(&scheduled)
            .filter(|activity| self.is_open() && activity.attempt == attempt && activity.started_time != 0)
    }

    /// A sign of life.
    pub(crate) fn heartbeat(
        &mut self,
        now: Time,
        scheduled: i64,
        details: Option<Payloads>,
    ) -> RecordActivityTaskHeartbeatResponse {
        let Some(activity) = self.state.activities.get_mut(&scheduled) else {
            return RecordActivityTaskHeartbeatResponse::default();
        };
        activity.heartbeat_time = now.nanos();
        if details.is_some() {
            activity.heartbeat_details = details;
        }
        RecordActivityTaskHeartbeatResponse {
            cancel_requested: activity.cancel_requested != 0,
            activity_paused: activity.paused,
            activity_reset: false,
        }
    }

    /// An attempt is over, and perhaps the activity.
    pub(crate) fn end_activity_attempt(&mut self, cx: &mut Cx<'_>, scheduled: i64, end: AttemptEnd, identity: &str) {
        match end {
            AttemptEnd::Completed(result) => {
                let attributes = ActivityTaskCompletedEventAttributes {
                    result,
                    scheduled_event_id: scheduled,
                    identity: identity.to_owned(),
                    ..ActivityTaskCompletedEventAttributes::default()
                };
                let attributes = Attributes::ActivityTaskCompletedEventAttributes(Box::new(attributes));
                self.close_activity(cx, scheduled, EventType::ActivityTaskCompleted, attributes);
            }
            AttemptEnd::Canceled(details) => {
                let latest = self.state.activities.get(&scheduled).map_or(0, |activity| activity.cancel_requested);
                let attributes = canceled(scheduled, latest, details, identity);
                self.close_activity(cx, scheduled, EventType::ActivityTaskCanceled, attributes);
            }
            AttemptEnd::Failed(failure) => {
                let Err(retry_state) = self.retry_activity(cx, scheduled, &failure) else { return };
                let attributes = ActivityTaskFailedEventAttributes {
                    failure: Some(*failure),
                    scheduled_event_id: scheduled,
                    identity: identity.to_owned(),
                    retry_state: retry_state.into(),
                    ..ActivityTaskFailedEventAttributes::default()
                };
                let attributes = Attributes::ActivityTaskFailedEventAttributes(Box::new(attributes));
                self.close_activity(cx, scheduled, EventType::ActivityTaskFailed, attributes);
            }
            AttemptEnd::TimedOut(kind) => self.time_out_activity(cx, scheduled, kind),
        }
    }

    fn time_out_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, kind: TimeoutType) {
        let Some(activity) = self.state.activities.get(&scheduled) else { return };
        let details = activity.heartbeat_details.clone();
        let last_failure = activity.last_failure.clone();
        let mut failure = timeout_failure(kind, details.clone());
        let retry_state = match kind {
            TimeoutType::StartToClose | TimeoutType::Heartbeat => match self.retry_activity(cx, scheduled, &failure) {
                Ok(()) => return,
                // Only the whole time can be what is not enough.
                Err(RetryState::Timeout) => {
                    let cause = std::mem::replace(&mut failure, timeout_failure(TimeoutType::ScheduleToClose, details));
                    failure.message =
                        "Not enough time to schedule next retry before activity ScheduleToClose timeout, \
                                       giving up retrying"
                            .to_owned();
                    failure.cause = Some(Box::new(cause));
                    RetryState::Timeout
                }
                Err(retry_state) => retry_state,
            },
            _ => {
                failure.cause = last_failure.map(Box::new);
                RetryState::Timeout
            }
        };
        let attributes = ActivityTaskTimedOutEventAttributes {
            failure: Some(failure),
            scheduled_event_id: scheduled,
            retry_state: retry_state.into(),
            ..ActivityTaskTimedOutEventAttributes::default()
        };
        let attributes = Attributes::ActivityTaskTimedOutEventAttributes(Box::new(attributes));
        self.close_activity(cx, scheduled, EventType::ActivityTaskTimedOut, attributes);
    }

    /// Plans the next attempt.
    ///
    /// # Errors
    /// Why there is none.
    fn retry_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, failure: &Failure) -> Result<(), RetryState> {
        let asked = self.activity_scheduled(scheduled).cloned().unwrap_or_default();
        let Some(activity) = self.state.activities.get_mut(&scheduled) else {
            return Err(RetryState::InternalServerError);
        };
        if activity.cancel_requested != 0 {
            return Err(RetryState::CancelRequested);
        }
        let policy = asked.retry_policy.unwrap_or_default();
        let deadline = time::duration(asked.schedule_to_close_timeout.as_ref())
            .map(|limit| Time::from_nanos(activity.scheduled_time).plus(limit));
        let Retry { after } = retry::next(&policy, activity.attempt, failure, cx.now, deadline)?;
        activity.attempt += 1;
        activity.attempt_completed = cx.now.nanos();
        activity.attempt_time = cx.now.plus(after).nanos();
        activity.retry_interval = super::task::nanos(after);
        activity.started_time = 0;
        activity.backing_off = true;
        activity.last_failure = Some(failure.clone());
        Ok(())
    }

    /// The wait before the next attempt is over.
    pub(crate) fn end_activity_backoff(&mut self, cx: &mut Cx<'_>, scheduled: i64) {
        if let Some(activity) = self.state.activities.get_mut(&scheduled) {
            activity.backing_off = false;
            activity.attempt_time = cx.now.nanos();
        }
        self.offer_activity(cx, scheduled);
    }

    /// The activity is over: history gets its last attempt, and how it ended.
    fn close_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, kind: EventType, attributes: Attributes) {
        let Some(activity) = self.state.activities.remove(&scheduled) else { return };
        if let Some(started_time) = stored(activity.started_time) {
            self.record(activity_started(scheduled, &activity, started_time));
        }
        self.receive(cx, kind, attributes);
    }

    /// The workflow no longer wants it. Whether it is over at once, because no worker has it.
    pub(crate) fn cancel_activity(&mut self, now: Time, scheduled: i64, requested: i64) -> bool {
        let Some(activity) = self.state.activities.get_mut(&scheduled) else { return false };
        activity.cancel_requested = requested;
        if activity.started_time != 0 {
            return false;
        }
        let details = activity.heartbeat_details.clone();
        self.state.activities.remove(&scheduled);
        let attributes = canceled(scheduled, requested, details, crate::limits::HISTORY_SERVICE);
        self.state.buffered.push(event(EventType::ActivityTaskCanceled, now, attributes));
        true
    }

    /// The pending activity of this id, by its scheduled event.
    pub(crate) fn activity_of_id(&self, id: &str) -> Option<i64> {
        self.state.activities.iter().find(|(_, activity)| activity.activity_id == id).map(|(scheduled, _)| *scheduled)
    }

    /// When something is next to happen to the activity, and what.
    pub(crate) fn activity_due(&self, scheduled: i64, activity: &ActivityState) -> Option<(Time, ActivityDue)> {
        let asked = self.activity_scheduled(scheduled)?;
        let after = |from: i64, limit: Option<&prost_types::Duration>| {
            time::duration(limit).map(|limit| Time::from_nanos(from).plus(limit))
        };
        let mut due = Vec::with_capacity(3);
        let whole = after(activity.scheduled_time, asked.schedule_to_close_timeout.as_ref());
        due.extend(whole.map(|at| (at, ActivityDue::TimedOut(TimeoutType::ScheduleToClose))));
        if activity.started_time != 0 {
            let attempt = after(activity.started_time, asked.start_to_close_timeout.as_ref());
            due.extend(attempt.map(|at| (at, ActivityDue::TimedOut(TimeoutType::StartToClose))));
            let sign = activity.heartbeat_time.max(activity.started_time);
            let silence = after(sign, asked.heartbeat_timeout.as_ref());
            due.extend(silence.map(|at| (at, ActivityDue::TimedOut(TimeoutType::Heartbeat))));
        } else if activity.backing_off {
            if !activity.paused {
                due.push((Time::from_nanos(activity.attempt_time), ActivityDue::Retry));
            }
        } else if !activity.paused {
            let waiting = after(activity.attempt_time, asked.schedule_to_start_timeout.as_ref());
            due.extend(waiting.map(|at| (at, ActivityDue::TimedOut(TimeoutType::ScheduleToStart))));
        }
        due.into_iter().min_by_key(|(at, _)| *at)
    }
}

/// What is next to happen to an activity.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ActivityDue {
    Retry,
    TimedOut(TimeoutType),
}

fn activity_started(scheduled: i64, activity: &ActivityState, at: Time) -> perpetua_proto::history::HistoryEvent {
    let attributes = ActivityTaskStartedEventAttributes {
        scheduled_event_id: scheduled,
        identity: activity.identity.clone(),
        request_id: activity.request.clone(),
        attempt: activity.attempt,
        last_failure: activity.last_failure.clone(),
        ..ActivityTaskStartedEventAttributes::default()
    };
    let attributes = Attributes::ActivityTaskStartedEventAttributes(Box::new(attributes));
    event(EventType::ActivityTaskStarted, at, attributes)
}

fn canceled(scheduled: i64, requested: i64, details: Option<Payloads>, identity: &str) -> Attributes {
    Attributes::ActivityTaskCanceledEventAttributes(Box::new(ActivityTaskCanceledEventAttributes {
        details,
        latest_cancel_requested_event_id: requested,
        scheduled_event_id: scheduled,
        identity: identity.to_owned(),
        ..ActivityTaskCanceledEventAttributes::default()
    }))
}

fn timeout_failure(kind: TimeoutType, details: Option<Payloads>) -> Failure {
    let name = match kind {
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
        TimeoutType::Unspecified => "Unspecified",
    };
    Failure {
        message: format!("activity {name} timeout"),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind.into(),
            last_heartbeat_details: details,
        })),
        ..Failure::default()
    }
}

/// How long an activity may take, completed from what was said.
///
/// # Errors
/// What is missing.
pub(crate) fn complete_timeouts(
    asked: &mut ActivityTaskScheduledEventAttributes,
    run_timeout: Option<Duration>,
) -> Result<(), &'static str> {
    let capped = |limit: Option<Duration>| match (limit, run_timeout) {
        (Some(limit), Some(run)) => Some(limit.min(run)),
        (limit, run) => limit.or(run),
    };
    let mut whole = time::duration(asked.schedule_to_close_timeout.as_ref());
    let mut attempt = time::duration(asked.start_to_close_timeout.as_ref());
    let mut wait = time::duration(asked.schedule_to_start_timeout.as_ref());
    match (whole, attempt) {
        (None, None) => {
            return Err("A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand.");
        }
        (Some(limit), _) => {
            whole = capped(whole);
            attempt = Some(attempt.map_or(limit, |attempt| attempt.min(limit)));
            wait = Some(wait.map_or(limit, |wait| wait.min(limit)));
        }
        (None, Some(_)) => {
            whole = run_timeout;
            wait = capped(wait);
        }
    }
    let attempt = match (attempt, run_timeout) {
        (Some(attempt), Some(run)) => Some(attempt.min(run)),
        (attempt, _) => attempt,
    };
    let silence = time::duration(asked.heartbeat_timeout.as_ref()).map(|limit| attempt.map_or(limit, |a| limit.min(a)));
    let wire = |limit: Option<Duration>| Some(time::to_wire(limit.unwrap_or_default()));
    asked.schedule_to_close_timeout = wire(whole);
    asked.start_to_close_timeout = wire(attempt);
    asked.schedule_to_start_timeout = wire(wait);
    asked.heartbeat_timeout = wire(silence);
    Ok(())
}
