//! A worker of the workloads, that another program loads and asks for figures.

use perpetua::Worker;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::Outcome;
use crate::meter::Snapshot;
use crate::options::Options;
use crate::workflows::{Idle, Inbox, fan, local, noop, seq, sleeper, timers};

/// Works until its input ends.
pub(crate) async fn run(options: &Options) -> Outcome {
    let client = options.client().await?;
    let slots = options.number("slots", 200)?;
    let pollers = options.number("pollers", 5)?;
    let builder = Worker::builder(&client, options.text("tq", "bench"))
        .max_cached_workflows(options.number("cache", 1000)?)
        .max_cached_bytes(options.number("cache-bytes", usize::MAX)?)
        .max_concurrent_workflow_tasks(slots)
        .max_concurrent_activities(slots)
        .max_concurrent_local_activities(slots)
        .workflow_pollers(pollers)
        .activity_pollers(pollers)
        .workflow(seq)
        .workflow(fan)
        .workflow(local)
        .workflow(timers)
        .workflow(sleeper)
        .workflow(Inbox::run)
        .workflow(Idle::run)
        .activity(noop);
    let builder = if options.number("eager", 3)? == 0 { builder.disable_eager_activities() } else { builder };
    let worker = builder.spawn()?;
    println!("{}", serde_json::json!({ "ready": true }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim() == "snap" {
            println!("{}", serde_json::to_string(&Snapshot::here()?)?);
        }
    }
    Ok(worker.shutdown().await?)
}
