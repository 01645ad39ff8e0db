//! Methods are registered together, with their value.

use perpetua::prelude::*;

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

struct Shop;

fn worker(client: &Client) {
    let _ = Worker::builder(client, "bank").activity(Bank::withdraw);
    let _ = Worker::builder(client, "bank").activities(Shop);
}

fn main() {}
