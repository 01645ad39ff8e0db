//! Moves money twice: once to an account that takes it, once to one that does not exist.

use std::sync::Arc;

use money_transfer::{Bank, Transfer, TransferError, transfer};
use perpetua::prelude::*;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bank = Arc::new(Bank::with_accounts([("ann", 10_000), ("bob", 0)]));
    bank.go_down_for(2);

    let client = Client::connect_or_embedded().await?;
    let worker = Worker::builder(&client, "transfers").workflow(transfer).activities(Arc::clone(&bank)).spawn()?;

    let to_bob = Transfer { from: "ann".into(), to: "bob".into(), cents: 2_500 };
    client.run(transfer(to_bob)).task_queue("transfers").id("transfer-1").await?;
    println!("ann has {}, bob has {}", bank.balance("ann"), bank.balance("bob"));

    let to_nobody = Transfer { from: "ann".into(), to: "nobody".into(), cents: 2_500 };
    match client.run(transfer(to_nobody)).task_queue("transfers").id("transfer-2").await {
        Err(WorkflowFailure::Application(TransferError::PaidBack { account }, ..)) => {
            println!("{account} was not paid, ann has {}", bank.balance("ann"));
        }
        other => println!("unexpected: {other:?}"),
    }
    worker.shutdown().await?;
    Ok(())
}
