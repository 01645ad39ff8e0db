//! The attempts of an activity: handed to workers, tried again, and over at last. Activities of workflows and standalone
//! ones go by the same rules; where the real server has two, [`Manner`] tells them apart.
//!
//! ```text
//! waits --its time--> offered --start--> started --complete, fail for good, time out, cancel--> over
//!   ^                    ^  |               |  fail, time out
//!   |                    +--+ unpause       |
//!   +---------------------------------------+      what is paused is not offered
//! ```

mod control;
pub(crate) mod options;

use std::collections::BTreeSet;
use std::time::Duration;

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::common::{Payloads, RetryPolicy};
use perpetua_proto::enums::{RetryState, TimeoutType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, TimeoutFailureInfo};
use perpetua_proto::protobuf::Timestamp;

pub(crate) use control::{Pause, Reset};

use crate::failure;
use crate::retry;
use crate::time::{self, Time, duration, shown, stored};

/// By which of two rules an activity goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is part of a workflow.
    OfWorkflow,
    /// It stands alone.
    Standalone,
}

/// What an attempt goes by: the limits of its time, the retry policy, and the rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) manner: Manner,
    pub(crate) schedule_to_close: Option<Duration>,
    pub(crate) schedule_to_start: Option<Duration>,
    pub(crate) start_to_close: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) policy: Option<&'a RetryPolicy>,
}

impl<'a> Terms<'a> {
    /// The terms that options set.
    pub(crate) fn of(options: &'a ActivityOptions, manner: Manner) -> Self {
        Self {
            manner,
            schedule_to_close: duration(options.schedule_to_close_timeout.as_ref()),
            schedule_to_start: duration(options.schedule_to_start_timeout.as_ref()),
            start_to_close: duration(options.start_to_close_timeout.as_ref()),
            heartbeat: duration(options.heartbeat_timeout.as_ref()),
            policy: options.retry_policy.as_ref(),
        }
    }

    fn policy(&self) -> &'a RetryPolicy {
        static NONE: std::sync::OnceLock<RetryPolicy> = std::sync::OnceLock::new();
        self.policy.unwrap_or_else(|| NONE.get_or_init(RetryPolicy::default))
    }
}

/// How an attempt ended.
pub(crate) enum AttemptEnd {
    Completed(Option<Payloads>),
    Failed(Box<Failure>),
    Canceled(Option<Payloads>),
    TimedOut(TimeoutType),
}

/// What is next to happen to an attempt by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttemptDue {
    /// Its time has come: it is offered.
    Offer,
    TimedOut(TimeoutType),
}

/// The current attempt of an activity, as it is stored. Times are nanoseconds since 1970, 0 for none.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Attempt {
    /// Counted from 1.
    #[prost(int32, tag = "1")]
    pub(crate) number: i32,
    /// When the activity was scheduled; if it was to wait before its first attempt, when that was over.
    #[prost(int64, tag = "2")]
    pub(crate) scheduled_time: i64,
    /// When this attempt was, or will be, handed to a task queue.
    #[prost(int64, tag = "3")]
    pub(crate) time: i64,
    /// 0 while no worker has this attempt.
    #[prost(int64, tag = "4")]
    pub(crate) started_time: i64,
    #[prost(int64, tag = "5")]
    pub(crate) heartbeat_time: i64,
    #[prost(message, optional, tag = "6")]
    pub(crate) heartbeat_details: Option<Payloads>,
    #[prost(message, optional, tag = "7")]
    pub(crate) last_failure: Option<Failure>,
    /// Who has this attempt, or had the one before.
    #[prost(string, tag = "8")]
    pub(crate) identity: String,
    /// When the attempt before ended.
    #[prost(int64, tag = "9")]
    pub(crate) ended_time: i64,
    /// Names the start of this attempt.
    #[prost(string, tag = "10")]
    pub(crate) request: String,
    /// Whether it waits for its time.
    #[prost(bool, tag = "11")]
    pub(crate) waits: bool,
    #[prost(message, optional, tag = "12")]
    pub(crate) pause: Option<Pause>,
    /// What the attempt that runs is to hear of, and its end to bring about.
    #[prost(message, optional, tag = "13")]
    pub(crate) reset: Option<Reset>,
    /// Distinguishes one offer to a queue from the next.
    #[prost(int32, tag = "14")]
    pub(crate) offers: i32,
    /// How many signs of life there were, in all attempts.
    #[prost(int64, tag = "15")]
    pub(crate) heartbeats: i64,
    #[prost(bool, tag = "16")]
    pub(crate) cancel_requested: bool,
    /// How long it waits after the one before, by the retry policy.
    #[prost(int64, tag = "17")]
    pub(crate) interval: i64,
}

