//! One activity, from request to outcome.
//!
//! ```text
//! Requested --ActivityTaskScheduled--> Running --Completed, Failed, TimedOut, Canceled--> (settled)
//!     |                                   |
//!     | cancel                            | cancel: asked for, or abandoned
//!     v                                   v
//! (nothing remains)                   Canceling --Completed, Failed, TimedOut, Canceled--> (settled, if it was not)
//! ```

use std::time::Duration;

use perpetua_vocab::{
    ActivityFailureInfo, ActivityId, ActivityType, EventId, Failure, FailureInfo, Header, Identity, Payloads, Priority,
    RetryPolicy, RetryState, TaskQueue,
};

use super::{OnCancel, Outcome};

/// What a workflow says of an activity it wants.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityRequest {
    /// Which activity.
    pub activity_type: ActivityType,
    /// Its id within the run; none to number it.
    pub activity: Option<ActivityId>,
    /// The queue whose workers may run it.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Payloads,
    /// Context handed along by interceptors.
    pub header: Header,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest it may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest silence of a running attempt.
    pub heartbeat: Option<Duration>,
    /// How failures are tried again.
    pub retry_policy: Option<RetryPolicy>,
    /// Who goes first when the queue has a backlog.
    pub priority: Option<Priority>,
    /// What canceling it means.
    pub cancellation: CancellationType,
}

/// What canceling an activity means to the workflow that waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancellationType {
    /// Ask the activity to stop, and go on as canceled at once.
    #[default]
    TryCancel,
    /// Ask the activity to stop, and wait for what it says.
    WaitCompleted,
    /// Go on as canceled at once, and let the activity run.
    Abandon,
}

/// One activity.
#[derive(Debug)]
pub(crate) enum Activity {
    /// The command is queued or sent; history does not know the activity yet.
    Requested(Known),
    /// History recorded that it was asked for.
    Running { known: Known, scheduled: EventId },
    /// It was asked to stop, or abandoned; only how it ended is missing.
    Canceling { known: Known, scheduled: EventId, settled: bool },
}

/// What does not change.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) activity: ActivityId,
    pub(crate) activity_type: ActivityType,
    pub(crate) cancellation: CancellationType,
}

impl Activity {
    pub(crate) fn on_scheduled(self, scheduled: EventId) -> Self {
        match self {
            Self::Requested(known) => Self::Running { known, scheduled },
            other => other,
        }
    }

    /// It ended; `None` if the workflow already went on without it.
    pub(crate) fn on_closed(self, outcome: Outcome) -> Option<Outcome> {
        match self {
            Self::Canceling { settled: true, .. } => None,
            Self::Requested(_) | Self::Running { .. } | Self::Canceling { .. } => Some(outcome),
        }
    }

    pub(crate) fn on_cancel(self) -> OnCancel<Self> {
        match self {
            Self::Requested(known) => OnCancel::Withdrawn(known.canceled(None)),
            Self::Running { known, scheduled } => match known.cancellation {
                CancellationType::WaitCompleted => OnCancel::Sent {
                    machine: Self::Canceling { known, scheduled, settled: false },
                    command: true,
                    outcome: None,
                },
                cancellation => {
                    let outcome = Some(known.canceled(Some(scheduled)));
                    let machine = Self::Canceling { known, scheduled, settled: true };
                    OnCancel::Sent { machine, command: cancellation == CancellationType::TryCancel, outcome }
                }
            },
            canceling @ Self::Canceling { .. } => OnCancel::Ignored(canceling),
        }
    }

    pub(crate) fn known(&self) -> &Known {
        match self {
            Self::Requested(known) | Self::Running { known, .. } | Self::Canceling { known, .. } => known,
        }
    }

    /// The event that asked for it, once history has it.
    pub(crate) fn scheduled(&self) -> Option<EventId> {
        match self {
            Self::Requested(_) => None,
            Self::Running { scheduled, .. } | Self::Canceling { scheduled, .. } => Some(*scheduled),
        }
    }
}

impl Known {
    /// The envelope that says which activity did not return a value, and why.
    pub(crate) fn failed(
        &self,
        message: &str,
        (scheduled, started): (Option<EventId>, Option<EventId>),
        (identity, retry_state): (Identity, RetryState),
        cause: Option<Failure>,
    ) -> Outcome {
        Outcome::Activity(Err(Box::new(Failure {
            message: message.to_owned(),
            cause: cause.map(Box::new),
            info: FailureInfo::Activity(ActivityFailureInfo {
                scheduled,
                started,
                identity,
                activity_type: Some(self.activity_type.clone()),
                activity_id: self.activity.clone(),
                retry_state,
            }),
            ..Failure::default()
        })))
    }

    /// The same for a cancellation that the workflow did not wait for.
    fn canceled(&self, scheduled: Option<EventId>) -> Outcome {
        let cause = canceled_cause(None, Identity::default());
        let by = (Identity::default(), RetryState::CancelRequested);
        self.failed("activity canceled", (scheduled, None), by, Some(cause))
    }
}

/// Why a canceled activity did not return a value.
pub(crate) fn canceled_cause(details: Option<Payloads>, identity: Identity) -> Failure {
    Failure { message: "canceled".to_owned(), info: FailureInfo::Canceled { details, identity }, ..Failure::default() }
}
