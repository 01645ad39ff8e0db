//! An option with a typing error.

use perpetua::prelude::*;

#[workflow(nmae = "greeting")]
async fn greeting(ctx: Ctx) -> WorkflowResult<()> {
    ctx.sleep(seconds(1)).await?;
    Ok(())
}

fn main() {}
