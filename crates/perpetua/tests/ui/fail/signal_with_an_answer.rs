//! Signals answer nothing.

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
    fn approve(&self) -> bool {
        true
    }

    #[signal]
    async fn reject(&self, _ctx: Ctx) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
