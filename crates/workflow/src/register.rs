//! Handlers that a workflow registers while it runs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use perpetua_contract::Returned;
use perpetua_convert::{Arguments, DataConverter, RawArguments, ReturnedError, Value};
use perpetua_core::Fault;

use crate::Ctx;
use crate::built_in::BUILT_IN;
use crate::handlers::{
    About, Arrived, PreparedUpdate, QueryHandler, Read, SignalHandler, UnfinishedPolicy, UpdateHandler, answer, typed,
    unreadable, untyped, update_result,
};
use crate::implementation::{Handling, LocalFailure, SignalReturned};
use crate::registered::is_reserved;

/// Stands where the name of a message stands, for a handler that takes all messages that no other handler takes. Such a
/// handler takes the name and the [`RawArguments`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dynamic;

/// The name of the messages that a handler is for, or [`Dynamic`] for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageName(Option<String>);

impl From<&str> for MessageName {
    fn from(name: &str) -> Self {
        Self(Some(name.to_owned()))
    }
}

impl From<String> for MessageName {
    fn from(name: String) -> Self {
        Self(Some(name))
    }
}

impl From<Dynamic> for MessageName {
    fn from(_: Dynamic) -> Self {
        Self(None)
    }
}

/// A name of messages whose handlers take the values `I`.
#[diagnostic::on_unimplemented(
    message = "messages named by `{Self}` do not come as `{I}`",
    note = "a handler of a name takes the arguments; a handler of `Dynamic` takes `name: String, arguments: RawArguments`"
)]
pub trait NamesMessages<I>: Into<MessageName> {
    /// Reads what a message carries.
    #[doc(hidden)]
    const READ: Read<I>;
}

impl<I: Arguments> NamesMessages<I> for &str {
    const READ: Read<I> = typed;
}

impl<I: Arguments> NamesMessages<I> for String {
    const READ: Read<I> = typed;
}

impl NamesMessages<(String, RawArguments)> for Dynamic {
    const READ: Read<(String, RawArguments)> = untyped;
}

// Functions as handlers
// ---------------------

/// A function without the context, as a handler.
#[derive(Debug)]
pub enum Plain {}

/// A function with the context that returns a future, as a handler.
#[derive(Debug)]
pub enum WithContext {}

/// A function that handles signals: `|item: String| ..`, or `|ctx: Ctx, item: String| async move { .. }`. It returns nothing,
/// or `WorkflowResult<()>`, whose error fails the workflow.
#[diagnostic::on_unimplemented(
    message = "this function does not handle signals",
    note = "a handler takes the arguments and returns nothing or `WorkflowResult<()>`; if it returns a future, it takes the \
            context before them: `|ctx: Ctx, item: String| async move {{ .. }}`; its parameters have their types written"
)]
pub trait SignalFunction<I, M>: 'static {
    /// Calls it.
    #[doc(hidden)]
    fn call(&self, ctx: Ctx, input: I) -> Handling<Result<(), LocalFailure>>;
}

/// A function that answers queries: `|unit: String| ..`.
#[diagnostic::on_unimplemented(
    message = "this function does not answer queries",
    note = "a handler takes the arguments and returns the answer; its parameters have their types written"
)]
pub trait QueryFunction<I>: 'static {
    /// What it returns.
    type Answer;

    /// Calls it.
    #[doc(hidden)]
    fn call(&self, input: I) -> Self::Answer;
}

/// A function that handles updates: `|item: String| ..`, or `|ctx: Ctx, item: String| async move { .. }`. It returns a
/// `Result`.
#[diagnostic::on_unimplemented(
    message = "this function does not handle updates",
    note = "a handler takes the arguments and returns a `Result`; if it returns a future, it takes the context before \
            them: `|ctx: Ctx, item: String| async move {{ .. }}`; its parameters have their types written"
)]
pub trait UpdateFunction<I, M>: 'static {
    /// What it returns, or its future gives.
    type Result: Returned + 'static;

    /// Calls it.
    #[doc(hidden)]
    fn call(&self, ctx: Ctx, input: I) -> Handling<Self::Result>;
}

/// A function that may refuse an update: `|item: &String| -> Result<(), AnyError> { .. }`.
#[diagnostic::on_unimplemented(
    message = "this function does not validate this update",
    note = "a validator takes what the handler takes, by reference and without the context, and returns a `Result<(), E>`"
)]
pub trait ValidatorFunction<I>: 'static {
    /// What it refuses an update with.
    type Error: ReturnedError;

    /// Calls it.
    #[doc(hidden)]
    fn call(&self, input: &I) -> Result<(), Self::Error>;
}

