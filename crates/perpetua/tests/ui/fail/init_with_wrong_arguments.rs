//! `#[init]` takes what the main function takes, by reference.

use perpetua::prelude::*;

struct Approval;

#[workflow]
impl Approval {
    #[init]
    fn new(order: String) -> Self {
        let _ = order;
        Self
    }

    #[run]
    async fn run(&self, _ctx: Ctx, _order: String) -> WorkflowResult<()> {
        Ok(())
    }
}

struct Order;

#[workflow]
impl Order {
    #[init]
    fn new(_ctx: Ctx, _order: String) -> Self {
        Self
    }

    #[run]
    async fn run(&self, _ctx: Ctx, _order: String) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
