//! One signal to another workflow.
//!
//! ```text
//! Requested --SignalExternalWorkflowInitiated--> Sent --ExternalWorkflowSignaled, SignalFailed--> (settled)
//!     |                                            |
//!     | cancel                                     | cancel: too late
//!     v                                            v
//! (nothing remains)                               Sent
//! ```

use perpetua_vocab::{SignalName, WorkflowId};

use super::{OnCancel, Outcome};

/// One signal to another workflow.
#[derive(Debug)]
pub(crate) enum SignalExternal {
    /// The command is queued or sent; history does not know the signal yet.
    Requested(SignalKnown),
    /// History recorded it; it is on its way and cannot be taken back.
    Sent(SignalKnown),
}

/// What does not change.
#[derive(Debug)]
pub(crate) struct SignalKnown {
    pub(crate) workflow_id: WorkflowId,
    pub(crate) name: SignalName,
}

impl SignalExternal {
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

    pub(crate) fn known(&self) -> &SignalKnown {
        match self {
            Self::Requested(known) | Self::Sent(known) => known,
        }
    }
}
