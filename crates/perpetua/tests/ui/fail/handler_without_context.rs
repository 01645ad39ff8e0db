//! An async handler takes the context first.

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
    async fn approve(&self) {}

    #[update]
    async fn note(&self, text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }
}

fn main() {}
