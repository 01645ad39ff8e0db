//! Only an async handler has the context.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    fn approve(&self, ctx: Ctx) {
        ctx.log();
    }

    #[query]
    fn approved(&self, _ctx: Ctx) -> bool {
        true
    }

    #[signal]
    fn reject(&self, context: Ctx) {
        context.log();
    }
}

fn main() {}
