//! A workflow, and activities, spread over two blocks.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

#[workflow]
impl Approval {
    #[signal]
    fn approve(&self) {}
}

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

#[activities]
impl Bank {
    #[activity]
    async fn deposit(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
