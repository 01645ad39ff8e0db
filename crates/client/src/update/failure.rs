//! Why an update gave no answer.

use std::fmt;

use perpetua_convert::{CallError, DataConverter, Elapsed, Remote};
use perpetua_vocab::{Failure, FailureInfo, TimeoutKind};

use crate::{PayloadError, RequestError, RpcError};

/// Why an update gave no answer. `E` is the error type that the update declares.
///
/// A refusal (by a validator, or because there is no such update) and a failure look the same.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateFailure<E> {
    /// The handler, or its validator, returned an error of its own type.
    Application(E, Remote),
    /// A deadline inside the handler passed.
    Timeout(TimeoutKind, Remote),
    /// The handler was canceled.
    Canceled(Remote),
    /// Anything else: an error of another type, or one that cannot be read.
    Other(Remote),
    /// The call failed, or the caller's time is over; the update may go on.
    Rpc(RpcError),
    /// An argument cannot be sent. Nothing was sent.
    Unencodable(PayloadError),
    /// The answer cannot be read as the declared type.
    Undecodable(PayloadError),
}

impl<E> UpdateFailure<E> {
    /// The failure as it arrived, if the handler failed.
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                Some(remote)
            }
            Self::Rpc(_) | Self::Unencodable(_) | Self::Undecodable(_) => None,
        }
    }

    /// The handler's own error, if it returned one.
    pub fn application(&self) -> Option<&E> {
        match self {
            Self::Application(error, _) => Some(error),
            _ => None,
        }
    }

    /// Whether a deadline inside the handler passed. Not whether the caller's own time is over, which is
    /// [`Rpc`](Self::Rpc).
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout(..) => true,
            Self::Application(_, remote) | Self::Other(remote) => remote.failure_type() == Some(Elapsed::FAILURE_TYPE),
            _ => false,
        }
    }

    /// What went wrong with the call, if that is what went wrong.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc(error) => Some(error),
            _ => None,
        }
    }
}

impl<E: CallError> UpdateFailure<E> {
    /// Reads the failure of an update.
    pub(super) fn read(failure: Failure, converter: &DataConverter) -> Self {
        match &failure.info {
            FailureInfo::Timeout { kind, .. } => Self::Timeout(*kind, Remote::new(failure)),
            FailureInfo::Canceled { .. } => Self::Canceled(Remote::new(failure)),
            _ => match E::read_failure(&failure, converter) {
                Some(error) => Self::Application(error, Remote::new(failure)),
                None => Self::Other(Remote::new(failure)),
            },
        }
    }
}

impl<E> From<RequestError> for UpdateFailure<E> {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Rpc(error) => Self::Rpc(error),
            RequestError::Unencodable(error) => Self::Unencodable(error),
            RequestError::Undecodable(error) => Self::Undecodable(error),
        }
    }
}

impl<E> fmt::Display for UpdateFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                remote.fmt(f)
            }
            Self::Rpc(error) => error.fmt(f),
            Self::Unencodable(_) => f.write_str("an argument of the update cannot be sent"),
            Self::Undecodable(_) => f.write_str("the answer to the update cannot be read"),
        }
    }
}

impl<E: fmt::Debug> std::error::Error for UpdateFailure<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                Some(remote)
            }
            Self::Rpc(error) => error.source(),
            Self::Unencodable(error) | Self::Undecodable(error) => Some(error),
        }
    }
}
