//! Activities in the `impl` block of a trait.

use perpetua::prelude::*;

struct Bank;

trait Withdraw {
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError>;
}

#[activities]
impl Withdraw for Bank {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

fn main() {}
