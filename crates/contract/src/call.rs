//! Messages with their arguments: what the stubs of signals, queries and updates return.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::WorkflowDefinition;

macro_rules! message_calls {
    ($($(#[$doc:meta])* $name:ident<D, I $(, $parameter:ident)*>)+) => {$(
        $(#[$doc])*
        #[must_use = "a call does nothing until it is handed on"]
        pub struct $name<D: WorkflowDefinition, I $(, $parameter)*> {
            name: Cow<'static, str>,
            input: I,
            definition: PhantomData<fn() -> (D, $($parameter,)*)>,
        }

        impl<D: WorkflowDefinition, I $(, $parameter)*> $name<D, I $(, $parameter)*> {
            /// The message of this name with these arguments.
            pub fn new(name: impl Into<Cow<'static, str>>, input: I) -> Self {
                Self { name: name.into(), input, definition: PhantomData }
            }

            /// Its name.
            pub fn name(&self) -> &str {
                &self.name
            }

            /// Its arguments.
            pub fn input(&self) -> &I {
                &self.input
            }

            /// The name and the arguments, given up.
            pub fn into_parts(self) -> (Cow<'static, str>, I) {
                (self.name, self.input)
            }
        }

        impl<D: WorkflowDefinition, I $(, $parameter)*> fmt::Debug for $name<D, I $(, $parameter)*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("name", &self.name).finish_non_exhaustive()
            }
        }
    )+};
}

message_calls! {
    /// A signal to a workflow `D`, with its arguments `I`.
    SignalCall<D, I>
    /// A query to a workflow `D`, with its arguments `I`; the answer is an `O`.
    QueryCall<D, I, O>
    /// An update of a workflow `D`, with its arguments `I`; the answer is an `O`, or an error `E`.
    UpdateCall<D, I, O, E>
}
