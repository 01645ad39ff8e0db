//! What a workflow sees when a signal, or a request to stop, did not reach another workflow.

use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, WorkflowId};

use crate::errors::call::SOURCE;
use crate::{Canceled, Remote};

/// Why a signal, or a request to stop, did not reach another workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalFailure {
    /// No workflow of this id runs; where a child was meant, none that is a child of this one.
    #[error("no workflow with the id {0} runs")]
    NotFound(WorkflowId),
    /// The other workflow has got as many signals as it may.
    #[error("the workflow with the id {0} has got as many signals as it may")]
    TooManySignals(WorkflowId),
    /// This workflow was asked to stop before anything was sent.
    #[error(transparent)]
    Canceled(#[from] Canceled),
    /// The server had another reason.
    #[error("the workflow with the id {workflow_id} could not be reached: {reason}")]
    Other {
        /// The id of the other workflow.
        workflow_id: WorkflowId,
        /// Why, in words.
        reason: String,
    },
}

impl ExternalFailure {
    /// The cancellation, or how it travels.
    pub(crate) fn known(&self) -> Result<Remote, Canceled> {
        let failure_type = match self {
            Self::Canceled(canceled) => return Err(canceled.clone()),
            Self::NotFound(_) => "ExternalWorkflowNotFound",
            Self::TooManySignals(_) => "ExternalWorkflowHasTooManySignals",
            Self::Other { .. } => "ExternalWorkflowNotReached",
        };
        let application = ApplicationFailure { failure_type: failure_type.to_owned(), ..ApplicationFailure::default() };
        Ok(Remote::new(Failure {
            message: self.to_string(),
            source: SOURCE.to_owned(),
            info: FailureInfo::Application(application),
            ..Failure::default()
        }))
    }
}
