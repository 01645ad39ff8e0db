//! What the `#[workflow]` attribute makes of a user's code: how to build it, run it and hand it messages.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use perpetua_contract::{WorkflowDefinition, WorkflowReturned};
use perpetua_convert::{Arguments, CallError, DataConverter, LateFailure, ReturnedError, Value, WorkflowError};
use perpetua_vocab::{Failure, Payload, Payloads};

use crate::Ctx;

/// A boxed future that stays on its thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// A workflow that this program can run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no implementation that a worker could run",
    label = "only an interface",
    note = "a `#[workflow]` trait describes a workflow that runs elsewhere; register a function or an `impl` block"
)]
pub trait WorkflowImplementation: WorkflowDefinition {
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
        self.map_err(LocalFailure::new)
    }
}

/// A failure whose making waits for the converter; it stays on its thread.
pub struct LocalFailure(Box<dyn FnOnce(&DataConverter) -> Failure>);

impl LocalFailure {
    /// Keeps an error until it is sent.
    pub fn new<E: ReturnedError>(error: E) -> Self {
        Self(Box::new(move |converter| error.into_failure(converter)))
    }

    /// The failure to send.
    pub fn into_failure(self, converter: &DataConverter) -> Failure {
        (self.0)(converter)
    }
}

impl From<LateFailure> for LocalFailure {
    fn from(late: LateFailure) -> Self {
        Self(Box::new(move |converter| late.into_failure(converter)))
    }
}

impl fmt::Debug for LocalFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalFailure")
    }
}

/// The messages a workflow takes, by name. Built once for each type.
pub struct Handlers<W> {
    pub(crate) signals: Vec<SignalEntry<W>>,
    pub(crate) queries: Vec<QueryEntry<W>>,
    pub(crate) updates: Vec<UpdateEntry<W>>,
}

/// A signal handler behind its arguments.
pub(crate) struct SignalEntry<W> {
    pub(crate) name: &'static str,
    #[allow(clippy::type_complexity)]
    pub(crate) call: Box<
        dyn Fn(&Rc<W>, Ctx, Payloads, &DataConverter) -> Result<Handling<Result<(), LocalFailure>>, Undecodable>
            + Send
            + Sync,
    >,
}

/// A query handler behind its arguments.
pub(crate) struct QueryEntry<W> {
    pub(crate) name: &'static str,
    #[allow(clippy::type_complexity)]
    pub(crate) call: Box<dyn Fn(&W, Payloads, &DataConverter) -> Result<Payload, Failure> + Send + Sync>,
}

/// An update handler behind its arguments.
pub(crate) struct UpdateEntry<W> {
    pub(crate) name: &'static str,
    #[allow(clippy::type_complexity)]
    pub(crate) validate:
        Option<Box<dyn Fn(&W, Payloads, &DataConverter) -> Result<Result<(), Failure>, Undecodable> + Send + Sync>>,
    #[allow(clippy::type_complexity)]
    pub(crate) call: Box<
        dyn Fn(&Rc<W>, Ctx, Payloads, &DataConverter) -> Result<Handling<Result<Payload, Failure>>, Undecodable>
            + Send
            + Sync,
    >,
}

/// Arguments that cannot be read as what the handler takes.
pub(crate) type Undecodable = perpetua_convert::ConversionError;

impl<W: 'static> Handlers<W> {
    pub(crate) fn new() -> Self {
        Self { signals: Vec::new(), queries: Vec::new(), updates: Vec::new() }
    }

    /// Takes the signal `name`. The function calls the handler, or makes the future that will.
    pub fn signal<I: Arguments, R: SignalReturned>(
        &mut self,
        name: &'static str,
        handler: fn(Rc<W>, Ctx, I) -> Handling<R>,
    ) {
        let call = move |workflow: &Rc<W>, ctx: Ctx, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads())?;
            Ok(match handler(Rc::clone(workflow), ctx, input) {
                Handling::Done(returned) => Handling::Done(returned.into_signal_result()),
                Handling::Running(future) => Handling::running(async move { future.await.into_signal_result() }),
            })
        };
        self.signals.push(SignalEntry { name, call: Box::new(call) });
    }

    /// Answers the query `name` with what the function returns.
    pub fn query<I: Arguments, O: Value>(&mut self, name: &'static str, handler: fn(&W, I) -> O) {
        let call = move |workflow: &W, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads()).map_err(LocalFailure::unreadable(converter))?;
            let answer = handler(workflow, input);
            converter.payloads().encode(&answer).map_err(LocalFailure::unreadable(converter))
        };
        self.queries.push(QueryEntry { name, call: Box::new(call) });
    }

    /// Answers the query `name` with what the function returns, or fails it with the function's error.
    pub fn fallible_query<I: Arguments, O: Value, E: ReturnedError>(
        &mut self,
        name: &'static str,
        handler: fn(&W, I) -> Result<O, E>,
    ) {
        let call = move |workflow: &W, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads()).map_err(LocalFailure::unreadable(converter))?;
            let answer = handler(workflow, input).map_err(|error| error.into_failure(converter))?;
            converter.payloads().encode(&answer).map_err(LocalFailure::unreadable(converter))
        };
        self.queries.push(QueryEntry { name, call: Box::new(call) });
    }

    /// Takes the update `name`.
    pub fn update<I: Arguments, O: Value, E: ReturnedError>(
        &mut self,
        name: &'static str,
        handler: fn(Rc<W>, Ctx, I) -> Handling<Result<O, E>>,
    ) {
        let call = move |workflow: &Rc<W>, ctx: Ctx, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads())?;
            let converter = converter.clone();
            let finish = move |result: Result<O, E>| match result {
                Ok(value) => converter.payloads().encode(&value).map_err(LocalFailure::unreadable(&converter)),
                Err(error) => Err(error.into_failure(&converter)),
            };
            Ok(match handler(Rc::clone(workflow), ctx, input) {
                Handling::Done(result) => Handling::Done(finish(result)),
                Handling::Running(future) => Handling::running(async move { finish(future.await) }),
            })
        };
        self.updates.push(UpdateEntry { name, validate: None, call: Box::new(call) });
    }

    /// Lets a function refuse the update that was listed last, before it is accepted and leaves a trace.
    pub fn validator<I: Arguments, E: ReturnedError>(&mut self, validator: fn(&W, &I) -> Result<(), E>) {
        let validate = move |workflow: &W, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads())?;
            Ok(validator(workflow, &input).map_err(|error| error.into_failure(converter)))
        };
        if let Some(update) = self.updates.last_mut() {
            update.validate = Some(Box::new(validate));
        }
    }
}

impl LocalFailure {
    /// Makes the failure of a value that cannot be read or written.
    fn unreadable(converter: &DataConverter) -> impl Fn(perpetua_convert::ConversionError) -> Failure + '_ {
        move |error| CallError::into_failure(perpetua_convert::AnyError::from(error), converter)
    }
}

impl<W> fmt::Debug for Handlers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("signals", &self.signals.iter().map(|entry| entry.name).collect::<Vec<_>>())
            .field("queries", &self.queries.iter().map(|entry| entry.name).collect::<Vec<_>>())
            .field("updates", &self.updates.iter().map(|entry| entry.name).collect::<Vec<_>>())
            .finish()
    }
}

/// Checks, where the user wrote it, that a return type is one a workflow may have.
pub fn returned<R: WorkflowReturned>(returned: R) -> Result<R::Output, WorkflowError<R::Error>> {
    returned.into_result()
}
