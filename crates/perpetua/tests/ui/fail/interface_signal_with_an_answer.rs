//! Signals of an interface answer nothing.

use perpetua::prelude::*;

#[workflow]
trait Approval {
    #[run]
    async fn run() -> Result<(), AnyError>;

    #[signal]
    fn approve() -> bool;
}

fn main() {}
