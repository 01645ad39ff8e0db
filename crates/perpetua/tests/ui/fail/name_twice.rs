//! Two handlers, and two activities, of one name.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal(name = "approve")]
    fn yes(&self) {}

    #[signal]
    fn approve(&self) {}
}

struct Bank;

#[activities]
impl Bank {
    #[activity(name = "withdraw")]
    async fn take(&self) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity]
    async fn withdraw(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
