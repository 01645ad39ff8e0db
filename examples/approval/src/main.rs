//! Starts an order, notes something on it, approves it, and prints the receipt.

use approval::{Approval, Order, charge};
use perpetua::prelude::*;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::connect_or_embedded().await?;
    let worker = Worker::builder(&client, "orders").workflow(Approval::run).activity(charge).spawn()?;

    let order = Order { account: "ann".into(), cents: 4_200, patience: 60 };
    let handle = client.start(Approval::run(order)).task_queue("orders").id("order-7").await?;

    let notes = handle.note("gift wrapping, please".into()).await?;
    println!("{notes} note on the order");
    println!("approved by {:?}", handle.approver().await?);
    handle.approve("bob".into()).await?;
    println!("approved by {:?}", handle.approver().await?);

    let receipt = handle.result().await?;
    println!("{receipt:?}");
    worker.shutdown().await?;
    Ok(())
}
