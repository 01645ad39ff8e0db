//! Failures: what went wrong, in a form that crosses languages.

use std::time::Duration;

use perpetua_proto as proto;

use crate::{ActivityId, ActivityType, EventId, Identity, Opaque, Payload, Payloads, WorkflowExecution, WorkflowType};

/// Something that went wrong, as both ends of the protocol understand it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// What a person reads.
    pub message: String,
    /// Which SDK or server made it.
    pub source: String,
    /// A stack trace, in the form of the language that made it.
    pub stack_trace: String,
    /// The message and stack trace as a payload, when a codec hides them.
    pub encoded_attributes: Option<Payload>,
    /// What it came from.
    pub cause: Option<Box<Self>>,
    /// What kind of failure it is.
    pub info: FailureInfo,
}

/// What kind of failure it is, with what belongs to that kind.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum FailureInfo {
    /// None given.
    #[default]
    None,
    /// Thrown by somebody's code.
    Application(ApplicationFailure),
    /// A deadline passed.
    Timeout {
        /// Which deadline.
        kind: TimeoutKind,
        /// What the activity last reported.
        last_heartbeat: Option<Payloads>,
    },
    /// Stopped because somebody asked.
    Canceled {
        /// What the canceled code left.
        details: Option<Payloads>,
        /// Who asked.
        identity: Identity,
    },
    /// Ended from outside without being asked.
    Terminated {
        /// Who ended it.
        identity: Identity,
    },
    /// The server could not.
    Server {
        /// Whether trying again is pointless.
        non_retryable: bool,
    },
    /// The run was reset.
    ResetWorkflow {
        /// What the activity last reported.
        last_heartbeat: Option<Payloads>,
    },
    /// An activity failed; the cause says why.
    Activity(ActivityFailureInfo),
    /// A child workflow failed; the cause says why.
    ChildWorkflow(ChildWorkflowFailureInfo),
    /// A Nexus operation failed; the cause says why.
    NexusOperation(Opaque<proto::failure::NexusOperationFailureInfo>),
    /// A Nexus handler refused; the cause says why.
    NexusHandler(Opaque<proto::failure::NexusHandlerFailureInfo>),
}

/// A failure thrown by somebody's code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationFailure {
    /// The name of the error, by which retry policies and other languages know it.
    pub failure_type: String,
    /// Whether trying again is pointless.
    pub non_retryable: bool,
    /// Values that belong to it.
    pub details: Option<Payloads>,
    /// How long to wait before the next attempt, instead of what the retry policy says.
    pub next_retry_delay: Option<Duration>,
    /// How much noise it deserves.
    pub category: ErrorCategory,
}

/// How much noise an application failure deserves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCategory {
    /// As much as any.
    #[default]
    Unspecified,
    /// Expected; logged at debug level and not counted as a failure.
    Benign,
    /// A number this version does not know.
    Other(i32),
}

/// Which activity failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivityFailureInfo {
    /// The event that scheduled it.
    pub scheduled: Option<EventId>,
    /// The event that started it.
    pub started: Option<EventId>,
    /// The worker that ran it.
    pub identity: Identity,
    /// Its type; empty if not given.
    pub activity_type: Option<ActivityType>,
    /// Its id.
    pub activity_id: ActivityId,
    /// Why it is not tried again.
    pub retry_state: RetryState,
}

/// Which child workflow failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChildWorkflowFailureInfo {
    /// Its namespace.
    pub namespace: String,
    /// Its ids.
    pub execution: Option<WorkflowExecution>,
    /// Its type.
    pub workflow_type: Option<WorkflowType>,
    /// The event that asked for it.
    pub initiated: Option<EventId>,
    /// The event that started it.
    pub started: Option<EventId>,
    /// Why it is not tried again.
    pub retry_state: RetryState,
}

/// Which deadline passed. Numbers as in `temporal.api.enums.v1.TimeoutType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// Not said.
    #[default]
    Unspecified,
    /// One attempt took too long.
    StartToClose,
    /// No worker took it in time.
    ScheduleToStart,
    /// All attempts together took too long.
    ScheduleToClose,
    /// The activity did not report in time.
    Heartbeat,
    /// A number this version does not know.
    Other(i32),
}

/// Why something is, or is not, tried again. Numbers as in `temporal.api.enums.v1.RetryState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryState {
    /// Not said.
    #[default]
    Unspecified,
    /// It is being tried again.
    InProgress,
    /// The failure says that trying again is pointless.
    NonRetryableFailure,
    /// There is no time left.
    Timeout,
    /// All attempts are used.
    MaximumAttemptsReached,
    /// There is no policy.
    RetryPolicyNotSet,
    /// The server could not.
    InternalServerError,
    /// Somebody asked to stop.
    CancelRequested,
    /// A number this version does not know.
    Other(i32),
}

impl Failure {
    /// This failure, its cause, the cause of that, and so on.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |failure| failure.cause.as_deref())
    }

    /// The application failure, if it is one.
    pub fn application(&self) -> Option<&ApplicationFailure> {
        match &self.info {
            FailureInfo::Application(application) => Some(application),
            _ => None,
        }
    }
}
