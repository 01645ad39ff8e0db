//! Errors of every shape.

#![deny(warnings)]

use perpetua::prelude::*;
use perpetua::Remote;

#[derive(Debug, thiserror::Error, ApplicationError)]
enum BankError {
    #[error("insufficient funds: {available} of {needed}")]
    #[application(non_retryable)]
    InsufficientFunds { available: u64, needed: u64 },
    #[error("account {0} is closed")]
    #[application(type = "Closed", benign)]
    AccountClosed(String, #[source] Remote),
    #[error("bank is down")]
    #[application(next_retry_delay = "30s")]
    #[application(benign)]
    Unavailable,
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("wrong")]
    Wrong { source: Box<Declined>, detail: Option<String> },
    #[error("empty")]
    Empty {},
    #[error("empty too")]
    AlsoEmpty(),
}

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("declined: {reason}")]
#[application(non_retryable, type = "CardDeclined")]
struct Declined {
    reason: String,
}

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("unit")]
struct Unit;

#[derive(Debug, thiserror::Error, ApplicationError)]
enum Never {}

#[activity]
async fn withdraw(cents: u64) -> Result<u64, BankError> {
    match cents {
        0 => Err(BankError::InsufficientFunds { available: 0, needed: 1 }),
        1 => Err(BankError::Unavailable),
        2 => Err(BankError::Empty {}),
        3 => Err(BankError::AlsoEmpty()),
        4 => Err(BankError::Wrong { source: Box::new(Declined { reason: String::new() }), detail: None }),
        _ => Ok(cents),
    }
}

#[activity]
async fn never() -> Result<(), Never> {
    Ok(())
}

#[activity]
async fn unit() -> Result<(), Unit> {
    Err(Unit)
}

fn main() {
    let _ = |client: &Client| Worker::builder(client, "q").activity(withdraw).activity(never).activity(unit);
    let _ = |remote| BankError::AccountClosed(String::new(), remote);
}
