//! Runs workflows and activities until it is told to stop.
//!
//! The server is the one at `TEMPORAL_ADDRESS` (by default `localhost:7233`).

use perpetua::prelude::*;
use perpetua::replay_filter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt, registry};
use {{crate_name}}::{Greeting, TASK_QUEUE, compose};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // What a workflow does again while its history is replayed is not logged again.
    let lines = fmt::layer().with_filter(replay_filter());
    registry().with(EnvFilter::from_default_env()).with(lines).init();
    let client = Client::connect_from_env().await?;
    let worker = Worker::builder(&client, TASK_QUEUE).workflow(Greeting::run).activity(compose).spawn()?;
    println!("worker ready");
    tokio::signal::ctrl_c().await?;
    worker.shutdown().await?;
    Ok(())
}
