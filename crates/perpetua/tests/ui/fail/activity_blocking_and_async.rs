//! An activity that is both blocking and async.

use perpetua::prelude::*;

#[activity(blocking)]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

fn main() {}
