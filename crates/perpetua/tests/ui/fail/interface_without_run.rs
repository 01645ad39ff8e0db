//! An interface has a main function as well.

use perpetua::prelude::*;

#[workflow]
trait Approval {
    #[signal]
    fn approve();
}

fn main() {}
