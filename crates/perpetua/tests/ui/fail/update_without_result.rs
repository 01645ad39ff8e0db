//! Updates that do not return a `Result`.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[update]
    fn approve(&self) {}

    #[update]
    async fn note(&self, _ctx: Ctx, text: String) -> usize {
        text.len()
    }
}

fn main() {}
