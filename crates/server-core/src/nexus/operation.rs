//! An operation, from the request to its end.
//!
//! ```text
//! scheduled --succeeded, failed, canceled--> over
//!     |  ^  \                                 ^
//!     |  +-- tried again                      |
//!     +--started--> running --called back-----+
//! ```
//! It can be asked to stop at any time; the handler hears of that when the operation runs. Limits of time end it in
//! every state.

use std::time::Duration;

use perpetua_proto::common::Payload;
use perpetua_proto::enums::{NexusOperationCancellationState as Canceling, PendingNexusOperationState, TimeoutType};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::NexusOperationScheduledEventAttributes as Asked;

use super::call::{CallDue, CallState};
use super::failure;
use crate::time::{Time, duration, to_wire};

/// What is known of an operation, beside what was asked for.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct OperationState {
    #[prost(int64, tag = "1")]
    pub(crate) scheduled_time: i64,
    /// The request to start.
    #[prost(message, required, tag = "2")]
    pub(crate) call: CallState,
    /// When it began to run at the handler; 0 before that.
    #[prost(int64, tag = "3")]
    pub(crate) started_time: i64,
    /// What the handler calls it.
    #[prost(string, tag = "4")]
    pub(crate) token: String,
    #[prost(message, optional, tag = "5")]
    pub(crate) cancel: Option<CancelState>,
}

/// A request to stop.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CancelState {
    /// The event that says so, for the operation of a workflow.
    #[prost(int64, tag = "1")]
    pub(crate) requested: i64,
    /// When the handler began to be told; 0 while the operation does not run.
    #[prost(int64, tag = "2")]
    pub(crate) time: i64,
    #[prost(enumeration = "Canceling", tag = "3")]
    pub(crate) state: i32,
    #[prost(message, required, tag = "4")]
    pub(crate) call: CallState,
    #[prost(string, tag = "5")]
    pub(crate) reason: String,
    /// The request of a client.
    #[prost(string, tag = "6")]
    pub(crate) request_id: String,
}

/// What a handler answers to a request to start.
#[derive(Clone, Debug)]
pub(crate) enum Started {
    Succeeded(Option<Payload>),
    Running(String),
    Unsuccessful(Box<Failure>),
    /// The request itself failed.
    Refused(Box<Failure>),
}

/// How an operation ends; failures as the handler gave them.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Completed(Payload),
    Failed(Box<Failure>),
    Canceled(Box<Failure>),
    TimedOut(TimeoutType),
}

/// What an answer means for the operation.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The request will be made again.
    Waits,
    /// It runs at the handler.
    Runs,
    Ends(Outcome),
}

/// What an answer means for the request to stop.
#[derive(Clone, Debug)]
pub(crate) enum CancelStep {
    Waits,
    Told,
    Refused(Box<Failure>),
}

/// What is next to happen by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    Start(CallDue),
    Cancel(CallDue),
    TimedOut(TimeoutType),
}

impl Outcome {
    /// A result; the wire has a value for none.
    pub(crate) fn completed(result: Option<Payload>) -> Self {
        Self::Completed(result.unwrap_or_else(|| Payload {
            metadata: [("encoding".to_owned(), "binary/null".into())].into(),
            ..Payload::default()
        }))
    }

    /// A failure, which may say that it was given up.
    pub(crate) fn unsuccessful(failure: Box<Failure>) -> Self {
        if failure::is_canceled(&failure) { Self::Canceled(failure) } else { Self::Failed(failure) }
    }
}

impl OperationState {
    /// One that begins now.
    pub(crate) fn new(now: Time) -> Self {
        Self { scheduled_time: now.nanos(), ..Self::default() }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.started_time != 0
    }

    /// Whether a handler is being asked something.
    pub(crate) fn is_busy(&self) -> bool {
        self.call.attempt().is_some() || self.cancel.as_ref().is_some_and(|cancel| cancel.call.attempt().is_some())
    }

    /// A request of it: that to stop, or that to start.
    pub(crate) fn call(&self, cancel: bool) -> Option<&CallState> {
        if cancel { self.cancel.as_ref().map(|cancel| &cancel.call) } else { Some(&self.call) }
    }

    pub(crate) fn call_mut(&mut self, cancel: bool) -> Option<&mut CallState> {
        if cancel { self.cancel.as_mut().map(|cancel| &mut cancel.call) } else { Some(&mut self.call) }
    }

    /// A request begins to be made; which try it is. None where no answer to a further try could arrive in time.
    pub(crate) fn begin(&mut self, now: Time, asked: &Asked, cancel: bool) -> Option<i32> {
        let limit = self.limits(asked).iter().map(|(at, _)| *at).min().filter(|_| !cancel);
        let call = self.call_mut(cancel)?;
        if call.is_hopeless(now, limit) {
            call.next = 0;
            return None;
        }
        let attempt = call.begin(now, limit);
        if let Some(state) = self.cancel.as_mut().filter(|_| cancel) {
            if state.time == 0 {
                state.time = now.nanos();
            }
            state.set_state(Canceling::Scheduled);
        }
        Some(attempt)
    }

