//! A source that cannot be made again on the other side.

use perpetua::prelude::*;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("no number")]
struct NoNumber {
    source: std::num::ParseIntError,
}

fn main() {}