macro_rules! functions {
    ($(($($value:ident $index:tt),*))+) => {$(
        impl<F, R, $($value),*> SignalFunction<($($value,)*), Plain> for F
        where
            F: Fn($($value),*) -> R + 'static,
            R: SignalReturned,
        {
            #[allow(non_snake_case)]
            fn call(&self, _: Ctx, ($($value,)*): ($($value,)*)) -> Handling<Result<(), LocalFailure>> {
                Handling::Done(self($($value),*)).into_signal_handling()
            }
        }

        impl<F, R, $($value),*> SignalFunction<($($value,)*), WithContext> for F
        where
            F: Fn(Ctx, $($value),*) -> R + 'static,
            R: Future<Output: SignalReturned> + 'static,
        {
            #[allow(non_snake_case)]
            fn call(&self, ctx: Ctx, ($($value,)*): ($($value,)*)) -> Handling<Result<(), LocalFailure>> {
                Handling::running(self(ctx, $($value),*)).into_signal_handling()
            }
        }

        impl<F, R, $($value),*> QueryFunction<($($value,)*)> for F
        where
            F: Fn($($value),*) -> R + 'static,
        {
            type Answer = R;

            #[allow(non_snake_case)]
            fn call(&self, ($($value,)*): ($($value,)*)) -> R {
                self($($value),*)
            }
        }

        impl<F, R, $($value),*> UpdateFunction<($($value,)*), Plain> for F
        where
            F: Fn($($value),*) -> R + 'static,
            R: Returned + 'static,
        {
            type Result = R;

            #[allow(non_snake_case)]
            fn call(&self, _: Ctx, ($($value,)*): ($($value,)*)) -> Handling<R> {
                Handling::Done(self($($value),*))
            }
        }

        impl<F, R, $($value),*> UpdateFunction<($($value,)*), WithContext> for F
        where
            F: Fn(Ctx, $($value),*) -> R + 'static,
            R: Future<Output: Returned + 'static> + 'static,
        {
            type Result = R::Output;

            #[allow(non_snake_case)]
            fn call(&self, ctx: Ctx, ($($value,)*): ($($value,)*)) -> Handling<R::Output> {
                Handling::running(self(ctx, $($value),*))
            }
        }

        impl<F, E, $($value),*> ValidatorFunction<($($value,)*)> for F
        where
            F: Fn($(&$value),*) -> Result<(), E> + 'static,
            E: ReturnedError,
        {
            type Error = E;

            #[allow(unused_variables)]
            fn call(&self, input: &($($value,)*)) -> Result<(), E> {
                self($(&input.$index),*)
            }
        }
    )+};
}

functions! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E_ 4)
    (A 0, B 1, C 2, D 3, E_ 4, F_ 5)
    (A 0, B 1, C 2, D 3, E_ 4, F_ 5, G 6)
    (A 0, B 1, C 2, D 3, E_ 4, F_ 5, G 6, H 7)
}

// What was registered
// -------------------

/// A handler of signals that was registered, to say more of it.
pub struct RegisteredSignal(Rc<SignalHandler>);

/// A handler of queries that was registered, to say more of it.
pub struct RegisteredQuery(Rc<QueryHandler>);

/// A handler of updates that was registered, to say more of it.
pub struct RegisteredUpdate<I> {
    handler: Rc<UpdateHandler>,
    read: Read<I>,
    input: PhantomData<fn(I)>,
}

impl RegisteredSignal {
    /// One paragraph that tools show beside its name; by default nothing.
    pub fn description(self, description: impl Into<Cow<'static, str>>) -> Self {
        self.0.about.describe(description);
        self
    }

    /// What becomes of it if it is running when the workflow ends; by default a warning.
    pub fn unfinished_policy(self, policy: UnfinishedPolicy) -> Self {
        self.0.about.policy.set(policy);
        self
    }
}

impl RegisteredQuery {
    /// One paragraph that tools show beside its name; by default nothing.
    pub fn description(self, description: impl Into<Cow<'static, str>>) -> Self {
        self.0.about.describe(description);
        self
    }
}

impl<I: 'static> RegisteredUpdate<I> {
    /// One paragraph that tools show beside its name; by default nothing.
    pub fn description(self, description: impl Into<Cow<'static, str>>) -> Self {
        self.handler.about.describe(description);
        self
    }

    /// What becomes of it if it is running when the workflow ends; by default a warning.
    pub fn unfinished_policy(self, policy: UnfinishedPolicy) -> Self {
        self.handler.about.policy.set(policy);
        self
    }

    /// Lets a function refuse an update before it is accepted and leaves a trace. It must only look. By default every
    /// update is accepted.
    pub fn validator(self, validator: impl ValidatorFunction<I>) -> Self {
        let read = self.read;
        let validate = move |arrived: Arrived<'_>| {
            let input = read(arrived.name, arrived.arguments, arrived.converter.payloads())?;
            Ok(validator.call(&input).map_err(|error| Box::new(error.into_failure(arrived.converter))))
        };
        let replaced = self.handler.validate.replace(Some(Rc::new(validate)));
        drop(replaced);
        self
    }
}

