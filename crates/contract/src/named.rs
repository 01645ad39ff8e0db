//! Calls by name, for code in other languages and for types that are known only at run time.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use perpetua_convert::{AnyError, Arguments, RawValue, Value};

use crate::{ActivityCall, ActivityDefinition, WorkflowCall, WorkflowDefinition};

/// A workflow that is known by its name only.
///
/// ```
/// use perpetua_contract::Workflow;
///
/// let call = Workflow::named("OrderWorkflow").args(("order-7".to_owned(), 3)).returning::<u64>();
/// assert_eq!(call.name(), "OrderWorkflow");
/// # let _ = call;
/// ```
#[derive(Clone, Debug)]
pub struct Workflow(Cow<'static, str>);

/// An activity that is known by its name only.
///
/// ```
/// use perpetua_contract::Activity;
///
/// let call = Activity::named("charge_card").args(("4111".to_owned(), 250)).returning::<String>();
/// assert_eq!(call.input().1, 250);
/// # let _ = call;
/// ```
#[derive(Clone, Debug)]
pub struct Activity(Cow<'static, str>);

/// The definition behind [`Workflow::named`]: arguments `I`, result `O`.
pub struct NamedWorkflow<I = (), O = RawValue>(PhantomData<fn() -> (I, O)>);

/// The definition behind [`Activity::named`]: arguments `I`, result `O`.
pub struct NamedActivity<I = (), O = RawValue>(PhantomData<fn() -> (I, O)>);

impl Workflow {
    /// The workflow registered under this name.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Gives it its arguments, as a tuple. The result is left raw; [`WorkflowCall::returning`] says what it is.
    pub fn args<I: Arguments>(self, arguments: I) -> WorkflowCall<NamedWorkflow<I>> {
        WorkflowCall::named(self.0, arguments)
    }
}

impl Activity {
    /// The activity registered under this name.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Gives it its arguments, as a tuple. The result is left raw; [`ActivityCall::returning`] says what it is.
    pub fn args<I: Arguments>(self, arguments: I) -> ActivityCall<NamedActivity<I>> {
        ActivityCall::named(self.0, arguments)
    }
}

impl<I: Arguments, O: Value> WorkflowCall<NamedWorkflow<I, O>> {
    /// Says what the result is.
    pub fn returning<T: Value>(self) -> WorkflowCall<NamedWorkflow<I, T>> {
        let (name, input) = self.into_parts();
        WorkflowCall::named(name, input)
    }
}

impl<I: Arguments, O: Value> ActivityCall<NamedActivity<I, O>> {
    /// Says what the result is.
    pub fn returning<T: Value>(self) -> ActivityCall<NamedActivity<I, T>> {
        let (name, input) = self.into_parts();
        ActivityCall::named(name, input)
    }
}

impl<I: Arguments, O: Value> WorkflowDefinition for NamedWorkflow<I, O> {
    const NAME: &'static str = "";
    type Input = I;
    type Output = O;
    type Error = AnyError;
    type Handle<T> = T;

    fn handle<T>(target: T) -> T {
        target
    }
}

impl<I: Arguments, O: Value> ActivityDefinition for NamedActivity<I, O> {
    const NAME: &'static str = "";
    type Input = I;
    type Output = O;
    type Error = AnyError;
}

impl<I, O> fmt::Debug for NamedWorkflow<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamedWorkflow")
    }
}

impl<I, O> fmt::Debug for NamedActivity<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamedActivity")
    }
}
