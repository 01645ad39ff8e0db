//! An argument of no particular type.

use perpetua::prelude::*;

#[activity]
async fn greet(name: impl Into<String>, times: Vec<impl Into<u8>>) -> Result<String, ActivityError> {
    let _ = times;
    Ok(name.into())
}

fn main() {}
