//! Why a workflow gave no result.

use std::fmt;

use perpetua_convert::{CallError, DataConverter, Elapsed, Remote};
use perpetua_vocab::{Failure, FailureInfo, Identity, Payloads, RunId, TimeoutKind};

use crate::{PayloadError, RequestError, RpcError, StartError};

/// Why a workflow gave no result. `E` is the error type that the workflow declares.
///
/// ```
/// use perpetua_client::WorkflowFailure;
/// # #[derive(Debug)] enum OrderError { Declined }
///
/// fn report(failure: &WorkflowFailure<OrderError>) {
///     match failure {
///         WorkflowFailure::Application(OrderError::Declined, ..) => println!("the order was declined"),
///         WorkflowFailure::Terminated { reason, .. } => println!("somebody stopped it: {reason}"),
///         failure if failure.is_timeout() => println!("it took too long"),
///         other => println!("{other}"),
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkflowFailure<E> {
    /// The workflow returned an error of its own type.
    Application(E, Remote),
    /// The workflow took longer than it was given.
    Timeout(TimeoutKind, Remote),
    /// The workflow was asked to stop, and did.
    Canceled(Remote),
    /// The workflow was ended from outside.
    #[non_exhaustive]
    Terminated {
        /// Why, in words; empty if nobody said.
        reason: String,
        /// What else was said.
        details: Payloads,
        /// By whom.
        identity: Identity,
    },
    /// The run that was waited for ended and another one continues. Only where runs are not followed.
    #[non_exhaustive]
    ContinuedAsNew {
        /// The run that continues.
        run_id: RunId,
    },
    /// Anything else the workflow failed with: an error of another type, or one that cannot be read.
    Other(Remote),
    /// The workflow was not started. Only where starting was part of the call.
    NotStarted(StartError),
    /// The call that waits failed, or the caller's time is over; the workflow goes on.
    Rpc(RpcError),
    /// The workflow ended, but what it returned cannot be read as the declared type.
    Undecodable(PayloadError),
}

impl<E> WorkflowFailure<E> {
    /// The failure as it arrived, if the workflow failed.
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                Some(remote)
            }
            Self::Terminated { .. }
            | Self::ContinuedAsNew { .. }
            | Self::NotStarted(_)
            | Self::Rpc(_)
            | Self::Undecodable(_) => None,
        }
    }

    /// The workflow's own error, if it returned one.
    pub fn application(&self) -> Option<&E> {
        match self {
            Self::Application(error, _) => Some(error),
            _ => None,
        }
    }

    /// Whether the workflow took too long: longer than it was given, or than a wait in it that it did not handle. Not
    /// whether the caller's own time is over, which is [`Rpc`](Self::Rpc).
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout(..) => true,
            Self::Application(_, remote) | Self::Other(remote) => remote.failure_type() == Some(Elapsed::FAILURE_TYPE),
            _ => false,
        }
    }

    /// Whether the workflow was asked to stop, and did.
    pub fn is_canceled(&self) -> bool {
        matches!(self, Self::Canceled(_))
    }

    /// What went wrong with the call, if that is what went wrong.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc(error) => Some(error),
            Self::NotStarted(error) => error.rpc(),
            _ => None,
        }
    }
}

impl<E: CallError> WorkflowFailure<E> {
    /// Reads the failure of a closed workflow.
    pub(crate) fn read(failure: Failure, converter: &DataConverter) -> Self {
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

impl<E> From<RequestError> for WorkflowFailure<E> {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Rpc(error) => Self::Rpc(error),
            RequestError::Unencodable(error) | RequestError::Undecodable(error) => Self::Undecodable(error),
        }
    }
}

impl<E> fmt::Display for WorkflowFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                remote.fmt(f)
            }
            Self::Terminated { reason, .. } if reason.is_empty() => f.write_str("the workflow was terminated"),
            Self::Terminated { reason, .. } => write!(f, "the workflow was terminated: {reason}"),
            Self::ContinuedAsNew { run_id } => write!(f, "the run continued as new, as run {run_id}"),
            Self::NotStarted(error) => error.fmt(f),
            Self::Rpc(error) => error.fmt(f),
            Self::Undecodable(_) => f.write_str("the result of the workflow cannot be read"),
        }
    }
}

impl<E: fmt::Debug> std::error::Error for WorkflowFailure<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                Some(remote)
            }
            Self::Terminated { .. } | Self::ContinuedAsNew { .. } => None,
            Self::NotStarted(error) => error.source(),
            Self::Rpc(error) => error.source(),
            Self::Undecodable(error) => Some(error),
        }
    }
}
