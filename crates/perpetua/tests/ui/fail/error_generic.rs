//! A generic error.

use perpetua::prelude::*;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("bank")]
struct BankError<T: std::fmt::Debug>(T);

fn main() {}
