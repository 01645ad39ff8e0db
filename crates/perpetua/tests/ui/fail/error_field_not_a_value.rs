//! A field without serde's derives.

use perpetua::prelude::*;

#[derive(Debug)]
struct Account;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("closed")]
struct Closed {
    account: Account,
}

fn main() {}
