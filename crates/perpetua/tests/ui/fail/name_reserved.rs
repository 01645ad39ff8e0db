//! Names that the platform keeps for itself.

use perpetua::prelude::*;

#[activity(name = "__temporal_greet")]
async fn greet() -> Result<(), ActivityError> {
    Ok(())
}

#[derive(Default)]
struct Approval;

#[workflow(name = "")]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[query]
    fn __temporal_state(&self) -> u8 {
        0
    }

    #[query]
    fn __stack_trace(&self) -> String {
        String::new()
    }
}

fn main() {}