    /// The handler has answered the request to start.
    pub(crate) fn started(&mut self, now: Time, answer: Started) -> Step {
        let refused = match &answer {
            Started::Refused(failure) => Some((**failure).clone()),
            _ => None,
        };
        self.call.end(now, refused);
        match answer {
            Started::Succeeded(result) => Step::Ends(Outcome::completed(result)),
            Started::Unsuccessful(failure) => Step::Ends(Outcome::unsuccessful(failure)),
            Started::Running(token) => {
                self.token = token;
                self.started_time = now.nanos();
                Step::Runs
            }
            Started::Refused(failure) if failure::is_retryable(&failure) => {
                self.call.back_off(now);
                Step::Waits
            }
            Started::Refused(failure) => Step::Ends(Outcome::Failed(failure)),
        }
    }

    /// It is to stop. Whether the handler can be told now.
    pub(crate) fn request_cancel(&mut self, request: CancelState) -> bool {
        self.cancel = Some(request);
        self.is_running()
    }

    /// The handler has answered the request to stop.
    pub(crate) fn cancel_answered(&mut self, now: Time, failure: Option<Box<Failure>>) -> CancelStep {
        let Some(cancel) = &mut self.cancel else { return CancelStep::Waits };
        cancel.call.end(now, failure.as_deref().cloned());
        match failure {
            None => {
                cancel.set_state(Canceling::Succeeded);
                CancelStep::Told
            }
            Some(failure) if failure::is_retryable(&failure) => {
                cancel.call.back_off(now);
                cancel.set_state(Canceling::BackingOff);
                CancelStep::Waits
            }
            Some(failure) => {
                cancel.set_state(Canceling::Failed);
                CancelStep::Refused(failure)
            }
        }
    }

    /// As it is shown.
    pub(crate) fn shown_state(&self) -> PendingNexusOperationState {
        if self.is_running() {
            PendingNexusOperationState::Started
        } else if self.call.next != 0 {
            PendingNexusOperationState::BackingOff
        } else {
            PendingNexusOperationState::Scheduled
        }
    }

    /// The limits of time that hold now.
    fn limits(&self, asked: &Asked) -> Vec<(Time, TimeoutType)> {
        let after = |from: i64, limit: Option<&perpetua_proto::protobuf::Duration>, kind: TimeoutType| {
            duration(limit).map(|limit| (Time::from_nanos(from).plus(limit), kind))
        };
        let whole = asked.schedule_to_close_timeout.as_ref();
        let second = if self.is_running() {
            after(self.started_time, asked.start_to_close_timeout.as_ref(), TimeoutType::StartToClose)
        } else {
            after(self.scheduled_time, asked.schedule_to_start_timeout.as_ref(), TimeoutType::ScheduleToStart)
        };
        let whole = after(self.scheduled_time, whole, TimeoutType::ScheduleToClose);
        whole.into_iter().chain(second).collect()
    }

    /// What is next to happen by itself, and when.
    pub(crate) fn due(&self, asked: &Asked) -> Option<(Time, Due)> {
        let limits = self.limits(asked).into_iter().map(|(at, kind)| (at, Due::TimedOut(kind)));
        let start = self.call.due().map(|(at, due)| (at, Due::Start(due)));
        let cancel = self.cancel.as_ref().and_then(|cancel| cancel.call.due()).map(|(at, due)| (at, Due::Cancel(due)));
        limits.chain(start).chain(cancel).min_by_key(|(at, _)| *at)
    }

    /// How long the operation may still take, as handlers are told.
    pub(crate) fn time_left(&self, asked: &Asked, now: Time) -> Option<Duration> {
        let whole = duration(asked.schedule_to_close_timeout.as_ref())
            .map(|limit| Time::from_nanos(self.scheduled_time).plus(limit).since(now));
        let run = duration(asked.start_to_close_timeout.as_ref());
        whole.into_iter().chain(run).min()
    }
}

/// Nothing of an operation takes longer than the whole, and the whole no longer than the run that it is part of.
pub(crate) fn cap_timeouts(attributes: &mut Asked, run: Option<Duration>) {
    let asked = duration(attributes.schedule_to_close_timeout.as_ref());
    let Some(whole) = asked.into_iter().chain(run).min() else { return };
    if asked != Some(whole) {
        attributes.schedule_to_close_timeout = Some(to_wire(whole));
    }
    for part in [&mut attributes.schedule_to_start_timeout, &mut attributes.start_to_close_timeout] {
        if duration(part.as_ref()).is_some_and(|limit| limit > whole) {
            *part = Some(to_wire(whole));
        }
    }
}
