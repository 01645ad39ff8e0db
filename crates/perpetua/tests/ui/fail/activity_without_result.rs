//! Activities that return nothing, or not a `Result`.

use perpetua::prelude::*;

#[activity]
async fn nothing() {}

#[activity]
async fn greet(name: String) -> String {
    name
}

fn main() {}
