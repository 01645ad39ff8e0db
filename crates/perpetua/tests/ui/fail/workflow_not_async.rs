//! A workflow that is a plain function.

use perpetua::prelude::*;

#[workflow]
fn greeting(_ctx: Ctx) -> WorkflowResult<()> {
    Ok(())
}

fn main() {}
