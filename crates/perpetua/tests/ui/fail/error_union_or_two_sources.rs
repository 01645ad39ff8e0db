//! Errors of odd shapes.

use perpetua::prelude::*;

#[derive(ApplicationError)]
union Bits {
    a: u8,
    b: i8,
}

#[derive(Debug, ApplicationError)]
struct Two {
    #[source]
    first: perpetua::Remote,
    #[source]
    second: perpetua::Remote,
}

impl std::fmt::Display for Two {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("two")
    }
}

impl std::error::Error for Two {}

fn main() {}
