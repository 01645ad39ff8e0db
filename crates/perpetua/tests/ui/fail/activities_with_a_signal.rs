//! A workflow's attribute among activities.

use perpetua::prelude::*;

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }

    #[signal]
    fn close(&self) {}

    #[activity]
    #[activity]
    async fn open(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
