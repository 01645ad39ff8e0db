//! `#[activities]` on what is not a block of methods.

use perpetua::prelude::*;

#[activities]
async fn greet() -> Result<(), ActivityError> {
    Ok(())
}

#[activities]
struct Bank;

#[activities]
mod bank {}

fn main() {}
