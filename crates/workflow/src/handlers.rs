//! The messages that a workflow type declares, and handlers without the workflow's type.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::{
    AnyError, Arguments, CallError, ConversionError, DataConverter, PayloadConverter, RawArguments, ReturnedError,
    Value,
};
use perpetua_vocab::{Failure, Payload, Payloads};

use crate::Ctx;
use crate::implementation::{Handling, LocalFailure, SignalReturned};

/// What becomes of a handler that is still running when its workflow ends. It is cut off in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnfinishedPolicy {
    /// A warning is logged: work is lost, and whoever waits for such an update gets an error.
    #[default]
    WarnAndAbandon,
    /// Nothing is logged: whoever wrote the handler knows that it may be cut off.
    Abandon,
}

/// What a signal handler does when it is called.
pub(crate) type SignalHandling = Handling<Result<(), LocalFailure>>;

/// What a validator says; an error refuses the update.
pub(crate) type Validated = Result<(), Box<Failure>>;

/// What an update is answered with.
pub(crate) type UpdateResult = Result<Result<Payload, Box<Failure>>, ConversionError>;

/// An update whose arguments were read. The handler is called when it is accepted.
pub(crate) type PreparedUpdate = Box<dyn FnOnce() -> Handling<UpdateResult>>;

/// Arguments that cannot be read as what the handler takes.
pub(crate) type Undecodable = ConversionError;

/// A message before its arguments are read.
pub(crate) struct Arrived<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: Payloads,
    pub(crate) converter: &'a DataConverter,
}

/// How arguments are read: by their types, or as they are, behind the name.
pub(crate) type Read<I> = fn(&str, Payloads, &PayloadConverter) -> Result<I, Undecodable>;

/// Reads arguments by their types.
pub(crate) fn typed<I: Arguments>(
    _: &str,
    arguments: Payloads,
    converter: &PayloadConverter,
) -> Result<I, Undecodable> {
    I::decode(arguments, converter)
}

/// Reads nothing: gives the name of the message, and its arguments as they are.
pub(crate) fn untyped(
    name: &str,
    arguments: Payloads,
    converter: &PayloadConverter,
) -> Result<(String, RawArguments), Undecodable> {
    Ok((name.to_owned(), Arguments::decode(arguments, converter)?))
}

// Handlers without the workflow's type
// ------------------------------------

