//! Why a workflow could not be started.

use perpetua_vocab::{RunId, WorkflowId};

use crate::{PayloadError, RpcCode, RpcDetail, RpcError};

/// Why a workflow could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A workflow with this id is running, or has closed and may not run again. See [`IdConflict`](crate::IdConflict)
    /// and [`IdReuse`](crate::IdReuse).
    #[error("workflow `{workflow_id}` has been started before, as run {run_id}")]
    AlreadyStarted {
        /// The id.
        workflow_id: WorkflowId,
        /// The run that has the id.
        run_id: RunId,
        /// What the server said.
        #[source]
        error: RpcError,
    },
    /// The options do not fit together. Whoever wrote the call must act.
    #[error("workflow `{workflow_type}` cannot be started like this: {problem}")]
    Invalid {
        /// The workflow's name.
        workflow_type: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An argument, or another value of the call, cannot be sent.
    #[error("workflow `{workflow_type}` cannot be started: a value cannot be sent")]
    Unencodable {
        /// The workflow's name.
        workflow_type: String,
        /// Why not.
        #[source]
        error: PayloadError,
    },
    /// The call failed.
    #[error(transparent)]
    Rpc(RpcError),
}

impl StartError {
    pub(crate) fn of_rpc(workflow_id: WorkflowId, error: RpcError) -> Self {
        let run = error.details().iter().find_map(|detail| match detail {
            RpcDetail::AlreadyStarted { run, .. } => Some(run.clone()),
            _ => None,
        });
        match run {
            Some(run_id) if error.code() == RpcCode::AlreadyExists => {
                Self::AlreadyStarted { workflow_id, run_id, error }
            }
            _ => Self::Rpc(error),
        }
    }

    /// What went wrong with the call, if that is what went wrong.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::AlreadyStarted { error, .. } | Self::Rpc(error) => Some(error),
            Self::Invalid { .. } | Self::Unencodable { .. } => None,
        }
    }
}
