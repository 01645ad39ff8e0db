//! One timer, from request to outcome.
//!
//! ```text
//! Requested --TimerStarted--> Running --TimerFired--> (fired)
//!     |                          |
//!     | cancel                   | cancel
//!     v                          v
//! (nothing remains)          Canceling --TimerCanceled--> (gone)
//! ```

use std::time::Duration;

use perpetua_vocab::{EventId, TimerId};

use super::{OnCancel, Outcome};

/// What a workflow says of a timer it wants.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerRequest {
    /// When it is due, counted from the present.
    pub after: Duration,
}

/// One timer.
#[derive(Debug)]
pub(crate) enum Timer {
    /// The command is queued or sent; history does not know the timer yet.
    Requested { timer: TimerId },
    /// History recorded the start; it fires by itself.
    Running { timer: TimerId, started: EventId },
    /// The workflow already knows it was canceled; only the record is missing.
    Canceling { timer: TimerId },
}

impl Timer {
    pub(crate) fn on_started(self, started: EventId) -> Self {
        match self {
            Self::Requested { timer } => Self::Running { timer, started },
            other => other,
        }
    }

    pub(crate) fn on_cancel(self) -> OnCancel<Self> {
        match self {
            Self::Requested { .. } => OnCancel::Withdrawn(Outcome::TimerCanceled),
            Self::Running { timer, .. } => OnCancel::Sent {
                machine: Self::Canceling { timer },
                command: true,
                outcome: Some(Outcome::TimerCanceled),
            },
            canceling @ Self::Canceling { .. } => OnCancel::Ignored(canceling),
        }
    }

    /// The timer's id.
    pub(crate) fn id(&self) -> &TimerId {
        match self {
            Self::Requested { timer } | Self::Running { timer, .. } | Self::Canceling { timer } => timer,
        }
    }

    /// The event that started it, once history has it.
    pub(crate) fn started(&self) -> Option<EventId> {
        match self {
            Self::Running { started, .. } => Some(*started),
            Self::Requested { .. } | Self::Canceling { .. } => None,
        }
    }
}
