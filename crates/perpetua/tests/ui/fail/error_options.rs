//! Options of `#[application]` that are wrong.

use perpetua::prelude::*;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("bank")]
#[application(retryable)]
enum BankError {
    #[application(non_retriable)]
    Declined,
    #[application(next_retry_delay = "30 seconds")]
    Unavailable,
    #[application(next_retry_delay = 30)]
    Down,
    #[application(non_retryable, next_retry_delay = "1m")]
    Closed,
    #[application]
    Odd,
    Frozen {
        #[application(non_retryable)]
        account: String,
    },
    #[application(type = "")]
    Nameless,
}

fn main() {}
