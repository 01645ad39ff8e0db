//! What a caller knows of an activity.

use std::borrow::Cow;
use std::fmt;

use perpetua_convert::{Arguments, CallError, Value};

/// An activity, as its callers see it.
pub trait ActivityDefinition: Sized + 'static {
    /// The name it is registered under.
    const NAME: &'static str;
    /// Its arguments.
    type Input: Arguments;
    /// What it returns.
    type Output: Value;
    /// What it throws.
    type Error: CallError;
}

/// An activity with its arguments: what a stub returns. Nothing happens until it is handed to a workflow's context.
#[must_use = "a call does nothing until it is handed on, as in `ctx.activity(call).await`"]
pub struct ActivityCall<D: ActivityDefinition> {
    name: Cow<'static, str>,
    input: D::Input,
}

impl<D: ActivityDefinition> ActivityCall<D> {
    /// The activity with these arguments.
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

impl<D: ActivityDefinition> fmt::Debug for ActivityCall<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityCall").field("name", &self.name).finish_non_exhaustive()
    }
}
