//! What a workflow returns.

use std::fmt;

use perpetua_vocab::Failure;

use crate::errors::call::caused_failure;
use crate::{
    ActivityFailure, AnyError, ApplicationError, CallError, Canceled, ChildFailure, DataConverter, Elapsed,
    ExternalFailure, Remote, WaitFailure,
};

/// What a workflow's `run` returns; `E` is the error its callers can match on.
pub type WorkflowResult<T, E = AnyError> = Result<T, WorkflowError<E>>;

/// Why a workflow, or an update handler, does not return a value. Returning it fails the workflow, or the update; a
/// panic, by contrast, fails the workflow task, which is tried again.
///
/// `?` makes it from the workflow's own error, from the failure of any operation, and, where `E` is [`AnyError`], from
/// any error at all.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkflowError<E> {
    /// The workflow's own error.
    Application(E),
    /// Something it called failed, passed on whole.
    Remote(Remote),
    /// It was asked to stop, and did.
    Canceled(Canceled),
    /// A wait took too long.
    Elapsed(Elapsed),
    /// It ends here and begins again, as a new run; made by `ctx.continue_as_new`.
    ContinueAsNew(ContinueAsNewToken),
}

/// Proof that a new run was asked for. Made by `Ctx::continue_as_new` alone.
#[derive(Debug)]
pub struct ContinueAsNewToken(pub(crate) Box<perpetua_vocab::ContinueAsNew>);

impl<E> WorkflowError<E> {
    /// The error that ends the run and begins a new one.
    pub fn continue_as_new(next: perpetua_vocab::ContinueAsNew) -> Self {
        Self::ContinueAsNew(ContinueAsNewToken(Box::new(next)))
    }

    /// The new run that was asked for, if that is what this error is.
    pub fn into_continue_as_new(self) -> Result<perpetua_vocab::ContinueAsNew, Self> {
        match self {
            Self::ContinueAsNew(token) => Ok(*token.0),
            other => Err(other),
        }
    }
}

impl<E: CallError> WorkflowError<E> {
    /// Whether the error is, or comes from, a cancellation.
    pub fn is_canceled(&self) -> bool {
        match self {
            Self::Application(error) => error.is_cancellation(),
            Self::Remote(remote) => remote.is_canceled(),
            Self::Canceled(_) => true,
            Self::Elapsed(_) | Self::ContinueAsNew(_) => false,
        }
    }

    /// The failure to send. A new run cannot be asked for where a failure is wanted; that is said in its message.
    pub fn into_failure(self, converter: &DataConverter) -> Failure {
        match self {
            Self::Application(error) => error.into_failure(converter),
            Self::Remote(remote) => remote.into_failure(),
            Self::Canceled(canceled) => canceled.to_failure(),
            Self::Elapsed(elapsed) => elapsed.to_failure(),
            Self::ContinueAsNew(_) => caused_failure(
                "continue_as_new was returned from a handler; only the main function can continue as new".to_owned(),
                None,
            ),
        }
    }
}

/// Not an [`Error`](std::error::Error), because [`AnyError`] takes those.
impl<E: fmt::Display> fmt::Display for WorkflowError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(error) => error.fmt(f),
            Self::Remote(remote) => remote.fmt(f),
            Self::Canceled(canceled) => canceled.fmt(f),
            Self::Elapsed(elapsed) => elapsed.fmt(f),
            Self::ContinueAsNew(_) => f.write_str("continued as new"),
        }
    }
}

impl<E: ApplicationError> From<E> for WorkflowError<E> {
    fn from(error: E) -> Self {
        Self::Application(error)
    }
}

impl<E: ApplicationError, X> From<ActivityFailure<X>> for WorkflowError<E> {
    fn from(failure: ActivityFailure<X>) -> Self {
        Self::Remote(failure.into_remote())
    }
}

impl<E: ApplicationError, X> From<ChildFailure<X>> for WorkflowError<E> {
    fn from(failure: ChildFailure<X>) -> Self {
        Self::Remote(failure.into_remote())
    }
}

impl<E: ApplicationError> From<ExternalFailure> for WorkflowError<E> {
    fn from(failure: ExternalFailure) -> Self {
        match failure.known() {
            Ok(remote) => Self::Remote(remote),
            Err(canceled) => Self::Canceled(canceled),
        }
    }
}

impl<E: ApplicationError> From<Canceled> for WorkflowError<E> {
    fn from(canceled: Canceled) -> Self {
        Self::Canceled(canceled)
    }
}

impl<E: ApplicationError> From<Elapsed> for WorkflowError<E> {
    fn from(elapsed: Elapsed) -> Self {
        Self::Elapsed(elapsed)
    }
}

impl<E: ApplicationError> From<WaitFailure> for WorkflowError<E> {
    fn from(failure: WaitFailure) -> Self {
        match failure {
            WaitFailure::Elapsed(elapsed) => Self::Elapsed(elapsed),
            WaitFailure::Canceled(canceled) => Self::Canceled(canceled),
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for WorkflowError<AnyError> {
    fn from(error: E) -> Self {
        AnyError::from(error).into_workflow_error()
    }
}

impl From<AnyError> for WorkflowError<AnyError> {
    fn from(error: AnyError) -> Self {
        error.into_workflow_error()
    }
}
