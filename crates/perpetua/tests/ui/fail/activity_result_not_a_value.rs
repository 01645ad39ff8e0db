//! A result without serde's derives.

use perpetua::prelude::*;

struct Greeting;

#[activity]
async fn greet(_name: String, _times: u8) -> Result<Greeting, ActivityError> {
    Ok(Greeting)
}

fn main() {}
