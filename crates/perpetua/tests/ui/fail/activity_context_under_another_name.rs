//! The context of an activity is its first parameter and is called `ctx`.

use perpetua::prelude::*;

#[activity]
async fn greet(context: ActivityContext, name: String) -> Result<String, ActivityError> {
    let _ = context;
    Ok(name)
}

fn main() {}
