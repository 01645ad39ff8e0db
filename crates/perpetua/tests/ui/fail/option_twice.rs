//! An option that is given twice.

use perpetua::prelude::*;

#[activity(name = "greet", name = "hello")]
async fn greet() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
