//! Runs workflows and activities until it is told to stop.
//!
//! The server is the one at `TEMPORAL_ADDRESS` (by default `localhost:7233`).

use perpetua::prelude::*;
use {{crate_name}}::{Greeting, TASK_QUEUE, compose};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let client = Client::connect_from_env().await?;
    let worker = Worker::builder(&client, TASK_QUEUE).workflow(Greeting::run).activity(compose).spawn()?;
    println!("worker ready");
    tokio::signal::ctrl_c().await?;
    worker.shutdown().await?;
    Ok(())
}
