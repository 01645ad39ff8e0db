//! What generated code names. Not for anybody else: it changes with the macros.
//!
//! Besides re-exports, these are small functions with bounds, whose only purpose is that the compiler complains at the
//! right place and in the right words.

pub use perpetua_contract::{
    ActivityCall, ActivityDefinition, QueryCall, QueryTarget, Returned, SignalCall, SignalTarget, UpdateCall,
    UpdateTarget, WorkflowCall, WorkflowDefinition, WorkflowReturned,
};
pub use perpetua_convert::{
    AnyError, ApplicationDescription, ApplicationError, Arguments, Canceled, ConversionError, DataConverter, FromCause,
    RawArguments, RemoteApplication, Value, WorkflowError, derive,
};
pub use perpetua_vocab::ErrorCategory;
pub use perpetua_worker::{Activities, ActivityContext, ActivityExecution, ActivityImplementation, ActivitySet};
pub use perpetua_workflow::implementation::{
    Handlers, Handling, LocalFuture, SignalReturned, WorkflowImplementation, returned,
};
pub use perpetua_workflow::{Ctx, UnfinishedPolicy};

#[cfg(feature = "testing")]
pub use perpetua_testing::harness::run as run_test;

#[cfg(feature = "testing")]
pub use perpetua_testing::TestEnv;

/// The type of a parameter that is an activity's context.
#[diagnostic::on_unimplemented(
    message = "an activity's first parameter, if it is called `ctx`, is the context, not `{Self}`",
    label = "not `ActivityContext`",
    note = "for the context, write `ctx: ActivityContext`; an argument needs another name"
)]
pub trait ActivityContextParameter {
    /// The context as this type.
    fn from_context(ctx: ActivityContext) -> Self;
}

impl ActivityContextParameter for ActivityContext {
    fn from_context(ctx: ActivityContext) -> Self {
        ctx
    }
}

/// Gives an activity its context.
pub fn activity_context<P: ActivityContextParameter>(ctx: ActivityContext) -> P {
    P::from_context(ctx)
}

/// The type of a parameter that is a workflow's context.
#[diagnostic::on_unimplemented(
    message = "the first parameter of an `async` function of a workflow is the context, not `{Self}`",
    label = "not `Ctx`",
    note = "write `ctx: Ctx` before the arguments"
)]
pub trait WorkflowContextParameter {
    /// The context as this type.
    fn from_context(ctx: Ctx) -> Self;
}

impl WorkflowContextParameter for Ctx {
    fn from_context(ctx: Ctx) -> Self {
        ctx
    }
}

/// Gives a workflow, or a handler, its context.
pub fn workflow_context<P: WorkflowContextParameter>(ctx: Ctx) -> P {
    P::from_context(ctx)
}

/// A message that comes to a dynamic handler: its name and its arguments.
pub type DynamicMessage = (String, RawArguments);

/// The type of a parameter that is the name of a message.
#[diagnostic::on_unimplemented(
    message = "the first parameter of a dynamic handler, after the context, is the name of the message, not `{Self}`",
    label = "not `String`",
    note = "write `name: String, arguments: RawArguments`"
)]
pub trait DynamicName {
    /// The name as this type.
    fn from_name(name: String) -> Self;
    /// The name.
    fn into_name(self) -> String;
}

impl DynamicName for String {
    fn from_name(name: String) -> Self {
        name
    }

    fn into_name(self) -> String {
        self
    }
}

/// Gives a dynamic handler the name of a message.
pub fn dynamic_name<P: DynamicName>(name: String) -> P {
    P::from_name(name)
}

/// Takes the name of a message from a caller.
pub fn called_name<P: DynamicName>(name: P) -> String {
    name.into_name()
}

/// The type of a parameter that is all arguments of a call.
#[diagnostic::on_unimplemented(
    message = "what is dynamic takes the arguments as they are, as one value, not as `{Self}`",
    label = "not `RawArguments`",
    note = "write `arguments: RawArguments`; they are read with `arguments.get::<T>(0)` or `arguments.decode::<(A, B)>()`"
)]
pub trait DynamicArguments {
    /// The arguments as this type.
    fn from_arguments(arguments: RawArguments) -> Self;
    /// The arguments.
    fn into_arguments(self) -> RawArguments;
}

impl DynamicArguments for RawArguments {
    fn from_arguments(arguments: RawArguments) -> Self {
        arguments
    }

    fn into_arguments(self) -> RawArguments {
        self
    }
}

/// Gives what is dynamic its arguments.
pub fn dynamic_arguments<P: DynamicArguments>(arguments: RawArguments) -> P {
    P::from_arguments(arguments)
}

/// Takes the arguments of something dynamic from a caller.
pub fn called_arguments<P: DynamicArguments>(arguments: P) -> RawArguments {
    arguments.into_arguments()
}

/// State that begins without looking at the input.
#[diagnostic::on_unimplemented(
    message = "nothing says what the state of the workflow `{Self}` is when it begins",
    label = "no `Default` and no `#[init]` function",
    note = "add `#[derive(Default)]` to `{Self}`, or an `#[init] fn new(ctx: &Ctx, ..) -> Self` to its `#[workflow]` block"
)]
pub trait InitialState {
    /// The state when the workflow begins.
    fn initial_state() -> Self;
}

#[diagnostic::do_not_recommend]
impl<W: Default> InitialState for W {
    fn initial_state() -> Self {
        Self::default()
    }
}

/// The state when a workflow begins.
pub fn initial_state<W: InitialState>() -> W {
    W::initial_state()
}

/// The arguments of a message. Naming them through this lets the compiler complain once, not wherever they are used.
pub trait MessageArguments {
    /// The same.
    type Tuple: Arguments;
}

impl<T: Arguments> MessageArguments for T {
    type Tuple = T;
}

/// The answer of a query.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as the answer of a query",
    label = "not both `serde::Serialize` and `serde::Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to `{Self}`"
)]
pub trait Answer {
    /// The type of the answer.
    type Value: Value;

    /// The answer.
    fn into_value(self) -> Self::Value;
}

#[diagnostic::do_not_recommend]
impl<T: Value> Answer for T {
    type Value = T;

    fn into_value(self) -> T {
        self
    }
}

/// What a signal handler returns.
#[diagnostic::on_unimplemented(
    message = "a signal handler returns nothing, or `WorkflowResult<()>`, not `{Self}`",
    label = "nobody receives this value",
    note = "to answer the sender, make it an `#[update]`"
)]
pub trait SignalAnswer {
    /// The same.
    type Returned: SignalReturned;

    /// The same.
    fn into_returned(self) -> Self::Returned;
}

#[diagnostic::do_not_recommend]
impl<T: SignalReturned> SignalAnswer for T {
    type Returned = T;

    fn into_returned(self) -> T {
        self
    }
}

/// An argument that might have been meant to be the context.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not travel, so it cannot be an argument",
    label = "is this meant to be the context?",
    note = "the context of an activity is its first parameter and is called `ctx`; that of a workflow's `async` function \
            comes first; functions that are not `async`, and interfaces, have none"
)]
pub trait NotContext {}

#[diagnostic::do_not_recommend]
impl<T: Value> NotContext for T {}

/// Checks an argument that might have been meant to be the context.
pub fn argument_not_context<T: NotContext>() {}

/// Checks what the signal of an interface returns.
pub fn signal_returns<T: SignalAnswer>() {}
