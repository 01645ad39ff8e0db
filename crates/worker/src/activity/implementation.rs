//! What the `#[activity]` attributes make of a user's code: how to run it.

use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use perpetua_contract::{ActivityDefinition, Returned};
use perpetua_convert::{Arguments, BoxFuture, ConversionError, DataConverter, LateFailure, ReturnedError};
use perpetua_vocab::{Payload, Payloads};

use super::ActivityContext;

/// An activity that needs nothing but its arguments, and that this program can run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no implementation that a worker could run by itself",
    label = "cannot be registered alone",
    note = "methods of a type are registered together, with `.activities(value)`; an `#[activities]` trait describes activities that run elsewhere"
)]
pub trait ActivityImplementation: ActivityDefinition<Input: Send, Output: Send> {
    /// Whether it runs all activities whose names no other one has.
    const DYNAMIC: bool = false;

    /// One attempt.
    fn execute(ctx: ActivityContext, input: Self::Input) -> ActivityExecution<Self::Output>;
}

/// Activities that are methods of one value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no activities",
    label = "not an `#[activities]` type",
    note = "put `#[activities]` on an `impl {Self}` block and `#[activity]` on its methods"
)]
pub trait ActivitySet: Send + Sync + 'static {
    /// Lists them.
    fn register(self: Arc<Self>, activities: &mut Activities);
}

/// A value that the program keeps to itself, too.
impl<S: ActivitySet> ActivitySet for Arc<S> {
    fn register(self: Arc<Self>, activities: &mut Activities) {
        S::register(Self::clone(&self), activities);
    }
}

/// One attempt of an activity, ready to run.
pub enum ActivityExecution<O> {
    /// A future, for the runtime.
    Async(BoxFuture<'static, Result<O, LateFailure>>),
    /// A function, for a thread of its own.
    Blocking(Box<dyn FnOnce() -> Result<O, LateFailure> + Send>),
}

impl<O: Send + 'static> ActivityExecution<O> {
    /// An asynchronous activity.
    pub fn running<R>(future: impl Future<Output = R> + Send + 'static) -> Self
    where
        R: Returned<Output = O, Thrown: Send> + Send,
    {
        Self::Async(Box::pin(async move { future.await.into_result().map_err(LateFailure::new) }))
    }

    /// An activity that blocks its thread.
    pub fn blocking<R>(function: impl FnOnce() -> R + Send + 'static) -> Self
    where
        R: Returned<Output = O, Thrown: Send>,
    {
        Self::Blocking(Box::new(move || function().into_result().map_err(LateFailure::new)))
    }
}

impl<O> fmt::Debug for ActivityExecution<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// The activities of a worker, by name.
#[derive(Default)]
pub struct Activities {
    by_name: BTreeMap<&'static str, Entry>,
    /// The one for all names that are not there.
    dynamic: Option<Entry>,
    duplicates: Vec<String>,
}

/// An activity behind its arguments and its result.
struct Entry {
    definition: &'static str,
    #[allow(clippy::type_complexity)]
    start: Box<dyn Fn(ActivityContext, Payloads, &DataConverter) -> Result<Attempt, ConversionError> + Send + Sync>,
}

/// One attempt, its result encoded.
pub(crate) enum Attempt {
    /// A future, for the runtime.
    Async(BoxFuture<'static, Result<Payload, AttemptFailure>>),
    /// A function, for a thread of its own.
    Blocking(Box<dyn FnOnce() -> Result<Payload, AttemptFailure> + Send>),
}

/// Why an attempt has no encoded result.
#[derive(Debug)]
pub(crate) enum AttemptFailure {
    /// The activity returned an error.
    Returned(LateFailure),
    /// The value it returned cannot be encoded.
    Unencodable(ConversionError),
}

impl Entry {
    fn new<D>(
        execute: impl Fn(ActivityContext, D::Input) -> ActivityExecution<D::Output> + Send + Sync + 'static,
    ) -> Self
    where
        D: ActivityDefinition<Input: Send, Output: Send, Error: ReturnedError>,
    {
        let start = move |ctx: ActivityContext, input: Payloads, converter: &DataConverter| {
            let input = D::Input::decode(input, converter.payloads())?;
            let converter = converter.clone();
            let encode = move |result: Result<D::Output, LateFailure>| match result {
                Ok(value) => converter.payloads().encode(&value).map_err(AttemptFailure::Unencodable),
                Err(failure) => Err(AttemptFailure::Returned(failure)),
            };
            Ok(match execute(ctx, input) {
                ActivityExecution::Async(future) => Attempt::Async(Box::pin(async move { encode(future.await) })),
                ActivityExecution::Blocking(function) => Attempt::Blocking(Box::new(move || encode(function()))),
            })
        };
        Self { definition: type_name::<D>(), start: Box::new(start) }
    }
}

impl Activities {
    /// Lists an activity. Two of one name are an error when the worker is built.
    pub fn add<D>(
        &mut self,
        execute: impl Fn(ActivityContext, D::Input) -> ActivityExecution<D::Output> + Send + Sync + 'static,
    ) where
        D: ActivityDefinition<Input: Send, Output: Send, Error: ReturnedError>,
    {
        let entry = Entry::new::<D>(execute);
        if let Some(earlier) = self.by_name.insert(D::NAME, entry) {
            self.duplicates.push(format!(
                "activity `{}` is registered twice: by {} and by {}",
                D::NAME,
                earlier.definition,
                type_name::<D>()
            ));
        }
    }

    /// Lists an activity in the place of the one that has this name, if there is one: for tests.
    #[doc(hidden)]
    pub fn replace<D>(
        &mut self,
        execute: impl Fn(ActivityContext, D::Input) -> ActivityExecution<D::Output> + Send + Sync + 'static,
        name: &'static str,
    ) where
        D: ActivityDefinition<Input: Send, Output: Send, Error: ReturnedError>,
    {
        self.by_name.insert(name, Entry::new::<D>(execute));
    }

    /// Lists an activity for all names that no other one has. Two of them are an error when the worker is built.
    pub fn add_dynamic<D>(
        &mut self,
        execute: impl Fn(ActivityContext, D::Input) -> ActivityExecution<D::Output> + Send + Sync + 'static,
    ) where
        D: ActivityDefinition<Input: Send, Output: Send, Error: ReturnedError>,
    {
        if let Some(earlier) = self.dynamic.replace(Entry::new::<D>(execute)) {
            self.duplicates.push(format!(
                "two dynamic activities are registered, {} and {}; a worker has one at most",
                earlier.definition,
                type_name::<D>()
            ));
        }
    }

    /// What was registered twice.
    pub(crate) fn duplicates(&self) -> &[String] {
        &self.duplicates
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.by_name.keys().copied()
    }

    /// Whether there is an activity of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.dynamic.is_none()
    }

    /// Makes an attempt of the activity `name`; `None` if nobody registered it.
    pub(crate) fn start(
        &self,
        name: &str,
        ctx: ActivityContext,
        input: Payloads,
        converter: &DataConverter,
    ) -> Option<Result<Attempt, ConversionError>> {
        let entry = self.by_name.get(name).or(self.dynamic.as_ref())?;
        Some((entry.start)(ctx, input, converter))
    }
}

impl fmt::Debug for Activities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dynamic = self.dynamic.iter().map(|_| "(dynamic)");
        f.debug_list().entries(self.names().chain(dynamic)).finish()
    }
}
