//! What becomes of unfinished handlers is one of two things, and a matter of the implementation.

use perpetua::prelude::*;

#[derive(Default)]
struct Desk;

#[workflow]
impl Desk {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal(unfinished_policy = Ignore)]
    fn first(&self) {}

    #[update(unfinished_policy = "Abandon")]
    fn second(&self) -> Result<(), AnyError> {
        Ok(())
    }

    #[query(unfinished_policy = Abandon)]
    fn third(&self) -> u32 {
        3
    }
}

#[workflow]
trait Other {
    #[run]
    async fn run() -> Result<(), AnyError>;

    #[signal(unfinished_policy = Abandon)]
    fn first();
}

fn main() {}
