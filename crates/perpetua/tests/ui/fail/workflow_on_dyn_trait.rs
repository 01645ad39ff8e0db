//! `#[workflow]` on the block of something that is not a named type.

use perpetua::prelude::*;

trait Approve {}

#[workflow]
impl dyn Approve {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

#[workflow]
impl [u8] {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
