//! One request to stop, from this workflow to another one or to a child.
//!
//! ```text
//! Requested --RequestCancelExternalWorkflowInitiated--> Sent --CancelRequested, CancelFailed--> (settled)
//!     |                                                   |
//!     | cancel                                            | cancel: too late
//!     v                                                   v
//! (nothing remains)                                      Sent
//! ```

use perpetua_vocab::{EventId, WorkflowId};

use super::{OnCancel, Outcome};

/// One request to stop.
#[derive(Debug)]
pub(crate) enum CancelExternal {
    /// The command is queued or sent; history does not know the request yet.
    Requested(CancelKnown),
    /// History recorded it; it is on its way and cannot be taken back.
    Sent(CancelKnown),
}

/// What does not change.
#[derive(Debug)]
pub(crate) struct CancelKnown {
    pub(crate) workflow_id: WorkflowId,
    /// The event that asked for the child, where it is one that is to stop. Its place among the operations may have been
    /// given to another one meanwhile; the event's number is never given again.
    pub(crate) child: Option<EventId>,
}

impl CancelExternal {
    pub(crate) fn on_initiated(self) -> Self {
        match self {
            Self::Requested(known) | Self::Sent(known) => Self::Sent(known),
        }
    }

    pub(crate) fn on_cancel(self) -> OnCancel<Self> {
        match self {
            Self::Requested(_) => OnCancel::Withdrawn(Outcome::Withdrawn),
            sent @ Self::Sent(_) => OnCancel::Ignored(sent),
        }
    }

    pub(crate) fn known(&self) -> &CancelKnown {
        match self {
            Self::Requested(known) | Self::Sent(known) => known,
        }
    }
}
