//! The context is given, not lent.

use perpetua::prelude::*;

#[workflow]
async fn greeting(ctx: &Ctx, name: String) -> WorkflowResult<String> {
    ctx.sleep(seconds(1)).await?;
    Ok(name)
}

fn main() {}
