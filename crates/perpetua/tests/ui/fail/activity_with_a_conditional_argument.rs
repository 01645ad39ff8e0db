//! A condition on an argument.

use perpetua::prelude::*;

#[activity]
async fn greet(#[cfg(all())] name: String, #[cfg_attr(all(), allow(unused))] other: u8) -> Result<(), ActivityError> {
    let _ = (name, other);
    Ok(())
}

fn main() {}
