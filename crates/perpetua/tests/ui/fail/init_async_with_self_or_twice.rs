//! What else `#[init]` cannot be.

use perpetua::prelude::*;

struct Approval;

#[workflow]
impl Approval {
    #[init]
    async fn new(_ctx: &Ctx) -> Self {
        Self
    }

    #[init]
    fn again(&self, _ctx: &Ctx) -> Self {
        Self
    }

    #[init]
    fn nothing(_ctx: &Ctx) {}

    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
