//! What generated code names. Not for anybody else: it changes with the macros.
//!
//! Besides re-exports, these are small functions with bounds, whose only purpose is that the compiler complains at the
//! right place and in the right words.

pub use perpetua_contract::{
    ActivityCall, ActivityDefinition, QueryCall, QueryTarget, Returned, SignalCall, SignalTarget, UpdateCall,
    UpdateTarget, WorkflowCall, WorkflowDefinition, WorkflowReturned,
};
pub use perpetua_convert::{
    AnyError, ApplicationDescription, ApplicationError, Canceled, ConversionError, DataConverter, FromCause,
    RemoteApplication, Value, WorkflowError, derive,
};
pub use perpetua_vocab::ErrorCategory;
pub use perpetua_worker::{Activities, ActivityContext, ActivityExecution, ActivityImplementation, ActivitySet};
pub use perpetua_workflow::Ctx;
pub use perpetua_workflow::implementation::{
    Handlers, Handling, LocalFuture, SignalReturned, WorkflowImplementation, returned,
};

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

impl<W: Default> InitialState for W {
    fn initial_state() -> Self {
        Self::default()
    }
}

/// The state when a workflow begins.
pub fn initial_state<W: InitialState>() -> W {
    W::initial_state()
}

/// An argument that might have been meant to be the context.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not travel, so it cannot be an argument",
    label = "is this meant to be the context?",
    note = "the context of an activity is its first parameter and is called `ctx`; that of a workflow's `async` function \
            comes first; functions that are not `async`, and interfaces, have none"
)]
pub trait NotContext {}

impl<T: Value> NotContext for T {}

/// Checks an argument that might have been meant to be the context.
pub fn argument_not_context<T: NotContext>() {}

/// Checks what the signal of an interface returns.
pub fn signal_returns<T: SignalReturned>() {}
