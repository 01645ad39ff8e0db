//! Nothing says how the state begins.

use perpetua::prelude::*;

struct Approval {
    limit: u64,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<u64> {
        Ok(self.limit)
    }
}

fn main() {}
