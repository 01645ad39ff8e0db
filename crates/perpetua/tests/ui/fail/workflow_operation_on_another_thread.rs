//! An operation of a workflow stays in the workflow.

use perpetua::prelude::*;

#[workflow]
async fn greeting(ctx: Ctx) -> WorkflowResult<()> {
    std::thread::spawn(move || ctx.now());
    Ok(())
}

fn main() {}
