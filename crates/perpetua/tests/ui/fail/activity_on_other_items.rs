//! `#[activity]` on what is not a function.

use perpetua::prelude::*;

#[activity]
struct Greet;

#[activity]
impl Greet {
    async fn greet(&self) {}
}

#[activity]
trait Greets {
    async fn greet();
}

#[activity]
mod greet {}

fn main() {}
