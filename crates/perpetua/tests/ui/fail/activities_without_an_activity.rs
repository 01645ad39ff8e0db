//! A block in which nothing is an activity.

use perpetua::prelude::*;

struct Bank;

#[activities]
impl Bank {
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

fn main() {}
