//! A worker that a test kills: `killable_worker ADDRESS TASK_QUEUE cached|evicted`.

mod killable;

use killable::{Stepper, step};
use perpetua::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(task_queue), Some(mode)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: killable_worker ADDRESS TASK_QUEUE cached|evicted".into());
    };
    let client = Client::builder().address(address).identity("killable-worker").connect().await?;
    let builder = Worker::builder(&client, task_queue).workflow(Stepper::run).activity(step);
    let builder = if mode == "evicted" { builder.max_cached_workflows(0) } else { builder };
    builder.build()?.run().await?;
    Ok(())
}
