//! An activity among a workflow's methods.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[activity]
    async fn withdraw(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
