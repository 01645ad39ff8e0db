//! `#[workflow]` on a method.

use perpetua::prelude::*;

struct Approval;

impl Approval {
    #[workflow]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
