//! Fields of an error that hold what it came from.

use std::error::Error;
use std::io;

use perpetua_vocab::Failure;

use crate::errors::application::application_failure;
use crate::errors::call::failure_of_error;
use crate::{
    ActivityFailure, ApplicationError, CallError, Canceled, ChildFailure, DataConverter, Elapsed, Remote, WaitFailure,
};

/// A type for the `#[source]` or `#[from]` field of an [`ApplicationError`]. It is not sent with the other fields: it
/// travels as the cause, and is made from the cause on the other side.
///
/// [`Remote`] can hold any cause. So can `Box<dyn Error + Send + Sync>`, which is a `Remote` on the other side. An
/// `Option` is for an error that has not always a cause.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the source of an `ApplicationError`: it cannot be made from what arrives on the other side",
    label = "not a type that causes can be read as",
    note = "use `Box<dyn std::error::Error + Send + Sync>` or `Remote`, which can hold any cause, or derive `ApplicationError` for `{Self}`"
)]
pub trait FromCause: Sized {
    /// The cause to send.
    fn to_cause(&self, converter: &DataConverter) -> Option<Box<Failure>>;

    /// The field again; `None` if the cause is not there or not what this type needs.
    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self>;

    /// The cancellation it is or comes from: the error that holds it travels as that cancellation.
    fn as_canceled(&self) -> Option<&Canceled> {
        None
    }
}

impl<E: ApplicationError> FromCause for E {
    fn to_cause(&self, converter: &DataConverter) -> Option<Box<Failure>> {
        Some(Box::new(application_failure(self, converter)))
    }

    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self> {
        Self::read_failure(cause?, converter)
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        ApplicationError::as_canceled(self)
    }
}

impl FromCause for Remote {
    fn to_cause(&self, _converter: &DataConverter) -> Option<Box<Failure>> {
        Some(Box::new(self.to_failure()))
    }

    fn from_cause(cause: Option<&Failure>, _converter: &DataConverter) -> Option<Self> {
        cause.cloned().map(Self::new)
    }
}

impl FromCause for Box<dyn Error + Send + Sync> {
    fn to_cause(&self, _converter: &DataConverter) -> Option<Box<Failure>> {
        Some(Box::new(failure_of_error(&**self)))
    }

    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self> {
        Remote::from_cause(cause, converter).map(Into::into)
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        Canceled::within(&**self)
    }
}

/// On the other side it is [`io::Error::other`] of a [`Remote`].
impl FromCause for io::Error {
    fn to_cause(&self, _converter: &DataConverter) -> Option<Box<Failure>> {
        Some(Box::new(failure_of_error(self)))
    }

    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self> {
        Remote::from_cause(cause, converter).map(Self::other)
    }
}

impl<E: CallError> FromCause for ActivityFailure<E> {
    fn to_cause(&self, converter: &DataConverter) -> Option<Box<Failure>> {
        self.remote().to_cause(converter)
    }

    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self> {
        cause.cloned().map(|cause| Self::read(cause, converter))
    }
}

impl<E: CallError> FromCause for ChildFailure<E> {
    fn to_cause(&self, converter: &DataConverter) -> Option<Box<Failure>> {
        self.remote().to_cause(converter)
    }

    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self> {
        cause.cloned().map(|cause| Self::read(cause, converter))
    }
}

impl FromCause for Canceled {
    fn to_cause(&self, _converter: &DataConverter) -> Option<Box<Failure>> {
        Some(Box::new(self.to_failure()))
    }

    fn from_cause(cause: Option<&Failure>, _converter: &DataConverter) -> Option<Self> {
        Self::read(cause?)
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        Some(self)
    }
}

impl FromCause for Elapsed {
    fn to_cause(&self, _converter: &DataConverter) -> Option<Box<Failure>> {
        Some(Box::new(self.to_failure()))
    }

    fn from_cause(cause: Option<&Failure>, _converter: &DataConverter) -> Option<Self> {
        Self::read(cause?)
    }
}

impl FromCause for WaitFailure {
    fn to_cause(&self, converter: &DataConverter) -> Option<Box<Failure>> {
        match self {
            Self::Elapsed(elapsed) => elapsed.to_cause(converter),
            Self::Canceled(canceled) => canceled.to_cause(converter),
        }
    }

    fn from_cause(cause: Option<&Failure>, _converter: &DataConverter) -> Option<Self> {
        let cause = cause?;
        Elapsed::read(cause).map(Self::Elapsed).or_else(|| Canceled::read(cause).map(Self::Canceled))
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        match self {
            Self::Canceled(canceled) => Some(canceled),
            Self::Elapsed(_) => None,
        }
    }
}

impl<T: FromCause> FromCause for Option<T> {
    fn to_cause(&self, converter: &DataConverter) -> Option<Box<Failure>> {
        self.as_ref()?.to_cause(converter)
    }

    fn from_cause(cause: Option<&Failure>, converter: &DataConverter) -> Option<Self> {
        match cause {
            Some(_) => T::from_cause(cause, converter).map(Some),
            None => Some(None),
        }
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        self.as_ref()?.as_canceled()
    }
}
