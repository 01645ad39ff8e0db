//! `#[workflow]` on the `impl` block of a trait.

use perpetua::prelude::*;

trait Run {
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()>;
}

#[derive(Default)]
struct Approval;

#[workflow]
impl Run for Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
