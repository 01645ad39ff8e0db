//! `#[init]` makes the state itself.

use perpetua::prelude::*;

struct Approval;

#[workflow]
impl Approval {
    #[init]
    fn new(_ctx: &Ctx, _order: &str) -> Option<Self> {
        Some(Self)
    }

    #[run]
    async fn run(&self, _ctx: Ctx, _order: u64) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
