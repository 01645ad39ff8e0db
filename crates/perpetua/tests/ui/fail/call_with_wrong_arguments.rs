//! A stub takes what the function takes.

use perpetua::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

#[workflow]
async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
    let first = ctx.activity(greet(1)).start_to_close(seconds(1)).await?;
    let second = ctx.activity(greet(name, first)).start_to_close(seconds(1)).await?;
    let third: u64 = ctx.activity(greet(second)).start_to_close(seconds(1)).await?;
    Ok(third.to_string())
}

fn main() {}
