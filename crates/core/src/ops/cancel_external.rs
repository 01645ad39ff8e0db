//! One request to stop, from this workflow to another one or to a child.
//!
//! ```text
//! Requested --RequestCancelExternalWorkflowInitiated--> Sent --CancelRequested, CancelFailed--> (settled)
//!     |                                                   |
//!     | cancel                                            | cancel: too late
//!     v                                                   v
//! (nothing remains)                                      Sent
//! ```

use perpetua_vocab::EventId;

use super::{OnCancel, Outcome};

/// One request to stop.
#[derive(Debug)]
pub(crate) enum CancelExternal {
    /// The command is queued or sent; history does not know the request yet.
    Requested {
        /// The event that asked for the child, where it is one that is to stop.
        child: Option<EventId>,
    },
    /// History recorded it; it is on its way and cannot be taken back.
    Sent { child: Option<EventId> },
}

impl CancelExternal {
    pub(crate) fn on_initiated(self) -> Self {
        Self::Sent { child: self.child() }
    }

    pub(crate) fn on_cancel(self) -> OnCancel<Self> {
        match self {
            Self::Requested { .. } => OnCancel::Withdrawn(Outcome::Withdrawn),
            sent @ Self::Sent { .. } => OnCancel::Ignored(sent),
        }
    }

    /// The event that asked for the child, where it is one that is to stop. Its place among the operations may have been
    /// given to another one meanwhile; the event's number is never given again.
    pub(crate) fn child(&self) -> Option<EventId> {
        match self {
            Self::Requested { child } | Self::Sent { child } => *child,
        }
    }
}
