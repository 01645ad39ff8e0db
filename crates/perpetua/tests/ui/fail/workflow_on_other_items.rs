//! `#[workflow]` on a type or a module.

use perpetua::prelude::*;

#[workflow]
struct Approval;

#[workflow]
enum Order {}

#[workflow]
mod workflows {}

#[workflow]
const LIMIT: u8 = 1;

fn main() {}
