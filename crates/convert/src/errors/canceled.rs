//! The two ways in which waiting ends without what was waited for.

use std::error::Error;
use std::io;
use std::time::Duration;

use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, Payload};

use crate::errors::call::SOURCE;
use crate::{ExternalFailure, PayloadConverter, Remote};

/// Somebody asked the run, or this part of it, to stop.
///
/// Returned from a run that was asked to stop, it ends the run as canceled; returned from an activity that was asked to
/// stop, it ends the activity as canceled.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("canceled{}{}", if .reason.is_empty() { "" } else { ": " }, .reason)]
pub struct Canceled {
    /// Why, in words; empty if nobody said.
    pub reason: String,
}

impl Canceled {
    /// A cancellation for a reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    /// The cancellation that an error is, or comes from.
    pub(crate) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |&error| error.source()).find_map(|error| {
            error.downcast_ref().or_else(|| match error.downcast_ref() {
                Some(WaitFailure::Canceled(canceled)) => Some(canceled),
                _ => match error.downcast_ref() {
                    Some(ExternalFailure::Canceled(canceled)) => Some(canceled),
                    _ => None,
                },
            })
        })
    }

    /// How it travels.
    pub(crate) fn to_failure(&self) -> Failure {
        Failure {
            message: self.to_string(),
            source: SOURCE.to_owned(),
            info: FailureInfo::Canceled { details: None, identity: Default::default() },
            ..Failure::default()
        }
    }

    pub(crate) fn read(failure: &Failure) -> Option<Self> {
        matches!(failure.info, FailureInfo::Canceled { .. }).then(|| {
            let reason = match failure.message.as_str() {
                "canceled" => "",
                message => message.strip_prefix("canceled: ").unwrap_or(message),
            };
            Self::because(reason)
        })
    }
}

/// The time given to a wait is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wait took longer than {after:?}")]
pub struct Elapsed {
    /// The time that was given.
    pub after: Duration,
}

impl Elapsed {
    /// The failure type under which it travels.
    pub const FAILURE_TYPE: &'static str = "Elapsed";

    /// How it travels; its one detail is the time in milliseconds.
    pub(crate) fn to_failure(&self) -> Failure {
        let millis = Payload::encoded("json/plain", self.after.as_millis().to_string());
        Failure {
            message: self.to_string(),
            source: SOURCE.to_owned(),
            info: FailureInfo::Application(ApplicationFailure {
                failure_type: Self::FAILURE_TYPE.to_owned(),
                details: Some(vec![millis]),
                ..ApplicationFailure::default()
            }),
            ..Failure::default()
        }
    }

    pub(crate) fn read(failure: &Failure) -> Option<Self> {
        let application = failure.application().filter(|application| application.failure_type == Self::FAILURE_TYPE)?;
        let millis = PayloadConverter::default().decode(application.details.as_deref()?.first()?).ok()?;
        Some(Self { after: Duration::from_millis(millis) })
    }
}

/// Why a wait with a timeout ended without its condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitFailure {
    /// The time is over.
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
    /// Somebody asked to stop.
    #[error(transparent)]
    Canceled(#[from] Canceled),
}

/// What an error is, beneath the layers that add nothing, if it is something a workflow's runtime knows.
pub(crate) enum Known {
    Canceled(Canceled),
    Elapsed(Elapsed),
    Remote(Remote),
}

impl Known {
    pub(crate) fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(canceled) = error.downcast_ref::<Canceled>() {
            return Some(Self::Canceled(canceled.clone()));
        }
        if let Some(elapsed) = error.downcast_ref::<Elapsed>() {
            return Some(Self::Elapsed(elapsed.clone()));
        }
        if let Some(external) = error.downcast_ref::<ExternalFailure>() {
            return Some(external.known().map_or_else(Self::Canceled, Self::Remote));
        }
        match error.downcast_ref::<WaitFailure>() {
            Some(WaitFailure::Canceled(canceled)) => Some(Self::Canceled(canceled.clone())),
            Some(WaitFailure::Elapsed(elapsed)) => Some(Self::Elapsed(elapsed.clone())),
            None => Remote::behind(error)
                .map(Self::Remote)
                // Made of another error, an `io::Error` shows that error's sources as its own.
                .or_else(|| Self::behind(error.downcast_ref::<io::Error>()?.get_ref()?)),
        }
    }

    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Canceled(canceled) => canceled.to_failure(),
            Self::Elapsed(elapsed) => elapsed.to_failure(),
            Self::Remote(remote) => remote.into_failure(),
        }
    }
}
