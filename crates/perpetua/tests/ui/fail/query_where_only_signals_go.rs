//! What a handle can do depends on what is behind it.

use perpetua::prelude::*;
use perpetua::{Arguments, SignalCall, SignalTarget, WorkflowDefinition};

#[workflow]
trait Approval {
    #[run]
    async fn run() -> Result<(), AnyError>;

    #[signal]
    fn approve();

    #[query]
    fn approved() -> bool;

    #[update]
    async fn note() -> Result<(), AnyError>;
}

/// As from inside a workflow.
struct SignalsOnly;

impl<D: WorkflowDefinition> SignalTarget<D> for SignalsOnly {
    type Signal = ();

    fn signal<I: Arguments>(&self, _call: SignalCall<D, I>) {}
}

fn main() {
    let handle = Approval::handle(SignalsOnly);
    handle.approve();
    handle.approved();
    handle.note();
}
