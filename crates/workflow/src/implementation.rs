//! What the `#[workflow]` attribute makes of a user's code: how to build it, run it and hand it messages.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use perpetua_contract::{WorkflowDefinition, WorkflowReturned};
use perpetua_convert::{AnyError, CallError, DataConverter, LateFailure, ReturnedError, WorkflowError};
use perpetua_core::Finish;
use perpetua_vocab::{ContinueAsNew, Failure};

use crate::Ctx;
pub use crate::handlers::{Handlers, Listed};

/// A boxed future that stays on its thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// A workflow that this program can run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no implementation that a worker could run",
    label = "only an interface",
    note = "a `#[workflow]` trait describes a workflow that runs elsewhere; register a function or an `impl` block"
)]
pub trait WorkflowImplementation: WorkflowDefinition {
    /// Whether it runs all workflows whose types no other one has.
    const DYNAMIC: bool = false;

    /// Builds the state from the input, before anything else happens.
    fn create(ctx: &Ctx, input: &Self::Input) -> Self;

    /// The main function.
    fn run(
        self: Rc<Self>,
        ctx: Ctx,
        input: Self::Input,
    ) -> LocalFuture<Result<Self::Output, WorkflowError<Self::Error>>>;

    /// Lists what messages it takes.
    fn handlers(handlers: &mut Handlers<Self>);
}

/// What a handler does when it is called: it is done, or it goes on.
pub enum Handling<T> {
    /// A synchronous handler, which is done.
    Done(T),
    /// An asynchronous handler, which has not begun yet.
    Running(LocalFuture<T>),
}

impl<T> Handling<T> {
    /// An asynchronous handler.
    pub fn running(future: impl Future<Output = T> + 'static) -> Self {
        Self::Running(Box::pin(future))
    }
}

impl<T: fmt::Debug> fmt::Debug for Handling<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(value) => f.debug_tuple("Done").field(value).finish(),
            Self::Running(_) => f.write_str("Running"),
        }
    }
}

/// The return type of a signal handler.
#[diagnostic::on_unimplemented(
    message = "a signal handler returns nothing, or `WorkflowResult<()>`, not `{Self}`",
    label = "nobody receives this value",
    note = "to answer the sender, make it an `#[update]`"
)]
pub trait SignalReturned: 'static {
    /// The two ways out; an error fails the workflow.
    ///
    /// # Errors
    /// The handler's own.
    fn into_signal_result(self) -> Result<(), LocalFailure>;
}

impl SignalReturned for () {
    fn into_signal_result(self) -> Result<(), LocalFailure> {
        Ok(())
    }
}

impl<E: CallError> SignalReturned for Result<(), WorkflowError<E>> {
    fn into_signal_result(self) -> Result<(), LocalFailure> {
        self.map_err(|error| match error.into_continue_as_new() {
            Ok(next) => LocalFailure(Late::Next(Box::new(next))),
            Err(error) => LocalFailure::new(error),
        })
    }
}

/// A failure whose making waits for the converter; it stays on its thread.
pub struct LocalFailure(Late);

enum Late {
    Failure(Box<dyn FnOnce(&DataConverter) -> Failure>),
    /// Not a failure, but the other way in which an error ends a workflow.
    Next(Box<ContinueAsNew>),
}

impl LocalFailure {
    /// Keeps an error until it is sent.
    pub fn new<E: ReturnedError>(error: E) -> Self {
        Self(Late::Failure(Box::new(move |converter| error.into_failure(converter))))
    }

    /// The failure to send.
    pub fn into_failure(self, converter: &DataConverter) -> Failure {
        match self.0 {
            Late::Failure(make) => make(converter),
            Late::Next(next) => WorkflowError::<AnyError>::continue_as_new(*next).into_failure(converter),
        }
    }

    /// What becomes of the workflow whose signal handler returned this.
    pub(crate) fn into_finish(self, converter: &DataConverter) -> Finish {
        match self.0 {
            Late::Failure(make) => Finish::Fail(Box::new(make(converter))),
            Late::Next(next) => Finish::ContinueAsNew(next),
        }
    }
}

impl From<LateFailure> for LocalFailure {
    fn from(late: LateFailure) -> Self {
        Self(Late::Failure(Box::new(move |converter| late.into_failure(converter))))
    }
}

impl fmt::Debug for LocalFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalFailure")
    }
}

/// Checks, where the user wrote it, that a return type is one a workflow may have.
pub fn returned<R: WorkflowReturned>(returned: R) -> Result<R::Output, WorkflowError<R::Error>> {
    returned.into_result()
}
