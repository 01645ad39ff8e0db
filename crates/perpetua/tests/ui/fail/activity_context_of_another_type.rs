//! A parameter called `ctx` that is not the context.

use perpetua::prelude::*;

#[activity]
async fn greet(ctx: String, name: String) -> Result<String, ActivityError> {
    Ok(ctx + &name)
}

fn main() {}
