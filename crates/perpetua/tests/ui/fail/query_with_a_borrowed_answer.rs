//! An answer that is borrowed from the state.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval {
    name: String,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[query]
    fn name(&self) -> &str {
        &self.name
    }
}

fn main() {}
