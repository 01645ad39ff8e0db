//! What a caller knows of a workflow.

use std::borrow::Cow;
use std::fmt;

use perpetua_convert::{Arguments, CallError, Value};

use crate::{QueryCall, SignalCall, UpdateCall};

/// A workflow, as its callers see it.
pub trait WorkflowDefinition: Sized + 'static {
    /// The name it is registered under.
    const NAME: &'static str;
    /// Its arguments.
    type Input: Arguments;
    /// What it returns.
    type Output: Value;
    /// What it throws.
    type Error: CallError;
    /// A handle with a method for each message, around whatever can deliver them. A workflow without messages needs
    /// none: `T` itself.
    type Handle<T>;

    /// Puts the messages' methods around `target`.
    fn handle<T>(target: T) -> Self::Handle<T>;
}

/// A workflow with its arguments: what the `run` stub returns. Nothing happens until it is handed on.
#[must_use = "a call does nothing until it is handed on, as in `client.start(call).await`"]
pub struct WorkflowCall<D: WorkflowDefinition> {
    name: Cow<'static, str>,
    input: D::Input,
}

impl<D: WorkflowDefinition> WorkflowCall<D> {
    /// The workflow with these arguments.
    pub fn new(input: D::Input) -> Self {
        Self { name: Cow::Borrowed(D::NAME), input }
    }

    /// The same under another name.
    pub fn named(name: impl Into<Cow<'static, str>>, input: D::Input) -> Self {
        Self { name: name.into(), input }
    }

    /// The name it is registered under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments.
    pub fn input(&self) -> &D::Input {
        &self.input
    }

    /// The name and the arguments, given up.
    pub fn into_parts(self) -> (Cow<'static, str>, D::Input) {
        (self.name, self.input)
    }
}

impl<D: WorkflowDefinition> fmt::Debug for WorkflowCall<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowCall").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Something that delivers signals to a workflow: a client's handle, a child, an external workflow.
#[diagnostic::on_unimplemented(message = "signals cannot be sent through `{Self}`")]
pub trait SignalTarget<D: WorkflowDefinition> {
    /// The request, ready to be awaited.
    type Signal;

    /// Describes the request; nothing happens before it is awaited.
    fn signal<I: Arguments>(&self, call: SignalCall<D, I>) -> Self::Signal;
}

/// Something that delivers queries to a workflow: a client's handle.
#[diagnostic::on_unimplemented(
    message = "queries cannot be sent through `{Self}`",
    note = "only a client can query; a workflow that needs another one's state asks with a signal or runs an activity that queries"
)]
pub trait QueryTarget<D: WorkflowDefinition> {
    /// The request, ready to be awaited.
    type Query<O: Value>;

    /// Describes the request; nothing happens before it is awaited.
    fn query<I: Arguments, O: Value>(&self, call: QueryCall<D, I, O>) -> Self::Query<O>;
}

/// Something that delivers updates to a workflow: a client's handle.
#[diagnostic::on_unimplemented(
    message = "updates cannot be sent through `{Self}`",
    note = "only a client can send an update; a workflow sends a signal, or runs an activity that sends the update"
)]
pub trait UpdateTarget<D: WorkflowDefinition> {
    /// The request, ready to be awaited.
    type Update<O: Value, E: CallError>;

    /// Describes the request; nothing happens before it is awaited.
    fn update<I: Arguments, O: Value, E: CallError>(&self, call: UpdateCall<D, I, O, E>) -> Self::Update<O, E>;
}
