//! A transfer between two accounts: typed errors, retries, compensation.
//!
//! The money leaves one account and arrives at the other, or is paid back. Whatever process dies in between, another one
//! goes on where it stopped.

mod bank;

pub use bank::{Bank, BankError};

use perpetua::prelude::*;
use serde::{Deserialize, Serialize};

/// Who pays whom how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The account that pays.
    pub from: String,
    /// The account that is paid.
    pub to: String,
    /// How much.
    pub cents: u64,
}

/// The numbers of the two bookings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Of the withdrawal.
    pub withdrawal: String,
    /// Of the deposit.
    pub deposit: String,
}

/// Why a transfer does not happen.
#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
pub enum TransferError {
    /// The account that pays has too little; nothing happened.
    #[error("the account has {available} cents, the transfer needs {needed}")]
    #[application(non_retryable)]
    NotEnoughMoney {
        /// What is there.
        available: u64,
        /// What is needed.
        needed: u64,
    },
    /// The account that is paid does not take the money; it was paid back.
    #[error("account {account} cannot be paid; the money is back")]
    #[application(non_retryable)]
    PaidBack {
        /// The account that is paid.
        account: String,
    },
}

/// Moves money from one account to another.
#[workflow]
pub async fn transfer(ctx: Ctx, transfer: Transfer) -> WorkflowResult<Receipt, TransferError> {
    let Transfer { from, to, cents } = transfer;

    // The number makes the booking happen once, however often the activity is tried.
    let booking = ctx.uuid().to_string();
    let withdrawal = match ctx
        .activity(Bank::withdraw(from.clone(), cents, booking))
        .start_to_close(seconds(10))
        .retry(patient())
        .await
    {
        Ok(withdrawal) => withdrawal,
        Err(ActivityFailure::Application(BankError::InsufficientFunds { available, needed }, ..)) => {
            return Err(TransferError::NotEnoughMoney { available, needed }.into());
        }
        Err(other) => return Err(other.into()),
    };

    let booking = ctx.uuid().to_string();
    match ctx.activity(Bank::deposit(to.clone(), cents, booking)).start_to_close(seconds(10)).retry(patient()).await {
        Ok(deposit) => Ok(Receipt { withdrawal, deposit }),
        Err(failure) => {
            ctx.log().warn(format_args!("account {to} cannot be paid: {failure}"));
            // The money must come back, also if somebody cancels the transfer now.
            let booking = ctx.uuid().to_string();
            let refund = ctx.activity(Bank::deposit(from, cents, booking)).start_to_close(seconds(10));
            ctx.shielded(refund.into_future()).await?;
            match failure {
                ActivityFailure::Application(BankError::UnknownAccount { account }, ..) => {
                    Err(TransferError::PaidBack { account }.into())
                }
                other => Err(other.into()),
            }
        }
    }
}

/// Tries for some time, less and less often.
fn patient() -> RetryPolicy {
    RetryPolicy::exponential().first_wait(milliseconds(100)).max_attempts(5)
}
