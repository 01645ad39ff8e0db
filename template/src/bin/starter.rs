//! Starts a workflow and prints what it returns: `cargo run --bin starter -- Ann`.

use perpetua::prelude::*;
use {{crate_name}}::{Greeting, Guest, TASK_QUEUE};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "World".into());
    let client = Client::connect_from_env().await?;
    let greeting = Greeting::run(Guest { name, pause_seconds: 1 });
    println!("{}", client.run(greeting).task_queue(TASK_QUEUE).await?);
    Ok(())
}