type CallSignal = dyn Fn(Ctx, Arrived<'_>) -> Result<SignalHandling, Undecodable>;
type CallQuery = dyn Fn(Arrived<'_>) -> Result<Payload, Box<Failure>>;
type PrepareUpdate = dyn Fn(Ctx, Arrived<'_>) -> Result<PreparedUpdate, Undecodable>;
type ValidateUpdate = dyn Fn(Arrived<'_>) -> Result<Validated, Undecodable>;

/// A handler of signals.
pub(crate) struct SignalHandler {
    pub(crate) call: Box<CallSignal>,
    pub(crate) about: About,
}

/// A handler of queries.
pub(crate) struct QueryHandler {
    pub(crate) call: Box<CallQuery>,
    pub(crate) about: About,
}

/// A handler of updates.
pub(crate) struct UpdateHandler {
    pub(crate) prepare: Box<PrepareUpdate>,
    pub(crate) validate: RefCell<Option<Rc<ValidateUpdate>>>,
    pub(crate) about: About,
}

/// What is said of a handler, whatever it handles.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) description: RefCell<Cow<'static, str>>,
    pub(crate) policy: Cell<UnfinishedPolicy>,
}

impl From<&Facts> for About {
    fn from(facts: &Facts) -> Self {
        Self { description: RefCell::new(Cow::Borrowed(facts.description)), policy: Cell::new(facts.policy) }
    }
}

/// Makes the failure of a value that cannot be read or written.
pub(crate) fn unreadable(converter: &DataConverter) -> impl Fn(ConversionError) -> Box<Failure> + '_ {
    move |error| Box::new(CallError::into_failure(AnyError::from(error), converter))
}

// What a type declares
// --------------------

/// The messages a workflow takes, by name. Built once for each type.
pub struct Handlers<W> {
    pub(crate) signals: Vec<Entry<DeclaredSignal<W>>>,
    pub(crate) queries: Vec<Entry<DeclaredQuery<W>>>,
    pub(crate) updates: Vec<Entry<DeclaredUpdate<W>>>,
}

/// A declared handler.
pub(crate) struct Entry<H> {
    pub(crate) facts: Facts,
    pub(crate) handler: H,
}

/// What a type says of one of its handlers.
#[derive(Default)]
pub(crate) struct Facts {
    /// None for one that takes all names that no other handler has.
    pub(crate) name: Option<&'static str>,
    pub(crate) description: &'static str,
    pub(crate) policy: UnfinishedPolicy,
}

/// A function that calls a handler, or makes the future that will.
type Handler<W, I, R> = fn(Rc<W>, Ctx, I) -> Handling<R>;

type DeclaredSignal<W> = Box<dyn Fn(&Rc<W>, Ctx, Arrived<'_>) -> Result<SignalHandling, Undecodable> + Send + Sync>;
type DeclaredQuery<W> = Box<dyn Fn(&W, Arrived<'_>) -> Result<Payload, Box<Failure>> + Send + Sync>;
type Prepare<W> = Box<dyn Fn(&Rc<W>, Ctx, Arrived<'_>) -> Result<PreparedUpdate, Undecodable> + Send + Sync>;
type Validate<W> = Box<dyn Fn(&W, Arrived<'_>) -> Result<Validated, Undecodable> + Send + Sync>;

/// A declared handler of updates.
pub(crate) struct DeclaredUpdate<W> {
    prepare: Prepare<W>,
    validate: Option<Validate<W>>,
}

/// The handler that was listed last, to say more of it.
pub struct Listed<'a>(&'a mut Facts);

impl Listed<'_> {
    /// One paragraph that tools show beside its name; by default nothing.
    pub fn description(self, description: &'static str) -> Self {
        self.0.description = description;
        self
    }

    /// What becomes of it if it is running when the workflow ends; by default a warning. Queries end at once.
    pub fn unfinished_policy(self, policy: UnfinishedPolicy) -> Self {
        self.0.policy = policy;
        self
    }
}

impl<W: 'static> Handlers<W> {
    pub(crate) fn new() -> Self {
        Self { signals: Vec::new(), queries: Vec::new(), updates: Vec::new() }
    }

    /// Takes the signal `name`. The function calls the handler, or makes the future that will.
    pub fn signal<I: Arguments, R: SignalReturned>(
        &mut self,
        name: &'static str,
        handler: Handler<W, I, R>,
    ) -> Listed<'_> {
        self.list_signal(Some(name), typed, handler)
    }

    /// Takes all signals that no other handler takes.
    pub fn dynamic_signal<R: SignalReturned>(&mut self, handler: Handler<W, (String, RawArguments), R>) -> Listed<'_> {
        self.list_signal(None, untyped, handler)
    }

    fn list_signal<I: 'static, R: SignalReturned>(
        &mut self,
        name: Option<&'static str>,
        read: Read<I>,
        handler: Handler<W, I, R>,
    ) -> Listed<'_> {
        let call = move |workflow: &Rc<W>, ctx: Ctx, arrived: Arrived<'_>| {
            let input = read(arrived.name, arrived.arguments, arrived.converter.payloads())?;
            Ok(handler(Rc::clone(workflow), ctx, input).into_signal_handling())
        };
        list(&mut self.signals, name, Box::new(call))
    }

    /// Answers the query `name` with what the function returns.
    pub fn query<I: Arguments, O: Value>(&mut self, name: &'static str, handler: fn(&W, I) -> O) -> Listed<'_> {
        self.list_query(Some(name), typed, handler)
    }

    /// Answers all queries that no other handler answers.
    pub fn dynamic_query<O: Value>(&mut self, handler: fn(&W, (String, RawArguments)) -> O) -> Listed<'_> {
        self.list_query(None, untyped, handler)
    }

    fn list_query<I: 'static, O: Value>(
        &mut self,
        name: Option<&'static str>,
        read: Read<I>,
        handler: fn(&W, I) -> O,
    ) -> Listed<'_> {
        let call = move |workflow: &W, arrived: Arrived<'_>| {
            let converter = arrived.converter;
            let input = read(arrived.name, arrived.arguments, converter.payloads()).map_err(unreadable(converter))?;
            let answer = handler(workflow, input);
            converter.payloads().encode(&answer).map_err(unreadable(converter))
        };
        list(&mut self.queries, name, Box::new(call))
    }

    /// Answers the query `name` with what the function returns, or fails it with the function's error.
    pub fn fallible_query<I: Arguments, O: Value, E: ReturnedError>(
        &mut self,
        name: &'static str,
        handler: fn(&W, I) -> Result<O, E>,
    ) -> Listed<'_> {
        self.list_fallible_query(Some(name), typed, handler)
    }

    /// Answers all queries that no other handler answers, or fails them with the function's error.
    pub fn dynamic_fallible_query<O: Value, E: ReturnedError>(
        &mut self,
        handler: fn(&W, (String, RawArguments)) -> Result<O, E>,
    ) -> Listed<'_> {
        self.list_fallible_query(None, untyped, handler)
    }

    fn list_fallible_query<I: 'static, O: Value, E: ReturnedError>(
        &mut self,
        name: Option<&'static str>,
        read: Read<I>,
        handler: fn(&W, I) -> Result<O, E>,
    ) -> Listed<'_> {
        let call = move |workflow: &W, arrived: Arrived<'_>| {
            let converter = arrived.converter;
            let input = read(arrived.name, arrived.arguments, converter.payloads()).map_err(unreadable(converter))?;
            answer(handler(workflow, input), converter)
        };
        list(&mut self.queries, name, Box::new(call))
    }

    /// Takes the update `name`.
    pub fn update<I: Arguments, O: Value, E: ReturnedError>(
        &mut self,
        name: &'static str,
        handler: Handler<W, I, Result<O, E>>,
    ) -> Listed<'_> {
        self.list_update(Some(name), typed, handler)
    }

    /// Takes all updates that no other handler takes.
    pub fn dynamic_update<O: Value, E: ReturnedError>(
        &mut self,
        handler: Handler<W, (String, RawArguments), Result<O, E>>,
    ) -> Listed<'_> {
        self.list_update(None, untyped, handler)
    }

    fn list_update<I: 'static, O: Value, E: ReturnedError>(
        &mut self,
        name: Option<&'static str>,
        read: Read<I>,
        handler: Handler<W, I, Result<O, E>>,
    ) -> Listed<'_> {
        let prepare = move |workflow: &Rc<W>, ctx: Ctx, arrived: Arrived<'_>| {
            let input = read(arrived.name, arrived.arguments, arrived.converter.payloads())?;
            let workflow = Rc::clone(workflow);
            let converter = arrived.converter.clone();
            Ok(Box::new(move || handler(workflow, ctx, input).into_update_handling(converter)) as PreparedUpdate)
        };
        let update = DeclaredUpdate { prepare: Box::new(prepare), validate: None };
        list(&mut self.updates, name, update)
    }

    /// Lets a function refuse the update that was listed last, before it is accepted and leaves a trace.
    pub fn validator<I: Arguments, E: ReturnedError>(&mut self, validator: fn(&W, &I) -> Result<(), E>) {
        self.add_validator(typed, validator);
    }

    /// The same, for the update handler that takes all names.
    pub fn dynamic_validator<E: ReturnedError>(&mut self, validator: fn(&W, &(String, RawArguments)) -> Result<(), E>) {
        self.add_validator(untyped, validator);
    }

    fn add_validator<I: 'static, E: ReturnedError>(&mut self, read: Read<I>, validator: fn(&W, &I) -> Result<(), E>) {
        let validate = move |workflow: &W, arrived: Arrived<'_>| {
            let input = read(arrived.name, arrived.arguments, arrived.converter.payloads())?;
            Ok(validator(workflow, &input).map_err(|error| Box::new(error.into_failure(arrived.converter))))
        };
        if let Some(update) = self.updates.last_mut() {
            update.handler.validate = Some(Box::new(validate));
        }
    }
}

