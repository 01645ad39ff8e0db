//! An order that waits for approval: state, signal, query, update, timeout.

use perpetua::prelude::*;
use serde::{Deserialize, Serialize};

/// What somebody wants to buy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Who pays.
    pub account: String,
    /// How much.
    pub cents: u64,
    /// How long it waits for approval, in seconds.
    pub patience: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Who approved it.
    pub approved_by: String,
    /// The number of the payment.
    pub payment: String,
    /// What people noted on the way.
    pub notes: Vec<String>,
}

/// Why an order does not go through.
#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
pub enum OrderError {
    /// Nobody approved it in time.
    #[error("nobody approved the order within {seconds} seconds")]
    #[application(non_retryable)]
    NotApproved {
        /// How long it waited.
        seconds: u64,
    },
}

/// Why a note is not taken.
#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
pub enum NoteError {
    /// There is nothing in it.
    #[error("a note needs a text")]
    Empty,
}

/// Takes the money.
#[activity]
pub async fn charge(account: String, cents: u64) -> Result<String, ActivityError> {
    Ok(format!("payment of {cents} cents by {account}"))
}

/// An order that is charged when somebody approves it.
#[derive(Debug, Default)]
pub struct Approval {
    approved_by: State<Option<String>>,
    notes: State<Vec<String>>,
}

#[workflow]
impl Approval {
    /// Waits for approval, then charges.
    #[run]
    pub async fn run(&self, ctx: Ctx, order: Order) -> WorkflowResult<Receipt, OrderError> {
        let patience = seconds(order.patience);
        match ctx.wait_until(|| self.approved_by.get().is_some()).timeout(patience).await {
            Ok(()) => {}
            Err(WaitFailure::Elapsed(_)) => return Err(OrderError::NotApproved { seconds: order.patience }.into()),
            Err(canceled) => return Err(canceled.into()),
        }
        let payment = ctx.activity(charge(order.account, order.cents)).start_to_close(minutes(1)).await?;
        let approved_by = self.approved_by.get().unwrap_or_default();
        Ok(Receipt { approved_by, payment, notes: self.notes.get() })
    }

    /// Approves the order. The first one counts.
    #[signal]
    pub fn approve(&self, by: String) {
        self.approved_by.update(|approved_by| {
            approved_by.get_or_insert(by);
        });
    }

    /// Who approved the order, if anybody did.
    #[query]
    pub fn approver(&self) -> Option<String> {
        self.approved_by.get()
    }

    /// Adds a note and says how many there are.
    #[update(validator = check_note)]
    pub async fn note(&self, _ctx: Ctx, text: String) -> Result<usize, NoteError> {
        self.notes.update(|notes| notes.push(text));
        Ok(self.notes.with(Vec::len))
    }

    fn check_note(&self, text: &str) -> Result<(), NoteError> {
        if text.trim().is_empty() { Err(NoteError::Empty) } else { Ok(()) }
    }
}
