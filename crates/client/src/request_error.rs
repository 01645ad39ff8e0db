//! What can go wrong with a request that carries or returns values.

use crate::{PayloadError, RpcError};

/// Why a request to a workflow, such as a signal, did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A value of the request cannot be sent. Nothing was sent.
    #[error("a value of the request cannot be sent")]
    Unencodable(#[source] PayloadError),
    /// The call failed.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The server answered, but a value of the answer cannot be read.
    #[error("a value of the answer cannot be read")]
    Undecodable(#[source] PayloadError),
}

impl RequestError {
    /// What went wrong with the call, if that is what went wrong.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc(error) => Some(error),
            Self::Unencodable(_) | Self::Undecodable(_) => None,
        }
    }

    /// Whether what was named, such as the workflow, does not exist (any more), or is not open where it must be.
    pub fn is_not_found(&self) -> bool {
        self.rpc().is_some_and(RpcError::is_not_found)
    }
}
