//! The workflow that other people's clients drive.

use perpetua::prelude::*;
use serde::{Deserialize, Serialize};

/// Something to buy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) cents: u64,
}

/// Why a basket is of no use.
#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
pub(crate) enum BasketError {
    #[error("nothing was ordered")]
    #[application(non_retryable)]
    EmptyOrder { customer: String },
    #[error("there is no item {index}")]
    NoSuchItem { index: usize },
}

/// What the items cost.
#[activity]
pub(crate) async fn total(items: Vec<Item>, discount: u64) -> Result<u64, ActivityError> {
    Ok(items.iter().map(|item| item.cents).sum::<u64>().saturating_sub(discount))
}

/// A basket that is paid when it is closed.
#[derive(Default)]
pub(crate) struct Basket {
    items: State<Vec<Item>>,
    closed: State<bool>,
}

#[workflow]
impl Basket {
    #[run]
    pub(crate) async fn run(&self, ctx: Ctx, customer: String, discount: u64) -> WorkflowResult<String, BasketError> {
        ctx.wait_until(|| self.closed.get()).await?;
        if self.items.with(Vec::is_empty) {
            return Err(BasketError::EmptyOrder { customer }.into());
        }
        let cents = ctx.activity(total(self.items.get(), discount)).start_to_close(minutes(5)).await?;
        Ok(format!("{customer} pays {cents}"))
    }

    #[signal]
    pub(crate) fn add(&self, item: Item) {
        self.items.update(|items| items.push(item));
    }

    #[signal]
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    #[query]
    pub(crate) fn count(&self) -> usize {
        self.items.with(Vec::len)
    }

    #[update(validator = check_rename)]
    pub(crate) fn rename(&self, index: usize, name: String) -> Result<String, BasketError> {
        Ok(self.items.update(|items| std::mem::replace(&mut items[index].name, name)))
    }

    fn check_rename(&self, index: &usize, _name: &str) -> Result<(), BasketError> {
        if *index < self.items.with(Vec::len) { Ok(()) } else { Err(BasketError::NoSuchItem { index: *index }) }
    }
}
