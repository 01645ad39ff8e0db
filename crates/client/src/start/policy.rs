//! What happens when a workflow of the same id exists.

use perpetua_proto::enums::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy};

/// Whether an id may be used again after a workflow with it has closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdReuse {
    /// It may.
    #[default]
    AllowDuplicate,
    /// It may if the last run failed, timed out, was canceled or was terminated.
    AllowDuplicateFailedOnly,
    /// It may not.
    RejectDuplicate,
}

/// What happens when a workflow with the same id is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdConflict {
    /// The start fails with [`StartError::AlreadyStarted`](crate::StartError::AlreadyStarted).
    #[default]
    Fail,
    /// The running one is used as if it had been started.
    UseExisting,
    /// The running one is terminated and a new one starts.
    TerminateExisting,
}

impl From<IdReuse> for WorkflowIdReusePolicy {
    fn from(policy: IdReuse) -> Self {
        match policy {
            IdReuse::AllowDuplicate => Self::AllowDuplicate,
            IdReuse::AllowDuplicateFailedOnly => Self::AllowDuplicateFailedOnly,
            IdReuse::RejectDuplicate => Self::RejectDuplicate,
        }
    }
}

impl From<IdConflict> for WorkflowIdConflictPolicy {
    fn from(policy: IdConflict) -> Self {
        match policy {
            IdConflict::Fail => Self::Fail,
            IdConflict::UseExisting => Self::UseExisting,
            IdConflict::TerminateExisting => Self::TerminateExisting,
        }
    }
}