impl<W: 'static> Handlers<W> {
    /// The declared handler of signals of this name.
    pub(crate) fn bind_signal(this: &Arc<Self>, workflow: &Rc<W>, name: Option<&str>) -> Option<Rc<SignalHandler>> {
        let index = position(&this.signals, name)?;
        let (handlers, workflow) = (Arc::clone(this), Rc::clone(workflow));
        Some(Rc::new(SignalHandler {
            about: About::from(&this.signals[index].facts),
            call: Box::new(move |ctx, arrived| (handlers.signals[index].handler)(&workflow, ctx, arrived)),
        }))
    }

    /// The declared handler of queries of this name.
    pub(crate) fn bind_query(this: &Arc<Self>, workflow: &Rc<W>, name: Option<&str>) -> Option<Rc<QueryHandler>> {
        let index = position(&this.queries, name)?;
        let (handlers, workflow) = (Arc::clone(this), Rc::clone(workflow));
        Some(Rc::new(QueryHandler {
            about: About::from(&this.queries[index].facts),
            call: Box::new(move |arrived| (handlers.queries[index].handler)(&workflow, arrived)),
        }))
    }

    /// The declared handler of updates of this name.
    pub(crate) fn bind_update(this: &Arc<Self>, workflow: &Rc<W>, name: Option<&str>) -> Option<Rc<UpdateHandler>> {
        let index = position(&this.updates, name)?;
        let entry = &this.updates[index];
        let validate = entry.handler.validate.as_ref().map(|_| {
            let (handlers, workflow) = (Arc::clone(this), Rc::clone(workflow));
            Rc::new(move |arrived: Arrived<'_>| match &handlers.updates[index].handler.validate {
                Some(validate) => validate(&workflow, arrived),
                None => Ok(Ok(())),
            }) as Rc<ValidateUpdate>
        });
        let (handlers, workflow) = (Arc::clone(this), Rc::clone(workflow));
        Some(Rc::new(UpdateHandler {
            about: About::from(&entry.facts),
            prepare: Box::new(move |ctx, arrived| (handlers.updates[index].handler.prepare)(&workflow, ctx, arrived)),
            validate: RefCell::new(validate),
        }))
    }
}

