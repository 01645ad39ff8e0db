//! What the closures of mocks may look like.

use perpetua_convert::{CallError, Value};

use super::Reply;

/// What the closure of a mock returns: a `Result` with the output and the error that the activity or the workflow
/// declares, or a [`Reply`], which can also come later, time out or never come.
#[diagnostic::on_unimplemented(
    message = "a mock of something that returns `Result<{O}, {E}>` does not return `{Self}`",
    label = "neither the declared `Result` nor a `Reply`",
    note = "return `Ok({O})`, `Err({E})`, or a `Reply` such as `Reply::timeout(TimeoutKind::StartToClose)`"
)]
pub trait Answer<O, E> {
    /// The same with all that can be said.
    fn into_reply(self) -> Reply<O, E>;
}

impl<O, E> Answer<O, E> for Result<O, E> {
    fn into_reply(self) -> Reply<O, E> {
        match self {
            Ok(value) => Reply::value(value),
            Err(error) => Reply::error(error),
        }
    }
}

impl<O, E> Answer<O, E> for Reply<O, E> {
    fn into_reply(self) -> Self {
        self
    }
}

/// A closure with the arguments `I` as its parameters that answers with an `O` or an `E`.
#[diagnostic::on_unimplemented(
    message = "this closure cannot answer for the mocked function",
    label = "not a closure with the parameters `{I}` that returns `Result<{O}, {E}>` or a `Reply`",
    note = "it takes the arguments of the stub, as in `|account: String, cents: u64| Ok(..)`"
)]
pub trait MockFunction<I, O, E>: Send + Sync + 'static {
    /// Calls it.
    #[doc(hidden)]
    fn call(&self, arguments: I) -> Reply<O, E>;
}

macro_rules! functions {
    ($(($($value:ident),*))+) => {$(
        impl<Function, Answered, Output, Failing, $($value),*> MockFunction<($($value,)*), Output, Failing> for Function
        where
            Function: Fn($($value),*) -> Answered + Send + Sync + 'static,
            Answered: Answer<Output, Failing>,
            Output: Value,
            Failing: CallError,
        {
            #[allow(non_snake_case)]
            fn call(&self, ($($value,)*): ($($value,)*)) -> Reply<Output, Failing> {
                self($($value),*).into_reply()
            }
        }
    )+};
}

functions! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G) (A, B, C, D, E, F, G, H) }