impl Attempt {
    /// The first attempt of an activity that is scheduled now.
    pub(crate) fn first(now: Time, delay: Option<Duration>) -> Self {
        let time = delay.map_or(now, |delay| now.plus(delay)).nanos();
        Self { number: 1, scheduled_time: time, time, waits: delay.is_some(), ..Self::default() }
    }

    pub(crate) fn is_started(&self) -> bool {
        self.started_time != 0
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Whether it is in a queue, for any worker to take.
    pub(crate) fn is_offered(&self) -> bool {
        !self.is_started() && !self.waits && !self.is_paused()
    }

    /// Whether a worker that lives is at work.
    pub(crate) fn is_in_hand(&self, dead: &BTreeSet<String>) -> bool {
        self.is_started() && !dead.contains(&self.identity)
    }

    /// Whether somebody is at work, or could be, so that time must not be skipped.
    pub(crate) fn is_busy(&self, dead: &BTreeSet<String>) -> bool {
        !self.waits && if self.is_started() { self.is_in_hand(dead) } else { !self.is_paused() }
    }

    /// A worker takes it.
    pub(crate) fn start(&mut self, now: Time, identity: &str, request: String) {
        self.started_time = now.nanos();
        identity.clone_into(&mut self.identity);
        self.request = request;
    }

    /// A sign of life.
    pub(crate) fn beat(&mut self, now: Time, details: Option<Payloads>) {
        self.heartbeat_time = now.nanos();
        self.heartbeats += 1;
        self.heartbeat_details = details;
    }

    /// Its time has come.
    pub(crate) fn end_wait(&mut self) {
        self.waits = false;
        self.offers += 1;
    }

    /// What is next to happen by itself, and when.
    pub(crate) fn due(&self, terms: &Terms<'_>) -> Option<(Time, AttemptDue)> {
        // The time of what is paused stands still; of a standalone activity only that for waiting.
        if self.is_paused() && terms.manner == Manner::OfWorkflow {
            return None;
        }
        let after = |from: i64, limit: Option<Duration>, kind| {
            limit.map(|limit| (Time::from_nanos(from).plus(limit), AttemptDue::TimedOut(kind)))
        };
        let (started, offered) = (self.is_started(), self.is_offered());
        let sign = self.heartbeat_time.max(self.started_time);
        // Of two at the same time, the first counts.
        [
            after(self.time, terms.schedule_to_start.filter(|_| offered), TimeoutType::ScheduleToStart),
            after(self.scheduled_time, terms.schedule_to_close, TimeoutType::ScheduleToClose),
            after(self.started_time, terms.start_to_close.filter(|_| started), TimeoutType::StartToClose),
            after(sign, terms.heartbeat.filter(|_| started), TimeoutType::Heartbeat),
            (self.waits && !started && !self.is_paused()).then(|| (Time::from_nanos(self.time), AttemptDue::Offer)),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// Plans the next attempt.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn retry(&mut self, terms: &Terms<'_>, failure: &Failure, now: Time) -> Result<(), RetryState> {
        if self.cancel_requested {
            return Err(RetryState::CancelRequested);
        }
        let reset = self.reset.take();
        if let Some(reset) = reset.filter(|_| terms.manner == Manner::Standalone) {
            self.begin_again(now, reset);
        } else {
            if self.is_paused() && terms.manner == Manner::OfWorkflow {
                // When it goes on, it does so at once, and however often it was tried.
                if !retry::is_retryable(failure, &terms.policy().non_retryable_error_types) {
                    return Err(RetryState::NonRetryableFailure);
                }
            } else {
                let after = retry::next(terms.policy(), self.number, failure, now, self.deadline(terms))?.after;
                self.time = now.plus(after).nanos();
                self.interval = time::nanos(after);
                self.waits = true;
            }
            self.number = self.number.saturating_add(1);
            if reset.is_some_and(|reset| reset.heartbeat) {
                self.forget_heartbeat();
            }
        }
        self.ended_time = now.nanos();
        self.started_time = 0;
        self.last_failure = (*failure != Failure::default()).then(|| failure::trimmed(failure));
        Ok(())
    }

    /// It has taken too long, or has been waited for too long. How the activity failed, if it is not tried again.
    pub(crate) fn time_out(
        &mut self,
        terms: &Terms<'_>,
        kind: TimeoutType,
        now: Time,
    ) -> Option<(Failure, RetryState)> {
        let is_retried = matches!(kind, TimeoutType::StartToClose | TimeoutType::Heartbeat);
        let mut failure = timeout(kind, terms.manner);
        let retry_state = if is_retried {
            match self.retry(terms, &failure, now) {
                Ok(()) => return None,
                Err(retry_state) => retry_state,
            }
        } else {
            RetryState::Timeout
        };
        let whole = kind == TimeoutType::ScheduleToClose && terms.manner == Manner::OfWorkflow;
        if retry_state == RetryState::Timeout && (is_retried || whole) {
            failure = timeout(TimeoutType::ScheduleToClose, terms.manner);
            failure.message = "Not enough time to schedule next retry before activity ScheduleToClose timeout, \
                               giving up retrying"
                .to_owned();
        }
        failure.cause = self.last_failure.clone().map(Box::new);
        if is_retried && terms.manner == Manner::Standalone {
            self.end(now, Some(with_details(timeout(kind, terms.manner), self.heartbeat_details.as_ref())));
        }
        Some((with_details(failure, self.heartbeat_details.as_ref()), retry_state))
    }

    /// It was the last, and is over.
    pub(crate) fn end(&mut self, now: Time, failure: Option<Failure>) {
        self.ended_time = now.nanos();
        if let Some(failure) = failure {
            self.last_failure = Some(failure::trimmed(&failure));
        }
    }

    /// When the whole must be over.
    pub(crate) fn deadline(&self, terms: &Terms<'_>) -> Option<Time> {
        Some(Time::from_nanos(self.scheduled_time).plus(terms.schedule_to_close?))
    }

    /// When the next attempt is due, as is shown while it waits, and how long that is after the one before.
    pub(crate) fn next(&self, manner: Manner) -> (Option<Timestamp>, Option<perpetua_proto::protobuf::Duration>) {
        if !self.waits || self.is_paused() {
            return (None, None);
        }
        let interval = match manner {
            Manner::OfWorkflow => Some(Time::from_nanos(self.time).since(Time::from_nanos(self.ended_time))),
            Manner::Standalone => stored(self.interval).map(|interval| interval.since(Time::default())),
        };
        (shown(self.time), interval.map(time::to_wire))
    }

    pub(crate) fn forget_heartbeat(&mut self) {
        self.heartbeat_time = 0;
        self.heartbeat_details = None;
    }
}

/// A timeout, with what was last heard.
fn with_details(mut failure: Failure, details: Option<&Payloads>) -> Failure {
    if let Some(FailureInfo::TimeoutFailureInfo(info)) = &mut failure.failure_info {
        info.last_heartbeat_details = details.cloned();
    }
    failure
}

/// The failure that a timeout is.
fn timeout(kind: TimeoutType, manner: Manner) -> Failure {
    let name = match kind {
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
        TimeoutType::Unspecified => "Unspecified",
    };
    let source = match manner {
        Manner::OfWorkflow => "Server",
        Manner::Standalone => "",
    };
    Failure {
        message: format!("activity {name} timeout"),
        source: source.to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind.into(),
            last_heartbeat_details: None,
        })),
        ..Failure::default()
    }
}
