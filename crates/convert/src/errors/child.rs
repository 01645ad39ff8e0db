//! What a workflow sees when a child workflow did not return a value.

use std::fmt;

use perpetua_vocab::{Failure, FailureInfo};

use crate::{CallError, DataConverter, Remote};

/// Why a child workflow did not return a value. `E` is the error type the child declares.
///
/// Every variant carries the failure as it arrived, with the causes beneath it; match it away with `..`:
/// `ChildFailure::Application(OrderError::SoldOut { .. }, ..)`.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChildFailure<E> {
    /// The child returned an error of its own type.
    Application(E, Remote),
    /// The child took longer than it was given.
    Timeout(Remote),
    /// The child was canceled, or the workflow went on without it.
    Canceled(Remote),
    /// The child was ended from outside.
    Terminated(Remote),
    /// The child was not started: its id is in use, or was and may not be used again.
    AlreadyStarted(Remote),
    /// The child was not started for another reason.
    NotStarted(Remote),
    /// Anything else: an error of another type, or one that cannot be read.
    Other(Remote),
}

impl<E> ChildFailure<E> {
    /// The failure as it arrived; the outermost one says which child it was.
    pub fn remote(&self) -> &Remote {
        match self {
            Self::Application(_, remote)
            | Self::Timeout(remote)
            | Self::Canceled(remote)
            | Self::Terminated(remote)
            | Self::AlreadyStarted(remote)
            | Self::NotStarted(remote)
            | Self::Other(remote) => remote,
        }
    }

    /// The failure as it arrived, given up.
    pub fn into_remote(self) -> Remote {
        match self {
            Self::Application(_, remote)
            | Self::Timeout(remote)
            | Self::Canceled(remote)
            | Self::Terminated(remote)
            | Self::AlreadyStarted(remote)
            | Self::NotStarted(remote)
            | Self::Other(remote) => remote,
        }
    }

    /// The child's own error, if it returned one.
    pub fn application(&self) -> Option<&E> {
        match self {
            Self::Application(error, _) => Some(error),
            _ => None,
        }
    }

    /// Whether the child took longer than it was given.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether the child was canceled.
    pub fn is_canceled(&self) -> bool {
        matches!(self, Self::Canceled(_))
    }
}

impl<E: CallError> ChildFailure<E> {
    /// Reads a failure: the first one that is not merely the envelope "child workflow failed" decides.
    pub fn read(failure: Failure, converter: &DataConverter) -> Self {
        let (inner, was_started) = match (&failure.info, &failure.cause) {
            (FailureInfo::ChildWorkflow(child), Some(cause)) => (&**cause, child.started.is_some()),
            _ => (&failure, true),
        };
        let failure_type = inner.application().map(|application| application.failure_type.as_str());
        match (&inner.info, failure_type) {
            (_, Some("WorkflowAlreadyStarted")) if !was_started => Self::AlreadyStarted(Remote::new(failure)),
            (_, Some(_)) if !was_started => Self::NotStarted(Remote::new(failure)),
            (FailureInfo::Timeout { .. }, _) => Self::Timeout(Remote::new(failure)),
            (FailureInfo::Canceled { .. }, _) => Self::Canceled(Remote::new(failure)),
            (FailureInfo::Terminated { .. }, _) => Self::Terminated(Remote::new(failure)),
            _ => match E::read_failure(inner, converter) {
                Some(error) => Self::Application(error, Remote::new(failure)),
                None => Self::Other(Remote::new(failure)),
            },
        }
    }
}

impl<E> fmt::Display for ChildFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remote = self.remote();
        // Without a cause beneath it the failure itself is what `source` shows.
        if remote.cause().is_some() { remote.fmt(f) } else { f.write_str("child workflow failed") }
    }
}

impl<E: fmt::Debug> std::error::Error for ChildFailure<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.remote().as_source())
    }
}
