//! Loads a worker with one workload, and prints what that took as one line of JSON.

mod by_many;
mod figures;
mod other;

use std::sync::Arc;
use std::time::{Duration, Instant};

use perpetua::{Client, Handle, WorkflowCall, WorkflowDefinition};

use crate::Outcome;
use crate::meter::Snapshot;
use crate::options::Options;
use crate::workflows::{Idle, Inbox, fan, local, seq, timers};
pub(crate) use by_many::by_many;
use figures::{Figures, Process};
use other::OtherWorker;

/// How often a worker is asked whether it still works, before what it remembers is measured.
const ASKS: u32 = 600;

/// Runs one workload against one worker.
pub(crate) async fn run(options: &Options, workload: &str) -> Outcome {
    let count: usize = options.number("count", 200)?;
    let at_a_time: usize = options.number("conc", 50)?;
    let queue = format!("{workload}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    let client = options.client().await?.with_task_queue(queue.as_str());
    let server = match options.number("server-pid", 0)? {
        0 => None,
        process => Some(process),
    };
    let mut worker = if workload == "start" { None } else { Some(OtherWorker::start(options, &queue).await?) };
    if worker.is_some() {
        warm_up(&client, &queue, options.number("warm", 10)?).await?;
    }
    let inbox = match workload {
        "signals" => Some(open(&client, &queue, count as u32).await?),
        "updates" | "queries" => Some(open(&client, &queue, 0).await?),
        _ => None,
    };

    let before = snapshots(worker.as_mut(), server).await?;
    let begun = Instant::now();
    let times = load(&client, &queue, workload, inbox.as_ref(), count, at_a_time).await?;
    if workload == "cache" {
        settled(worker.as_mut()).await?;
    }
    let wall = begun.elapsed();
    let after = snapshots(worker.as_mut(), server).await?;

    if let (Some(inbox), true) = (&inbox, workload != "signals") {
        inbox.finish().await?;
    }
    if let Some(worker) = worker {
        worker.stop().await?;
    }
    let figures = Figures { workload, count, at_a_time, wall, times, before, after };
    println!("{}", figures.json());
    Ok(())
}

/// Connections, code and queues of remembered runs are there before anything counts.
async fn warm_up(client: &Client, queue: &str, times: usize) -> Outcome {
    let begin = {
        let (client, queue) = (client.clone(), Arc::<str>::from(queue));
        move |number| {
            let (client, queue) = (client.clone(), Arc::clone(&queue));
            async move {
                client.run(seq(1)).id(format!("{queue}-warm-{number}")).await?;
                Ok(())
            }
        }
    };
    by_many(times, times.min(10), begin).await?;
    Ok(())
}

/// An inbox that takes messages.
async fn open(client: &Client, queue: &str, ends_at: u32) -> Outcome<Handle<Inbox>> {
    let inbox = client.start(Inbox::run(ends_at)).id(queue).await?;
    inbox.count().await?;
    Ok(inbox)
}

/// Does the workload so often, and says how long each took, in milliseconds.
async fn load(
    client: &Client,
    queue: &str,
    workload: &str,
    inbox: Option<&Handle<Inbox>>,
    count: usize,
    at_a_time: usize,
) -> Outcome<Vec<f64>> {
    let load = Load { client: client.clone(), queue: queue.into(), count, at_a_time };
    match (workload, inbox.cloned()) {
        ("hello", _) => load.complete(|| seq(1), 0).await,
        ("seq10", _) => load.complete(|| seq(10), 45).await,
        ("fan100", _) => load.complete(|| fan(100), 4_950).await,
        ("local10", _) => load.complete(|| local(10), 45).await,
        ("timers", _) => load.complete(|| timers(10), 10).await,
        ("start", _) => load.begin(|_| seq(1)).await,
        ("cache", _) => load.begin(Idle::run).await,
        ("signals", Some(inbox)) => {
            let sent = inbox.clone();
            let put = move |number| {
                let inbox = sent.clone();
                async move { Ok(inbox.put(number).await?) }
            };
            let times = by_many(count, at_a_time, put).await?;
            expect(inbox.result().await?, count as u32)?;
            Ok(times)
        }
        ("updates", Some(inbox)) => {
            let added = inbox.clone();
            let add = move |number| {
                let inbox = added.clone();
                async move {
                    inbox.add(number).await?;
                    Ok(())
                }
            };
            let times = by_many(count, at_a_time, add).await?;
            expect(inbox.count().await?, count as u32)?;
            Ok(times)
        }
        ("queries", Some(inbox)) => {
            let ask = move |_| {
                let inbox = inbox.clone();
                async move { expect(inbox.count().await?, 0) }
            };
            by_many(count, at_a_time, ask).await
        }
        _ => Err(format!("there is no workload `{workload}`").into()),
    }
}

/// A figure of work that was not done, or done wrong, is no figure.
fn expect(result: u32, expected: u32) -> Outcome {
    if result == expected { Ok(()) } else { Err(format!("{result} instead of {expected}").into()) }
}

/// Workflows by the number, so many at a time.
struct Load {
    client: Client,
    queue: Arc<str>,
    count: usize,
    at_a_time: usize,
}

impl Load {
    /// Runs each to its end; each must return this.
    async fn complete<D: WorkflowDefinition<Output = u32, Error: Sync>>(
        self,
        workflow: impl Fn() -> WorkflowCall<D> + Send + Sync + 'static,
        expected: u32,
    ) -> Outcome<Vec<f64>> {
        let (client, queue) = (self.client, self.queue);
        let run = move |number| {
            let run = client.run(workflow()).id(format!("{queue}-{number}"));
            async move { expect(run.await?, expected) }
        };
        by_many(self.count, self.at_a_time, run).await
    }

    /// Only starts each.
    async fn begin<D: WorkflowDefinition>(
        self,
        workflow: impl Fn(u32) -> WorkflowCall<D> + Send + Sync + 'static,
    ) -> Outcome<Vec<f64>> {
        let (client, queue) = (self.client, self.queue);
        let start = move |number| {
            let start = client.start(workflow(number)).id(format!("{queue}-{number}"));
            async move {
                start.await?;
                Ok(())
            }
        };
        by_many(self.count, self.at_a_time, start).await
    }
}

/// The figures of everybody who takes part.
async fn snapshots(worker: Option<&mut OtherWorker>, server: Option<i32>) -> Outcome<Process<Snapshot>> {
    Ok(Process {
        worker: match worker {
            Some(worker) => worker.snapshot().await?,
            None => Snapshot::default(),
        },
        client: Snapshot::here()?,
        server: server.map(Snapshot::of).transpose()?.unwrap_or_default(),
    })
}

/// Waits until the worker has nothing left to do: until its processor time stands still.
async fn settled(worker: Option<&mut OtherWorker>) -> Outcome {
    let Some(worker) = worker else { return Ok(()) };
    let mut last = 0.0;
    for _ in 0..ASKS {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let used = worker.snapshot().await?.cpu;
        if used - last < 0.03 {
            break;
        }
        last = used;
    }
    Ok(())
}
