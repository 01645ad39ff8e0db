//! Activities of workflows: what becomes of their attempts in queues and in history.
//!
//! History hears of an attempt only when the activity is over: the started event is that of the last attempt.

use std::borrow::Cow;

use bytes::Bytes;
use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::common::{Payloads, WorkflowType};
use perpetua_proto::enums::{EventType, RetryState, TimeoutType};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    ActivityTaskCanceledEventAttributes, ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes,
    ActivityTaskScheduledEventAttributes, ActivityTaskStartedEventAttributes, ActivityTaskTimedOutEventAttributes,
};
use perpetua_proto::workflowservice::{PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatResponse};

use super::state::ActivityState;
use super::{History, Run, event};
use crate::attempt::{Attempt, AttemptDue, AttemptEnd, Manner, Terms};
use crate::deployment::Version;
use crate::matching::QueueKey;
use crate::priority;
use crate::time::{Time, duration, shown, stored};
use crate::token::{self, TaskToken};
use crate::world::{Cx, Offer, Work};

/// What is said of an activity that was canceled before a worker had it.
const NOT_STARTED: &str = "ACTIVITY_ID_NOT_STARTED";

/// What the workflow asked for.
fn asked(history: &History, scheduled: i64) -> Option<&ActivityTaskScheduledEventAttributes> {
    match history.get(scheduled)?.attributes.as_ref()? {
        Attributes::ActivityTaskScheduledEventAttributes(it) => Some(it),
        _ => None,
    }
}

/// What an activity goes by: what the workflow asked for, or what that was changed to.
fn terms<'a>(options: Option<&'a ActivityOptions>, history: &'a History, scheduled: i64) -> Option<Terms<'a>> {
    if let Some(options) = options {
        return Some(Terms::of(options, Manner::OfWorkflow));
    }
    let asked = asked(history, scheduled)?;
    Some(Terms {
        manner: Manner::OfWorkflow,
        schedule_to_close: duration(asked.schedule_to_close_timeout.as_ref()),
        schedule_to_start: duration(asked.schedule_to_start_timeout.as_ref()),
        start_to_close: duration(asked.start_to_close_timeout.as_ref()),
        heartbeat: duration(asked.heartbeat_timeout.as_ref()),
        policy: asked.retry_policy.as_ref(),
    })
}

/// The worker that takes an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker<'a> {
    pub(crate) identity: &'a str,
    /// Where its process looks for what it is told; empty if nowhere.
    pub(crate) control_queue: &'a str,
    pub(crate) version: Option<&'a Version>,
}

impl Run {
    /// What the workflow asked for.
    pub(crate) fn activity_scheduled(&self, scheduled: i64) -> Option<&ActivityTaskScheduledEventAttributes> {
        asked(&self.history, scheduled)
    }

    /// The options that an activity was scheduled with.
    pub(crate) fn original_options(&self, scheduled: i64) -> Option<ActivityOptions> {
        let asked = self.activity_scheduled(scheduled)?;
        Some(ActivityOptions {
            task_queue: asked.task_queue.clone(),
            schedule_to_close_timeout: asked.schedule_to_close_timeout,
            schedule_to_start_timeout: asked.schedule_to_start_timeout,
            start_to_close_timeout: asked.start_to_close_timeout,
            heartbeat_timeout: asked.heartbeat_timeout,
            retry_policy: asked.retry_policy.clone(),
            priority: asked.priority.clone(),
            start_delay: None,
        })
    }

