//! A query that can fail says so.

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
    fn total(&self) -> Result<u64, AnyError> {
        Ok(1)
    }
}

fn main() {}
