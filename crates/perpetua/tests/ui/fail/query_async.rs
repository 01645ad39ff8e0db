//! A query only looks.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[query]
    async fn approved(&self) -> bool {
        true
    }
}

fn main() {}
