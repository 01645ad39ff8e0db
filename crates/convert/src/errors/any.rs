//! Any error, for code that has no error type of its own.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use perpetua_vocab::{ErrorCategory, Failure, FailureInfo, Payloads};
use serde::Serialize;

use crate::errors::call::{caused_failure, failure_of_error};
use crate::errors::canceled::Known;
use crate::{CallError, Canceled, DataConverter, Remote, WorkflowError};

/// Any error: `?` makes it from whatever implements [`std::error::Error`]. Like other types of that kind it is not an
/// `Error` itself.
///
/// Where the caller should be able to tell one failure from another, declare an
/// [`ApplicationError`](crate::ApplicationError) instead.
///
/// ```
/// use perpetua_convert::AnyError;
///
/// fn half(text: &str) -> Result<u32, AnyError> {
///     let number: u32 = text.parse()?;
///     if number % 2 == 1 {
///         return Err(AnyError::message("it is odd").failure_type("Odd").non_retryable());
///     }
///     Ok(number / 2)
/// }
///
/// assert_eq!(half("x").unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(half("3").unwrap_err().to_string(), "it is odd");
/// ```
pub struct AnyError(Box<Inner>);

struct Inner {
    error: Box<dyn Error + Send + Sync>,
    /// The failure behind the error, where it is an error that stands for one.
    behind: Option<Remote>,
    said: Option<Said>,
}

/// What was said beside the error itself.
#[derive(Default)]
struct Said {
    failure_type: Option<String>,
    non_retryable: bool,
    next_retry_delay: Option<Duration>,
    benign: bool,
    details: Option<Details>,
}

/// Encodes the details when the failure is sent.
type Details = Box<dyn FnOnce(&DataConverter) -> Option<Payloads> + Send + Sync>;

impl AnyError {
    /// An error that is only a message.
    pub fn message(message: impl Into<String>) -> Self {
        Self::boxed(Message(message.into()))
    }

    /// From what `?` does not take, because it is not an `Error` itself: `.map_err(AnyError::boxed)` on a
    /// `Box<dyn Error + Send + Sync>`, on an `anyhow::Error`, or on a text.
    pub fn boxed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        let behind = Remote::behind(&*error);
        Self(Box::new(Inner { error, behind, said: None }))
    }

    /// Sets the name by which retry policies and other languages know the error.
    #[must_use]
    pub fn failure_type(mut self, failure_type: impl Into<String>) -> Self {
        self.say().failure_type = Some(failure_type.into());
        self
    }

    /// Says that trying again is pointless.
    #[must_use]
    pub fn non_retryable(mut self) -> Self {
        self.say().non_retryable = true;
        self
    }

    /// Sets how long to wait before the next attempt, instead of what the retry policy says.
    #[must_use]
    pub fn next_retry_delay(mut self, delay: Duration) -> Self {
        self.say().next_retry_delay = Some(delay);
        self
    }

    /// Says that the error is expected: it is logged at debug level.
    #[must_use]
    pub fn benign(mut self) -> Self {
        self.say().benign = true;
        self
    }

    /// Attaches a value. If it cannot be encoded when the error is sent, it is left out.
    #[must_use]
    pub fn details<T: Serialize + Send + Sync + 'static>(mut self, details: T) -> Self {
        self.say().details =
            Some(Box::new(move |converter| converter.payloads().encode(&details).ok().map(|payload| vec![payload])));
        self
    }

    /// The failure it came from, if it came over the network.
    pub fn remote(&self) -> Option<&Remote> {
        self.0.behind.as_ref().or_else(|| {
            std::iter::successors(Some(&*self.0.error as &(dyn Error + 'static)), |&error| error.source())
                .find_map(|error| error.downcast_ref())
        })
    }

    /// The error inside.
    pub fn inner(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.error
    }

    fn say(&mut self) -> &mut Said {
        self.0.said.get_or_insert_default()
    }

    /// As what it is, if it is one of the errors a workflow's runtime knows.
    pub(crate) fn into_workflow_error(self) -> WorkflowError<Self> {
        if self.0.said.is_some() {
            return WorkflowError::Application(self);
        }
        match Known::behind(&*self.0.error) {
            Some(Known::Canceled(canceled)) => WorkflowError::Canceled(canceled),
            Some(Known::Elapsed(elapsed)) => WorkflowError::Elapsed(elapsed),
            Some(Known::Remote(remote)) => WorkflowError::Remote(remote),
            None => WorkflowError::Application(self),
        }
    }
}

/// It is not an [`Error`] itself, so that any error can become one with `?`.
impl CallError for AnyError {
    fn into_failure(self, converter: &DataConverter) -> Failure {
        let Inner { error, behind: _, said } = *self.0;
        if let Some(canceled) = Canceled::within(&*error) {
            return canceled.to_failure();
        }
        let failure = failure_of_error(&*error);
        match said {
            Some(said) => said.add_to(failure, converter),
            None => failure,
        }
    }

    fn read_failure(failure: &Failure, _converter: &DataConverter) -> Option<Self> {
        Some(Self::boxed(Remote::new(failure.clone())))
    }

    fn is_cancellation(&self) -> bool {
        Canceled::within(&*self.0.error).is_some() || self.0.behind.as_ref().is_some_and(Remote::is_canceled)
    }
}

impl Said {
    fn add_to(self, failure: Failure, converter: &DataConverter) -> Failure {
        // What was said belongs to an application failure; any other kind becomes the cause of one.
        let mut failure = match failure.info {
            FailureInfo::Application(_) => failure,
            _ => caused_failure(Remote::new(failure.clone()).to_string(), Some(Box::new(failure))),
        };
        if let FailureInfo::Application(application) = &mut failure.info {
            let Self { failure_type, non_retryable, next_retry_delay, benign, details } = self;
            if let Some(failure_type) = failure_type {
                application.failure_type = failure_type;
            }
            application.non_retryable |= non_retryable;
            application.next_retry_delay = next_retry_delay.or(application.next_retry_delay);
            if benign {
                application.category = ErrorCategory::Benign;
            }
            if let Some(details) = details {
                application.details = details(converter);
            }
        }
        failure
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for AnyError {
    fn from(error: E) -> Self {
        Self::boxed(error)
    }
}

impl fmt::Display for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl fmt::Debug for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.error)?;
        let mut source = self.0.error.source();
        while let Some(error) = source {
            write!(f, "\n  caused by: {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(String);
