//! A call does nothing by itself.

#![deny(unused_must_use)]

use perpetua::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

#[workflow]
async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<()> {
    greet(name.clone());
    ctx.activity(greet(name));
    Ok(())
}

fn main() {}