impl About {
    fn describe(&self, description: impl Into<Cow<'static, str>>) {
        *self.description.borrow_mut() = description.into();
    }
}

impl Ctx {
    /// Registers a handler for the signals of this name, or with [`Dynamic`] for all signals that no other handler takes. It
    /// takes the place of the one before, if there was one, declared or registered. Signals that had no handler are
    /// handed to it, in the order in which they arrived, as soon as the caller waits or returns.
    ///
    /// ```
    /// # use std::rc::Rc;
    /// # use perpetua_convert::{RawArguments, WorkflowResult};
    /// # use perpetua_workflow::{Ctx, Dynamic, State};
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// let items = Rc::new(State::new(Vec::new()));
    /// let theirs = Rc::clone(&items);
    /// ctx.on_signal("add", move |item: String| theirs.update(|items| items.push(item)));
    /// ctx.on_signal("remind", |ctx: Ctx, seconds: u64| async move {
    ///     ctx.sleep(std::time::Duration::from_secs(seconds)).await?;
    ///     WorkflowResult::<()>::Ok(())
    /// });
    /// let log = ctx.log();
    /// ctx.on_signal(Dynamic, move |name: String, arguments: RawArguments| {
    ///     log.info(format_args!("{name}, with {} arguments", arguments.len()));
    /// });
    /// ctx.wait_until(|| items.with(Vec::len) == 3).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The handler outlives the caller, so it cannot borrow from it: [`this`](Self::this) gives it the workflow.
    /// What it registers in an `#[init]` function is there for the messages that came with the start.
    #[track_caller]
    pub fn on_signal<N, I, M, F>(&self, name: N, handler: F) -> RegisteredSignal
    where
        N: NamesMessages<I>,
        I: 'static,
        F: SignalFunction<I, M>,
    {
        let call = move |ctx: Self, arrived: Arrived<'_>| {
            let input = (N::READ)(arrived.name, arrived.arguments, arrived.converter.payloads())?;
            Ok(handler.call(ctx, input))
        };
        let handler = Rc::new(SignalHandler { call: Box::new(call), about: About::default() });
        if let Some(name) = self.may_register("signal", name.into()) {
            self.runtime.registered.signals.put(name, Some(Rc::clone(&handler)));
            self.runtime.registered.look_at_what_waits();
        }
        RegisteredSignal(handler)
    }

    /// Registers a function that answers the queries of this name, or with [`Dynamic`] all queries that no other handler
    /// answers. It takes the place of the one before, if there was one, even of `__stack_trace` and the other queries that
    /// every workflow answers. It must only look.
    ///
    /// ```
    /// # use std::rc::Rc;
    /// # use perpetua_workflow::{Ctx, State};
    /// # fn example(ctx: Ctx, items: Rc<State<Vec<String>>>) {
    /// ctx.on_query("items", move || items.get()).description("What is in the basket.");
    /// # }
    /// ```
    #[track_caller]
    pub fn on_query<N, I, F>(&self, name: N, handler: F) -> RegisteredQuery
    where
        N: NamesMessages<I>,
        I: 'static,
        F: QueryFunction<I, Answer: Value>,
    {
        self.answer_query(name, move |input, converter| {
            converter.payloads().encode(&handler.call(input)).map_err(unreadable(converter))
        })
    }

    /// The same for a function that returns a `Result`, whose error fails the query.
    #[track_caller]
    pub fn on_fallible_query<N, I, F, O, E>(&self, name: N, handler: F) -> RegisteredQuery
    where
        N: NamesMessages<I>,
        I: 'static,
        F: QueryFunction<I, Answer = Result<O, E>>,
        O: Value,
        E: ReturnedError,
    {
        self.answer_query(name, move |input, converter| answer(handler.call(input), converter))
    }

    #[track_caller]
    fn answer_query<N: NamesMessages<I>, I: 'static>(
        &self,
        name: N,
        handler: impl Fn(I, &DataConverter) -> Result<perpetua_vocab::Payload, Box<perpetua_vocab::Failure>> + 'static,
    ) -> RegisteredQuery {
        let call = move |arrived: Arrived<'_>| {
            let converter = arrived.converter;
            let input =
                (N::READ)(arrived.name, arrived.arguments, converter.payloads()).map_err(unreadable(converter))?;
            handler(input, converter)
        };
        let handler = Rc::new(QueryHandler { call: Box::new(call), about: About::default() });
        if let Some(name) = self.may_register("query", name.into()) {
            self.runtime.registered.queries.put(name, Some(Rc::clone(&handler)));
        }
        RegisteredQuery(handler)
    }

    /// Registers a handler for the updates of this name, or with [`Dynamic`] for all updates that no other handler takes.
    /// It takes the place of the one before, if there was one. Updates that came with the start of the workflow are
    /// handed to it, if it is registered before the main function first waits; later ones without a handler are refused.
    ///
    /// ```
    /// # use std::rc::Rc;
    /// # use perpetua_convert::AnyError;
    /// # use perpetua_workflow::{Ctx, State};
    /// # fn example(ctx: Ctx, items: Rc<State<Vec<String>>>) {
    /// ctx.on_update("add", move |item: String| {
    ///     items.update(|items| items.push(item));
    ///     Ok::<_, AnyError>(items.with(Vec::len))
    /// })
    /// .validator(|item: &String| if item.is_empty() { Err(AnyError::message("an item has a name")) } else { Ok(()) });
    /// # }
    /// ```
    #[track_caller]
    pub fn on_update<N, I, M, F>(&self, name: N, handler: F) -> RegisteredUpdate<I>
    where
        N: NamesMessages<I>,
        I: 'static,
        F: UpdateFunction<I, M>,
    {
        let handler = Rc::new(handler);
        let prepare = move |ctx: Self, arrived: Arrived<'_>| {
            let input = (N::READ)(arrived.name, arrived.arguments, arrived.converter.payloads())?;
            let (handler, converter) = (Rc::clone(&handler), arrived.converter.clone());
            Ok(Box::new(move || match handler.call(ctx, input) {
                Handling::Done(returned) => Handling::Done(update_result(returned.into_result(), &converter)),
                Handling::Running(future) => {
                    Handling::running(async move { update_result(future.await.into_result(), &converter) })
                }
            }) as PreparedUpdate)
        };
        let about = About::default();
        let handler = Rc::new(UpdateHandler { prepare: Box::new(prepare), validate: RefCell::new(None), about });
        if let Some(name) = self.may_register("update", name.into()) {
            self.runtime.registered.updates.put(name, Some(Rc::clone(&handler)));
        }
        RegisteredUpdate { handler, read: N::READ, input: PhantomData }
    }

    /// Removes the handler of the signals of this name, declared or registered. They go to the dynamic handler, if there is
    /// one, else they wait until there is a handler.
    pub fn remove_signal_handler(&self, name: impl Into<MessageName>) {
        self.runtime.assert_may_register("remove a signal handler");
        self.runtime.registered.signals.put(name.into().0, None);
    }

    /// Removes the handler of the queries of this name, declared, registered or every workflow's.
    pub fn remove_query_handler(&self, name: impl Into<MessageName>) {
        self.runtime.assert_may_register("remove a query handler");
        self.runtime.registered.queries.put(name.into().0, None);
    }

    /// Removes the handler of the updates of this name, declared or registered. Those that come later are refused, if
    /// there is no dynamic handler.
    pub fn remove_update_handler(&self, name: impl Into<MessageName>) {
        self.runtime.assert_may_register("remove an update handler");
        self.runtime.registered.updates.put(name.into().0, None);
    }

    /// The name under which a handler is to be registered, if that may be done.
    #[track_caller]
    fn may_register(&self, kind: &str, name: MessageName) -> Option<Option<String>> {
        self.runtime.assert_may_register("register a handler");
        let MessageName(name) = name;
        let reserved = name.as_deref().filter(|name| {
            let answered = kind == "query" && BUILT_IN.iter().any(|(known, _)| known == name);
            is_reserved(name) && !answered
        });
        if let Some(name) = reserved {
            let location = Location::caller();
            self.runtime.fail_task(Fault::code(format!(
                "a handler of {kind} `{name}` was registered (at {location}), but names that begin with `__temporal_` are \
                 reserved for the platform; choose another one"
            )));
            return None;
        }
        Some(name)
    }
}

impl fmt::Debug for RegisteredSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegisteredSignal").field(&self.0.about).finish()
    }
}

impl fmt::Debug for RegisteredQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegisteredQuery").field(&self.0.about).finish()
    }
}

impl<I> fmt::Debug for RegisteredUpdate<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegisteredUpdate").field(&self.handler.about).finish()
    }
}
