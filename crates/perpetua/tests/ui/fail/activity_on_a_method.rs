//! `#[activity]` on a method without `#[activities]` on the block.

use perpetua::prelude::*;

struct Bank;

impl Bank {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

fn main() {}
