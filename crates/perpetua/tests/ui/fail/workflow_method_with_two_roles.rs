//! A method that is to be two things.

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
    #[query]
    fn approve(&self) -> bool {
        true
    }

    #[query]
    #[query]
    fn approved(&self) -> bool {
        true
    }
}

fn main() {}
