//! The smallest useful worker: one workflow, one activity. What is measured is what stands around it: packages, build
//! time, size, and the time from the start of the process to its first poll.

use perpetua::prelude::*;

#[activity]
async fn noop(number: u32) -> Result<u32, ActivityError> {
    Ok(number)
}

#[workflow]
async fn hello(ctx: Ctx) -> WorkflowResult<u32> {
    Ok(ctx.activity(noop(1)).start_to_close(seconds(30)).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:7233".into());
    let client = Client::connect(&address).await?;
    Worker::builder(&client, "cold").workflow(hello).activity(noop).build()?.run().await?;
    Ok(())
}
