//! Options with values of the wrong form.

use perpetua::prelude::*;

#[activity(name, blocking = true)]
fn hash() -> Result<(), ActivityError> {
    Ok(())
}

#[activity("greet")]
async fn greet() -> Result<(), ActivityError> {
    Ok(())
}

#[activity(name = 'g')]
async fn wave() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
