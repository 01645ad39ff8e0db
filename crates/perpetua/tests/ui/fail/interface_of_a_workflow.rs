//! What an interface of a workflow cannot have.

use perpetua::prelude::*;

#[workflow]
trait Approval {
    type Order;

    #[init]
    fn new() -> Self;

    #[run]
    async fn run(&self, ctx: Ctx, order: String) -> WorkflowResult<()>;

    #[signal]
    fn approve(&self, ctx: Ctx);

    #[update(validator = check)]
    async fn note(text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }

    fn check(text: &str) -> Result<(), AnyError>;
}

fn main() {}
