//! Errors that callers on the other side of the network can match on.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use perpetua_vocab::{ApplicationFailure, ErrorCategory, Failure, FailureInfo, Payloads};

use crate::errors::call::{SOURCE, cause_of_error, inherits_non_retryable};
use crate::{Canceled, ConversionError, DataConverter, Remote};

/// An error type of a workflow, an activity or a handler, which its callers get back as the same type.
///
/// Derive it with `#[derive(ApplicationError)]`. Each variant has a type name, by which retry policies and other
/// languages know it, and its fields travel as details.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as an error of a workflow, an activity or a handler",
    label = "this error type is not an `ApplicationError`",
    note = "add `#[derive(Debug, thiserror::Error, ApplicationError)]` to `{Self}`, or use `ActivityError` or `AnyError`, which take any error"
)]
pub trait ApplicationError: Error + Send + Sync + Sized + 'static {
    /// What is sent beside the message, which is taken from `Display`.
    ///
    /// # Errors
    /// When a field cannot be encoded.
    fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError>;

    /// The error again, on the other side; `None` if the type name is not one of this type's, or its details are not
    /// what this type needs.
    fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self>;

    /// The cancellation it comes from. Such an error travels as that cancellation, not as an application failure.
    ///
    /// As provided, it looks for one in `source()`, where it does not see what an `#[error(transparent)]` hides.
    fn as_canceled(&self) -> Option<&Canceled> {
        Canceled::within(self)
    }
}

/// What an [`ApplicationError`] says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationDescription {
    /// The name by which retry policies and other languages know it.
    pub failure_type: Cow<'static, str>,
    /// Whether trying again is pointless.
    pub non_retryable: bool,
    /// Its fields.
    pub details: Option<Payloads>,
    /// How long to wait before the next attempt, instead of what the retry policy says.
    pub next_retry_delay: Option<Duration>,
    /// How much noise it deserves.
    pub category: ErrorCategory,
    /// What it came from, where a field is known to hold that; otherwise it is taken from `source()`.
    pub cause: Option<Box<Failure>>,
}

/// An application failure as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct RemoteApplication<'a> {
    /// The name it was sent under.
    pub failure_type: &'a str,
    /// What a person reads.
    pub message: &'a str,
    /// Its details.
    pub details: &'a [perpetua_vocab::Payload],
    /// What it came from.
    pub cause: Option<&'a Failure>,
}

impl RemoteApplication<'_> {
    /// What it came from, as an error for a `#[source]` field.
    pub fn remote_cause(&self) -> Option<Remote> {
        self.cause.cloned().map(Remote::new)
    }
}

/// How an application error travels.
pub(crate) fn application_failure<E: ApplicationError>(error: &E, converter: &DataConverter) -> Failure {
    if let Some(canceled) = error.as_canceled() {
        return canceled.to_failure();
    }
    let mut message = error.to_string();
    let ApplicationDescription { failure_type, non_retryable, details, next_retry_delay, category, cause } =
        error.describe(converter).unwrap_or_else(|unencodable| {
            message = format!("{message} ({unencodable}{})", because(&unencodable));
            ApplicationDescription { failure_type: "ConversionError".into(), ..ApplicationDescription::default() }
        });
    let cause = cause.or_else(|| cause_of_error(error));
    Failure {
        message,
        source: SOURCE.to_owned(),
        info: FailureInfo::Application(ApplicationFailure {
            failure_type: failure_type.into_owned(),
            non_retryable: non_retryable || inherits_non_retryable(cause.as_deref()),
            details,
            next_retry_delay,
            category,
        }),
        cause,
        ..Failure::default()
    }
}

fn because(error: &dyn Error) -> String {
    error.source().map(|source| format!(": {source}")).unwrap_or_default()
}

impl ApplicationError for Infallible {
    fn describe(&self, _converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
        match *self {}
    }

    fn rebuild(_remote: &RemoteApplication<'_>, _converter: &DataConverter) -> Option<Self> {
        None
    }
}

impl<E: ApplicationError> ApplicationError for Box<E> {
    fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
        E::describe(self, converter)
    }

    fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self> {
        E::rebuild(remote, converter).map(Self::new)
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        E::as_canceled(self)
    }
}