    /// The options that an activity has now.
    pub(crate) fn activity_options(&self, scheduled: i64) -> Option<Cow<'_, ActivityOptions>> {
        match &self.state.activities.get(&scheduled)?.options {
            Some(options) => Some(Cow::Borrowed(options)),
            None => self.original_options(scheduled).map(Cow::Owned),
        }
    }

    /// Puts the next attempt into its queue.
    pub(crate) fn offer_activity(&self, cx: &mut Cx<'_>, scheduled: i64) {
        let (Some(options), Some(activity)) = (self.activity_options(scheduled), self.state.activities.get(&scheduled))
        else {
            return;
        };
        let queue = options.task_queue.as_ref().map_or("", |queue| &queue.name);
        let priority = priority::of_activity(options.priority.clone(), self.state.priority.as_ref());
        let queue = QueueKey::activity(&self.state.namespace, queue);
        let work = Work::Activity { run: self.number, scheduled, offer: activity.attempt.offers };
        cx.offer(Offer::new(queue, priority, work));
    }

    /// Whether this offer still stands.
    pub(crate) fn offers_activity(&self, scheduled: i64, offer: i32) -> bool {
        let activity = self.state.activities.get(&scheduled);
        self.is_open()
            && !self.is_paused()
            && activity.is_some_and(|it| it.attempt.is_offered() && it.attempt.offers == offer)
    }

    /// Hands an attempt to a worker.
    pub(crate) fn start_activity(
        &mut self,
        cx: &mut Cx<'_>,
        scheduled: i64,
        taker: &Taker<'_>,
    ) -> Option<PollActivityTaskQueueResponse> {
        let request = cx.uuid();
        let activity = self.state.activities.get_mut(&scheduled)?;
        activity.attempt.start(cx.now, taker.identity, request);
        activity.version = taker.version.map(Version::to_wire);
        taker.control_queue.clone_into(&mut activity.control_queue);
        let activity = self.state.activities.get(&scheduled)?;
        let asked = asked(&self.history, scheduled)?;
        let options = activity.options.as_ref();
        let own_priority = options.map_or(&asked.priority, |options| &options.priority).clone();
        Some(PollActivityTaskQueueResponse {
            task_token: self.activity_token(cx, scheduled, &activity.attempt),
            workflow_namespace: self.state.namespace.clone(),
            workflow_type: Some(WorkflowType { name: self.workflow_type().to_owned() }),
            workflow_execution: Some(self.execution()),
            activity_type: asked.activity_type.clone(),
            activity_id: activity.activity_id.clone(),
            header: asked.header.clone(),
            input: asked.input.clone(),
            heartbeat_details: activity.attempt.heartbeat_details.clone(),
            scheduled_time: shown(activity.attempt.scheduled_time),
            current_attempt_scheduled_time: shown(activity.attempt.time),
            started_time: shown(activity.attempt.started_time),
            attempt: activity.attempt.number,
            schedule_to_close_timeout: asked.schedule_to_close_timeout,
            start_to_close_timeout: asked.start_to_close_timeout,
            heartbeat_timeout: asked.heartbeat_timeout,
            retry_policy: options.map_or(&asked.retry_policy, |options| &options.retry_policy).clone(),
            priority: priority::of_activity(own_priority, self.state.priority.as_ref()),
            ..PollActivityTaskQueueResponse::default()
        })
    }

    /// What names an attempt for the worker that has it.
    pub(super) fn activity_token(&self, cx: &Cx<'_>, scheduled: i64, attempt: &Attempt) -> Bytes {
        token::write(&TaskToken {
            server: cx.server,
            namespace: self.state.namespace.clone(),
            workflow_id: self.state.workflow_id.clone(),
            run_id: self.state.run_id.clone(),
            scheduled,
            attempt: attempt.number,
            request: attempt.request.clone(),
            ..TaskToken::default()
        })
    }

    /// The activity whose attempt a worker's token names, if it is the one that runs.
    pub(crate) fn started_activity(&self, token: &TaskToken) -> Option<&ActivityState> {
        let activity = self.state.activities.get(&token.scheduled);
        activity.filter(|activity| {
            let attempt = &activity.attempt;
            let is_it = attempt.number == token.attempt && attempt.request == token.request;
            self.is_open() && is_it && attempt.is_started()
        })
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
        activity.attempt.beat(now, details);
        RecordActivityTaskHeartbeatResponse {
            cancel_requested: activity.attempt.cancel_requested,
            activity_paused: activity.attempt.is_paused(),
            activity_reset: activity.attempt.reset.is_some(),
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
                let again = self.with_attempt(scheduled, |attempt, terms| attempt.retry(terms, &failure, cx.now));
                let Some(Err(retry_state)) = again else { return };
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

    /// The activity fails for good, as the server says.
    pub(crate) fn fail_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, failure: Failure, identity: &str) {
        let attributes = ActivityTaskFailedEventAttributes {
            failure: Some(failure),
            scheduled_event_id: scheduled,
            identity: identity.to_owned(),
            retry_state: RetryState::NonRetryableFailure.into(),
            ..ActivityTaskFailedEventAttributes::default()
        };
        let attributes = Attributes::ActivityTaskFailedEventAttributes(Box::new(attributes));
        self.close_activity(cx, scheduled, EventType::ActivityTaskFailed, attributes);
    }

    fn time_out_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, kind: TimeoutType) {
        let over = self.with_attempt(scheduled, |attempt, terms| attempt.time_out(terms, kind, cx.now));
        let Some((failure, retry_state)) = over.flatten() else { return };
        let attributes = ActivityTaskTimedOutEventAttributes {
            failure: Some(failure),
            scheduled_event_id: scheduled,
            retry_state: retry_state.into(),
            ..ActivityTaskTimedOutEventAttributes::default()
        };
        let attributes = Attributes::ActivityTaskTimedOutEventAttributes(Box::new(attributes));
        self.close_activity(cx, scheduled, EventType::ActivityTaskTimedOut, attributes);
    }

    /// Changes an attempt by the terms of its activity.
    pub(super) fn with_attempt<R>(
        &mut self,
        scheduled: i64,
        change: impl FnOnce(&mut Attempt, &Terms<'_>) -> R,
    ) -> Option<R> {
        let ActivityState { attempt, options, .. } = self.state.activities.get_mut(&scheduled)?;
        let terms = terms(options.as_ref(), &self.history, scheduled)?;
        Some(change(attempt, &terms))
    }

    /// The wait before the next attempt is over.
    pub(crate) fn end_activity_wait(&mut self, cx: &mut Cx<'_>, scheduled: i64) {
        if let Some(activity) = self.state.activities.get_mut(&scheduled) {
            activity.attempt.end_wait();
        }
        self.offer_activity(cx, scheduled);
    }

    /// The activity is over: history gets its last attempt, and how it ended.
    fn close_activity(&mut self, cx: &mut Cx<'_>, scheduled: i64, kind: EventType, attributes: Attributes) {
        let Some(activity) = self.state.activities.remove(&scheduled) else { return };
        self.history.forget(scheduled);
        if let Some(started_time) = stored(activity.attempt.started_time) {
            self.record(activity_started(scheduled, &activity.attempt, started_time));
        }
        self.receive(cx, kind, attributes);
    }

    /// The workflow no longer wants it. Whether it is over at once, because no worker has it.
    pub(crate) fn cancel_activity(&mut self, now: Time, scheduled: i64, requested: i64, identity: &str) -> bool {
        let Some(activity) = self.state.activities.get_mut(&scheduled) else { return false };
        activity.cancel_requested = requested;
        activity.attempt.cancel_requested = true;
        if activity.attempt.is_started() {
            return false;
        }
        self.state.activities.remove(&scheduled);
        let details = Some(crate::requests::activity::text_payload(NOT_STARTED));
        let attributes = canceled(scheduled, requested, details, identity);
        self.state.buffered.push(event(EventType::ActivityTaskCanceled, now, attributes));
        true
    }

    /// The pending activity of this id, by its scheduled event.
    pub(crate) fn activity_of_id(&self, id: &str) -> Option<i64> {
        self.state.activities.iter().find(|(_, activity)| activity.activity_id == id).map(|(scheduled, _)| *scheduled)
    }

    /// When something is next to happen to the activity, and what.
    pub(crate) fn activity_due(&self, scheduled: i64, activity: &ActivityState) -> Option<(Time, AttemptDue)> {
        activity.attempt.due(&terms(activity.options.as_ref(), &self.history, scheduled)?)
    }
}

fn activity_started(scheduled: i64, attempt: &Attempt, at: Time) -> perpetua_proto::history::HistoryEvent {
    let attributes = ActivityTaskStartedEventAttributes {
        scheduled_event_id: scheduled,
        identity: attempt.identity.clone(),
        request_id: attempt.request.clone(),
        attempt: attempt.number,
        last_failure: attempt.last_failure.clone(),
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
