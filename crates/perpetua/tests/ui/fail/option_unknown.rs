//! Options that no attribute has.

use perpetua::prelude::*;

#[workflow(anything_factory_only, bogus = 3)]
async fn greeting(_ctx: Ctx) -> WorkflowResult<()> {
    Ok(())
}

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run(name = "Approval")]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal(urgent)]
    fn approve(&self) {}
}

#[activities(name = "Bank")]
impl Bank {
    #[activity(retry = 3)]
    async fn withdraw(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

struct Bank;

fn main() {}
