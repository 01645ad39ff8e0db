//! Two errors of one type name.

use perpetua::prelude::*;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("bank")]
enum BankError {
    Declined,
    #[application(type = "Declined")]
    Refused,
}

fn main() {}
