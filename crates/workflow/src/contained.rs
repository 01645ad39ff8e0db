//! Calls of user code from which a panic does not get out.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::read_only::ReadOnlyViolation;

/// What user code says when it panics.
#[derive(Debug)]
pub(crate) enum Panic {
    /// It touched what may only be looked at.
    ReadOnly(String),
    /// Anything else.
    Message(String),
}

impl Panic {
    pub(crate) fn into_message(self) -> String {
        match self {
            Self::ReadOnly(message) | Self::Message(message) => message,
        }
    }
}

/// Calls user code; a panic ends there.
pub(crate) fn contained<R>(call: impl FnOnce() -> R) -> Result<R, Panic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic: Box<dyn Any + Send>| match panic.downcast() {
        Ok(violation) => Panic::ReadOnly(ReadOnlyViolation::into_message(*violation)),
        Err(panic) => Panic::Message(match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(panic) => panic.downcast_ref::<&str>().map_or("(no message)", |message| *message).to_owned(),
        }),
    })
}

/// Drops what belongs to the user, whose destructors may panic.
pub(crate) fn drop_contained<T>(value: T) {
    drop(contained(|| drop(value)));
}

/// An error with what it came from, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
