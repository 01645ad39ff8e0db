//! From a stub function to the definition behind it, whatever the number of arguments.

use crate::{ActivityCall, ActivityDefinition, WorkflowCall, WorkflowDefinition};

/// A function that describes an activity call, such as `greet` or `Bank::withdraw`.
#[diagnostic::on_unimplemented(
    message = "this is not an activity",
    label = "not a stub made by `#[activity]`",
    note = "pass the function itself, as in `.activity(greet)`; methods of a type are registered together with `.activities(value)`"
)]
pub trait ActivityStub<Arguments> {
    /// What it describes a call of.
    type Definition: ActivityDefinition;
}

/// A function that describes a workflow call, such as `greeting` or `Approval::run`.
#[diagnostic::on_unimplemented(
    message = "this is not a workflow",
    label = "not a stub made by `#[workflow]`",
    note = "pass the function itself, as in `.workflow(greeting)`, or the `run` of a type, as in `.workflow(Approval::run)`"
)]
pub trait WorkflowStub<Arguments> {
    /// What it describes a call of.
    type Definition: WorkflowDefinition;
}

macro_rules! stubs {
    ($(($($argument:ident),*))+) => {$(
        impl<F: Fn($($argument),*) -> ActivityCall<D>, D: ActivityDefinition $(, $argument)*> ActivityStub<($($argument,)*)>
            for F
        {
            type Definition = D;
        }

        impl<F: Fn($($argument),*) -> WorkflowCall<D>, D: WorkflowDefinition $(, $argument)*> WorkflowStub<($($argument,)*)>
            for F
        {
            type Definition = D;
        }
    )+};
}

stubs! { () (A) (A, B) (A, B, C) (A, B, C, E) (A, B, C, E, G) (A, B, C, E, G, H) (A, B, C, E, G, H, I) (A, B, C, E, G, H, I, J) }
