//! The two sides of an error on its way: thrown as one type, read as the same type.

use std::error::Error;
use std::fmt;

use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo};

use crate::errors::application::application_failure;
use crate::errors::canceled::Known;
use crate::errors::remote::forbids_retry;
use crate::{ApplicationError, DataConverter, RemoteApplication, WorkflowError};

/// The name under which failures made by Perpetua travel.
pub(crate) const SOURCE: &str = "Perpetua";

/// An error type that a definition can declare: any [`ApplicationError`], or [`AnyError`](crate::AnyError).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as an error of a workflow, an activity or a handler",
    label = "this error type is neither an `ApplicationError` nor `AnyError`",
    note = "add `#[derive(Debug, thiserror::Error, ApplicationError)]` to `{Self}`, or use `ActivityError` or `AnyError`, which take any error"
)]
pub trait CallError: fmt::Debug + Send + Sized + 'static {
    /// The failure to send.
    fn into_failure(self, converter: &DataConverter) -> Failure;

    /// The error again; `None` if the failure is not one of this type.
    fn read_failure(failure: &Failure, converter: &DataConverter) -> Option<Self>;

    /// Whether the error is, or comes from, a cancellation, and therefore travels as one.
    fn is_cancellation(&self) -> bool {
        false
    }
}

/// What stands in the `Err` of a function's result: the declared error itself, or a wrapper around it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a workflow, an activity or a handler",
    label = "this error type cannot travel",
    note = "add `#[derive(Debug, thiserror::Error, ApplicationError)]` to `{Self}`, or use `ActivityError` or `AnyError`, which take any error"
)]
pub trait ReturnedError: Sized + 'static {
    /// What callers get back.
    type Declared: CallError;

    /// The failure to send.
    fn into_failure(self, converter: &DataConverter) -> Failure;
}

#[diagnostic::do_not_recommend]
impl<E: CallError> ReturnedError for E {
    type Declared = E;

    fn into_failure(self, converter: &DataConverter) -> Failure {
        CallError::into_failure(self, converter)
    }
}

impl<E: CallError> ReturnedError for WorkflowError<E> {
    type Declared = E;

    fn into_failure(self, converter: &DataConverter) -> Failure {
        self.into_failure(converter)
    }
}

#[diagnostic::do_not_recommend]
impl<E: ApplicationError> CallError for E {
    fn into_failure(self, converter: &DataConverter) -> Failure {
        application_failure(&self, converter)
    }

    fn read_failure(failure: &Failure, converter: &DataConverter) -> Option<Self> {
        let application = failure.application()?;
        let remote = RemoteApplication {
            failure_type: &application.failure_type,
            message: &failure.message,
            details: application.details.as_deref().unwrap_or_default(),
            cause: failure.cause.as_deref(),
        };
        E::rebuild(&remote, converter)
    }

    fn is_cancellation(&self) -> bool {
        self.as_canceled().is_some()
    }
}

/// A failure whose making waits for the converter of whoever sends it.
pub struct LateFailure(Box<dyn FnOnce(&DataConverter) -> Failure + Send>);

impl LateFailure {
    /// Keeps an error until it is sent.
    pub fn new<E: ReturnedError + Send>(error: E) -> Self {
        Self(Box::new(move |converter| error.into_failure(converter)))
    }

    /// The failure to send.
    pub fn into_failure(self, converter: &DataConverter) -> Failure {
        (self.0)(converter)
    }
}

impl fmt::Debug for LateFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LateFailure")
    }
}

/// The failure of an error of which only [`Error`] is known: its message and its sources. A failure that came over the
/// network and sits among the sources is kept whole.
pub(crate) fn failure_of_error(error: &(dyn Error + 'static)) -> Failure {
    match Known::behind(error) {
        Some(known) => known.into_failure(),
        None => caused_failure(error.to_string(), cause_of_error(error)),
    }
}

/// The failure of what the error came from.
pub(crate) fn cause_of_error(error: &(dyn Error + 'static)) -> Option<Box<Failure>> {
    error.source().map(|source| Box::new(failure_of_error(source)))
}

/// An application failure without a name.
pub(crate) fn caused_failure(message: String, cause: Option<Box<Failure>>) -> Failure {
    let non_retryable = inherits_non_retryable(cause.as_deref());
    Failure {
        message,
        source: SOURCE.to_owned(),
        cause,
        info: FailureInfo::Application(ApplicationFailure { non_retryable, ..ApplicationFailure::default() }),
        ..Failure::default()
    }
}

/// Whether something that wraps this cause must not be retried either. Servers look at the outermost failure only: at the
/// `non_retryable` of an application failure, while one that reports an activity or a child may always be retried. What
/// an activity said of itself would be forgotten as soon as somebody wraps it.
pub(crate) fn inherits_non_retryable(cause: Option<&Failure>) -> bool {
    cause.is_some_and(|cause| cause.chain().any(forbids_retry))
}