impl<R: SignalReturned> Handling<R> {
    /// The same, with what the executor wants to know of a signal.
    pub(crate) fn into_signal_handling(self) -> SignalHandling {
        match self {
            Self::Done(returned) => Handling::Done(returned.into_signal_result()),
            Self::Running(future) => Handling::running(async move { future.await.into_signal_result() }),
        }
    }
}

impl<O: Value, E: ReturnedError> Handling<Result<O, E>> {
    /// The same, with the answer encoded.
    pub(crate) fn into_update_handling(self, converter: DataConverter) -> Handling<UpdateResult> {
        match self {
            Self::Done(result) => Handling::Done(update_result(result, &converter)),
            Self::Running(future) => Handling::running(async move { update_result(future.await, &converter) }),
        }
    }
}

/// What an update is answered with.
pub(crate) fn update_result<O: Value, E: ReturnedError>(
    result: Result<O, E>,
    converter: &DataConverter,
) -> UpdateResult {
    match result {
        Ok(value) => converter.payloads().encode(&value).map(Ok),
        Err(error) => Ok(Err(Box::new(error.into_failure(converter)))),
    }
}

/// What a message is answered with.
pub(crate) fn answer<O: Value, E: ReturnedError>(
    result: Result<O, E>,
    converter: &DataConverter,
) -> Result<Payload, Box<Failure>> {
    match result {
        Ok(value) => converter.payloads().encode(&value).map_err(unreadable(converter)),
        Err(error) => Err(Box::new(error.into_failure(converter))),
    }
}

fn list<'a, H>(entries: &'a mut Vec<Entry<H>>, name: Option<&'static str>, handler: H) -> Listed<'a> {
    entries.push(Entry { facts: Facts { name, ..Facts::default() }, handler });
    Listed(&mut entries.last_mut().expect("it was just added").facts)
}

fn position<H>(entries: &[Entry<H>], name: Option<&str>) -> Option<usize> {
    entries.iter().position(|entry| entry.facts.name == name)
}

impl<W> fmt::Debug for Handlers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn names<H>(entries: &[Entry<H>]) -> Vec<&'static str> {
            entries.iter().map(|entry| entry.facts.name.unwrap_or("(dynamic)")).collect()
        }
        f.debug_struct("Handlers")
            .field("signals", &names(&self.signals))
            .field("queries", &names(&self.queries))
            .field("updates", &names(&self.updates))
            .finish()
    }
}

impl fmt::Debug for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("name", &self.0.name).finish_non_exhaustive()
    }
}
