//! A validator takes what its update takes, by reference.

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
    async fn note(&self, _ctx: Ctx, text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }

    fn check_note(&self, _ctx: &Ctx, _text: &str) -> Result<(), AnyError> {
        Ok(())
    }

    #[update(validator = check_title)]
    fn title(&self, text: String) -> Result<usize, AnyError> {
        Ok(text.len())
    }

    fn check_title(&self, _text: String) {}

    #[update(validator = check_count)]
    fn count(&self, count: u64) -> Result<u64, AnyError> {
        Ok(count)
    }

    fn check_count(&self, _count: &str) -> Result<(), AnyError> {
        Ok(())
    }
}

fn main() {}
