//! An activity that is a plain function.

use perpetua::prelude::*;

#[activity]
fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

fn main() {}
