//! Qualifiers that make no sense where a call is only described.

use perpetua::prelude::*;

#[activity]
async unsafe fn greet() -> Result<(), ActivityError> {
    Ok(())
}

#[activity(blocking)]
extern "C" fn wave() -> Result<(), ActivityError> {
    Ok(())
}

#[activity(blocking)]
const fn nod() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
