//! The main function of an interface returns a `Result`.

use perpetua::prelude::*;

#[workflow]
trait Approval {
    #[run]
    async fn run();
}

#[workflow]
trait Order {
    #[run]
    async fn run() -> String;
}

fn main() {}
