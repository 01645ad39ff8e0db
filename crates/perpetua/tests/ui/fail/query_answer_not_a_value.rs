//! An answer without serde's derives.

use perpetua::prelude::*;

struct Status;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[query]
    fn status(&self) -> Status {
        Status
    }
}

fn main() {}
