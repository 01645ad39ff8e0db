//! Interfaces describe what runs elsewhere.

use perpetua::prelude::*;

#[workflow]
trait Order {
    #[run]
    async fn run(order: String) -> Result<(), AnyError>;
}

#[activities]
trait Payments {
    #[activity]
    async fn charge(cents: u64) -> Result<(), ActivityError>;
}

fn worker(client: &Client) {
    let _ = Worker::builder(client, "orders").workflow(Order::run);
    let _ = Worker::builder(client, "orders").activity(Payments::charge);
}

fn main() {}
