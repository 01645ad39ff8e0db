//! Handlers share the state.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval {
    approved: bool,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&mut self, _ctx: Ctx) -> WorkflowResult<bool> {
        Ok(self.approved)
    }

    #[signal]
    fn approve(&mut self) {
        self.approved = true;
    }

    #[query]
    fn approved(&mut self) -> bool {
        self.approved
    }

    #[update]
    fn reject(self) -> Result<(), AnyError> {
        Ok(())
    }
}

fn main() {}
