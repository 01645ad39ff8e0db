//! What servers are asked to do, and how long it takes them.

use std::time::{Duration, Instant};

use perpetua::prelude::*;
use perpetua::{Client, Worker};
use perpetua_testkit::Outcome;
use tokio::task::JoinSet;

/// The queue of the worker.
pub(crate) const QUEUE: &str = "bench";
/// How many things are done at a time.
const AT_A_TIME: usize = 50;

/// Greets somebody.
#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

/// One activity.
#[workflow]
async fn hello(ctx: Ctx, name: String) -> WorkflowResult<String> {
    Ok(ctx.activity(greet(name)).start_to_close(seconds(60)).await?)
}

/// So many activities, one after the other.
#[workflow]
async fn steps(ctx: Ctx, count: u32) -> WorkflowResult<()> {
    for _ in 0..count {
        ctx.activity(greet("step".into())).start_to_close(seconds(60)).await?;
    }
    Ok(())
}

/// So many timers of a millisecond, one after the other.
#[workflow]
async fn timers(ctx: Ctx, count: u32) -> WorkflowResult<()> {
    for _ in 0..count {
        ctx.sleep(milliseconds(1)).await?;
    }
    Ok(())
}

/// Nothing: nobody works on its queue.
#[workflow]
pub(crate) async fn idle(_ctx: Ctx) -> WorkflowResult<()> {
    Ok(())
}

/// A worker of everything.
pub(crate) fn worker(client: &Client) -> Outcome<perpetua::RunningWorker> {
    Ok(Worker::builder(client, QUEUE).workflow(hello).workflow(steps).workflow(timers).activity(greet).spawn()?)
}

/// An id that nothing else has.
pub(crate) fn some_id() -> String {
    format!("bench-{}", uuid::Uuid::new_v4())
}

/// How often something was done, and how long that took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) times: f64,
    pub(crate) seconds: f64,
}

/// Does something by so many at a time for a while.
async fn by_many<F, Fut>(at_a_time: usize, time: Duration, act: F) -> Outcome<Done>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let mut done = 0_u32;
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..at_a_time {
        running.spawn(act());
    }
    while let Some(ended) = running.join_next().await {
        ended??;
        done += 1;
        if begun.elapsed() < time {
            running.spawn(act());
        }
    }
    Ok(Done { times: done.into(), seconds: begun.elapsed().as_secs_f64() })
}

/// Does something so many times, 50 at a time.
pub(crate) async fn so_many<Fut>(client: &Client, times: u32, act: impl Fn(Client) -> Fut) -> Outcome
where
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let mut running = JoinSet::new();
    for _ in 0..times {
        if running.len() == AT_A_TIME
            && let Some(ended) = running.join_next().await
        {
            ended??;
        }
        running.spawn(act(client.clone()));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

/// Starts a workflow that nobody works on.
pub(crate) async fn start_one(client: Client) -> Outcome {
    client.start(idle()).task_queue("nobody").id(some_id()).await?;
    Ok(())
}

/// Has a workflow of one activity run to its end.
pub(crate) async fn hello_one(client: Client) -> Outcome {
    client.run(hello("World".into())).task_queue(QUEUE).id(some_id()).await?;
    Ok(())
}

/// Starts of workflows that nobody works on.
pub(crate) async fn starts(client: &Client, time: Duration) -> Outcome<Done> {
    by_many(AT_A_TIME, time, || start_one(client.clone())).await
}

/// Completed workflows of one activity.
pub(crate) async fn hellos(client: &Client, time: Duration) -> Outcome<Done> {
    by_many(AT_A_TIME, time, || hello_one(client.clone())).await
}

/// How long something takes, in seconds: the median of so many times.
async fn median_of<Fut: Future<Output = Outcome>>(times: usize, act: impl Fn() -> Fut) -> Outcome<f64> {
    let mut taken = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        act().await?;
        taken.push(begun.elapsed().as_secs_f64());
    }
    Ok(crate::median(&mut taken))
}

/// How long a workflow of one activity takes when it is alone.
pub(crate) async fn hello_alone(client: &Client) -> Outcome<f64> {
    median_of(50, async || {
        client.run(hello("World".into())).task_queue(QUEUE).id(some_id()).await?;
        Ok(())
    })
    .await
}

/// How long each of ten activities in a row takes.
pub(crate) async fn step(client: &Client) -> Outcome<f64> {
    let whole = median_of(10, async || {
        client.run(steps(10)).task_queue(QUEUE).id(some_id()).await?;
        Ok(())
    });
    Ok(whole.await? / 10.0)
}

/// How long each of five timers of a millisecond in a row takes.
pub(crate) async fn timer(client: &Client) -> Outcome<f64> {
    let whole = median_of(1, async || {
        client.run(timers(5)).task_queue(QUEUE).id(some_id()).await?;
        Ok(())
    });
    Ok(whole.await? / 5.0)
}
