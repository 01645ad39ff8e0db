//! Receivers other than `&self`.

use perpetua::prelude::*;

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&mut self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }

    #[activity]
    async fn close(self) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity]
    async fn open(cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }

    #[activity]
    async fn count(self: std::sync::Arc<Self>) -> Result<u64, ActivityError> {
        Ok(0)
    }
}

fn main() {}
