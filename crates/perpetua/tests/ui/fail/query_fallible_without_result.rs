//! A query that says it can fail, and cannot.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[query(fallible)]
    fn total(&self) -> u64 {
        1
    }
}

fn main() {}
