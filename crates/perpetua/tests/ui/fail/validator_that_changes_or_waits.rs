//! A validator only looks, at once.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[update(validator = check_note)]
    fn note(&self, text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }

    async fn check_note(&mut self, _text: &str) -> Result<(), AnyError> {
        Ok(())
    }
}

fn main() {}
