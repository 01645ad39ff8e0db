//! A validator that is not there.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[update(validator = chek_note)]
    fn note(&self, text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }

    #[update(validator = note)]
    fn other(&self, text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }

    #[signal(validator = check_note)]
    fn third(&self) {}

    fn check_note(&self, _text: &str) -> Result<(), AnyError> {
        Ok(())
    }
}

fn main() {}
