//! What the written return type of a function means, whatever it is called.

use perpetua_convert::{CallError, ReturnedError, Value, WorkflowError};

/// The return type of an activity or an update handler.
#[diagnostic::on_unimplemented(
    message = "an activity or an update handler returns `Result<T, E>`, not `{Self}`",
    label = "not a `Result`",
    note = "write `Result<{Self}, ActivityError>`, or declare an error type with `#[derive(ApplicationError)]`"
)]
pub trait Returned {
    /// The value.
    type Output: Value;
    /// The error its callers get back.
    type Error: CallError;
    /// The error as written.
    type Thrown: ReturnedError<Declared = Self::Error>;

    /// The two ways out.
    ///
    /// # Errors
    /// The function's own.
    fn into_result(self) -> Result<Self::Output, Self::Thrown>;
}

impl<T: Value, E: ReturnedError> Returned for Result<T, E> {
    type Output = T;
    type Error = E::Declared;
    type Thrown = E;

    fn into_result(self) -> Self {
        self
    }
}

/// The return type of a workflow's main function.
#[diagnostic::on_unimplemented(
    message = "a workflow returns `WorkflowResult<T>` or `WorkflowResult<T, E>`, not `{Self}`",
    label = "not a `WorkflowResult`",
    note = "`WorkflowResult<T, E>` is `Result<T, WorkflowError<E>>`; with it `?` works on every operation of a workflow"
)]
pub trait WorkflowReturned {
    /// The value.
    type Output: Value;
    /// The error its callers get back.
    type Error: CallError;

    /// The two ways out.
    ///
    /// # Errors
    /// The workflow's own.
    fn into_result(self) -> Result<Self::Output, WorkflowError<Self::Error>>;
}

impl<T: Value, E: CallError> WorkflowReturned for Result<T, WorkflowError<E>> {
    type Output = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}
