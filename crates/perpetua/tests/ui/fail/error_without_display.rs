//! An application error is an error first.

use perpetua::prelude::*;

#[derive(Debug, ApplicationError)]
enum BankError {
    Declined,
}

fn main() {}
