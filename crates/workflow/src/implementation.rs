//! What the `#[workflow]` attribute makes of a user's code: how to build it, run it and hand it messages.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use perpetua_contract::{WorkflowDefinition, WorkflowReturned};
use perpetua_convert::{
    AnyError, Arguments, CallError, ConversionError, DataConverter, LateFailure, ReturnedError, Value, WorkflowError,
};
use perpetua_core::Finish;
use perpetua_vocab::{ContinueAsNew, Failure, Payload, Payloads};

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

/// The messages a workflow takes, by name. Built once for each type.
pub struct Handlers<W> {
    pub(crate) signals: Vec<SignalEntry<W>>,
    pub(crate) queries: Vec<QueryEntry<W>>,
    pub(crate) updates: Vec<UpdateEntry<W>>,
}

/// A signal handler behind its arguments.
pub(crate) struct SignalEntry<W> {
    pub(crate) name: &'static str,
    pub(crate) call: Box<CallSignal<W>>,
}

/// A query handler behind its arguments.
pub(crate) struct QueryEntry<W> {
    pub(crate) name: &'static str,
    pub(crate) call: Box<CallQuery<W>>,
}

/// An update handler behind its arguments.
pub(crate) struct UpdateEntry<W> {
    pub(crate) name: &'static str,
    pub(crate) validate: Option<Box<Validate<W>>>,
    pub(crate) prepare: Box<PrepareUpdate<W>>,
}

/// A function that calls a handler, or makes the future that will.
type Handler<W, I, R> = fn(Rc<W>, Ctx, I) -> Handling<R>;

type CallSignal<W> = dyn Fn(&Rc<W>, Ctx, Payloads, &DataConverter) -> Result<SignalHandling, Undecodable> + Send + Sync;
type CallQuery<W> = dyn Fn(&W, Payloads, &DataConverter) -> Result<Payload, Box<Failure>> + Send + Sync;
type Validate<W> = dyn Fn(&W, Payloads, &DataConverter) -> Result<Validated, Undecodable> + Send + Sync;
type PrepareUpdate<W> =
    dyn Fn(&Rc<W>, Ctx, Payloads, &DataConverter) -> Result<PreparedUpdate, Undecodable> + Send + Sync;

/// What a signal handler does when it is called.
pub(crate) type SignalHandling = Handling<Result<(), LocalFailure>>;

/// What a validator says; an error refuses the update.
pub(crate) type Validated = Result<(), Box<Failure>>;

/// What an update is answered with.
pub(crate) type UpdateResult = Result<Payload, Box<Failure>>;

/// An update whose arguments were read. The handler is called when it is accepted.
pub(crate) type PreparedUpdate = Box<dyn FnOnce() -> Handling<UpdateResult>>;

/// Arguments that cannot be read as what the handler takes.
pub(crate) type Undecodable = ConversionError;

impl<W: 'static> Handlers<W> {
    pub(crate) fn new() -> Self {
        Self { signals: Vec::new(), queries: Vec::new(), updates: Vec::new() }
    }

    /// Takes the signal `name`. The function calls the handler, or makes the future that will.
    pub fn signal<I: Arguments, R: SignalReturned>(&mut self, name: &'static str, handler: Handler<W, I, R>) {
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
            let answer = handler(workflow, input).map_err(|error| Box::new(error.into_failure(converter)))?;
            converter.payloads().encode(&answer).map_err(LocalFailure::unreadable(converter))
        };
        self.queries.push(QueryEntry { name, call: Box::new(call) });
    }

    /// Takes the update `name`.
    pub fn update<I: Arguments, O: Value, E: ReturnedError>(
        &mut self,
        name: &'static str,
        handler: Handler<W, I, Result<O, E>>,
    ) {
        let prepare = move |workflow: &Rc<W>, ctx: Ctx, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads())?;
            let workflow = Rc::clone(workflow);
            let converter = converter.clone();
            let finish = move |result: Result<O, E>| match result {
                Ok(value) => converter.payloads().encode(&value).map_err(LocalFailure::unreadable(&converter)),
                Err(error) => Err(Box::new(error.into_failure(&converter))),
            };
            Ok(Box::new(move || match handler(workflow, ctx, input) {
                Handling::Done(result) => Handling::Done(finish(result)),
                Handling::Running(future) => Handling::running(async move { finish(future.await) }),
            }) as PreparedUpdate)
        };
        self.updates.push(UpdateEntry { name, validate: None, prepare: Box::new(prepare) });
    }

    /// Lets a function refuse the update that was listed last, before it is accepted and leaves a trace.
    pub fn validator<I: Arguments, E: ReturnedError>(&mut self, validator: fn(&W, &I) -> Result<(), E>) {
        let validate = move |workflow: &W, arguments: Payloads, converter: &DataConverter| {
            let input = I::decode(arguments, converter.payloads())?;
            Ok(validator(workflow, &input).map_err(|error| Box::new(error.into_failure(converter))))
        };
        if let Some(update) = self.updates.last_mut() {
            update.validate = Some(Box::new(validate));
        }
    }
}

impl LocalFailure {
    /// Makes the failure of a value that cannot be read or written.
    fn unreadable(converter: &DataConverter) -> impl Fn(ConversionError) -> Box<Failure> + '_ {
        move |error| Box::new(CallError::into_failure(AnyError::from(error), converter))
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
