//! The context behind an argument.

use perpetua::prelude::*;

#[activity]
async fn greet(name: String, ctx: ActivityContext) -> Result<String, ActivityError> {
    let _ = ctx;
    Ok(name)
}

fn main() {}
