//! One signal to another workflow.
//!
//! ```text
//! Requested --SignalExternalWorkflowInitiated--> Sent --ExternalWorkflowSignaled, SignalFailed--> (settled)
//!     |                                            |
//!     | cancel                                     | cancel: too late
//!     v                                            v
//! (nothing remains)                               Sent
//! ```

use super::{OnCancel, Outcome};

/// One signal to another workflow.
#[derive(Debug)]
pub(crate) enum SignalExternal {
    /// The command is queued or sent; history does not know the signal yet.
    Requested,
    /// History recorded it; it is on its way and cannot be taken back.
    Sent,
}

impl SignalExternal {
    pub(crate) fn on_initiated(self) -> Self {
        Self::Sent
    }

    pub(crate) fn on_cancel(self) -> OnCancel<Self> {
        match self {
            Self::Requested => OnCancel::Withdrawn(Outcome::Withdrawn),
            Self::Sent => OnCancel::Ignored(Self::Sent),
        }
    }
}
