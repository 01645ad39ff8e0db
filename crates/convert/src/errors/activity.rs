//! What a workflow sees when an activity did not return a value.

use std::fmt;

use perpetua_vocab::{Failure, FailureInfo, TimeoutKind};

use crate::{CallError, DataConverter, Remote};

/// Why an activity did not return a value. `E` is the error type the activity declares.
///
/// Every variant carries the failure as it arrived, with the causes beneath it; match it away with `..`:
/// `ActivityFailure::Application(BankError::InsufficientFunds { .. }, ..)`.
#[derive(Debug)]
#[non_exhaustive]
pub enum ActivityFailure<E> {
    /// The activity returned an error of its own type.
    Application(E, Remote),
    /// A deadline passed.
    Timeout(TimeoutKind, Remote),
    /// The activity was canceled.
    Canceled(Remote),
    /// Anything else: an error of another type, or one that cannot be read.
    Other(Remote),
}

impl<E> ActivityFailure<E> {
    /// The failure as it arrived; the outermost one says which activity it was.
    pub fn remote(&self) -> &Remote {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                remote
            }
        }
    }

    /// The failure as it arrived, given up.
    pub fn into_remote(self) -> Remote {
        match self {
            Self::Application(_, remote) | Self::Timeout(_, remote) | Self::Canceled(remote) | Self::Other(remote) => {
                remote
            }
        }
    }

    /// The activity's own error, if it returned one.
    pub fn application(&self) -> Option<&E> {
        match self {
            Self::Application(error, _) => Some(error),
            _ => None,
        }
    }

    /// Whether a deadline passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(..))
    }

    /// Whether the activity was canceled.
    pub fn is_canceled(&self) -> bool {
        matches!(self, Self::Canceled(_))
    }
}

impl<E: CallError> ActivityFailure<E> {
    /// Reads a failure: the first one that is not merely the envelope "activity failed" decides.
    pub fn read(failure: Failure, converter: &DataConverter) -> Self {
        let inner = match (&failure.info, &failure.cause) {
            (FailureInfo::Activity(_), Some(cause)) => cause,
            _ => &failure,
        };
        match &inner.info {
            FailureInfo::Timeout { kind, .. } => Self::Timeout(*kind, Remote::new(failure)),
            FailureInfo::Canceled { .. } => Self::Canceled(Remote::new(failure)),
            _ => match E::read_failure(inner, converter) {
                Some(error) => Self::Application(error, Remote::new(failure)),
                None => Self::Other(Remote::new(failure)),
            },
        }
    }
}

impl<E> fmt::Display for ActivityFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remote = self.remote();
        // Without a cause beneath it the failure itself is what `source` shows.
        if remote.cause().is_some() { remote.fmt(f) } else { f.write_str("activity failed") }
    }
}

impl<E: fmt::Debug> std::error::Error for ActivityFailure<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.remote().as_source())
    }
}
