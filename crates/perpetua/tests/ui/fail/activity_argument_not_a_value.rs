//! An argument without serde's derives.

use perpetua::prelude::*;

struct Name;

#[activity]
async fn greet(name: Name) -> Result<String, ActivityError> {
    let Name = name;
    Ok(String::new())
}

fn main() {}
