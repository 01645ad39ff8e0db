//! What happens within this process: a server's start, worlds for tests, time that is skipped.

use std::time::Instant;

use perpetua::Client;
use perpetua::prelude::*;
use perpetua::testing::TestEnv;
use serde_json::json;

use crate::Outcome;
use crate::meter::percentile;
use crate::options::Options;
use crate::workflows::{Idle, a_month, noop, sleeper};

/// How many worlds there are at a time.
const AT_ONCE: usize = 8;
/// Thirty days, in seconds.
const MONTH: u32 = 30 * 86_400;

/// From the call that makes a server until the first start of a workflow was accepted; and the same once more, for a second
/// server, whose code has run before.
pub(crate) async fn embedded_start() -> Outcome {
    let first = start_of_a_server().await?;
    let second = start_of_a_server().await?;
    println!("{}", json!({ "first_start_ms": first, "second_start_ms": second }));
    Ok(())
}

async fn start_of_a_server() -> Outcome<f64> {
    let begun = Instant::now();
    let client: Client = Client::embedded().await?;
    client.start(Idle::run(0)).task_queue("nobody").id("first").await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// Sleeps of 30 days in one world: how long each takes, and by how much the clock is off in the end.
pub(crate) async fn skip(options: &Options) -> Outcome {
    let times: u32 = options.number("count", 5)?;
    let env = TestEnv::start_new().await?;
    let worker = env.worker().workflow(sleeper).activity(noop).start();
    env.run(sleeper(1)).await?;
    let (begun, real) = (env.now(), Instant::now());
    let mut taken = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        env.run(sleeper(MONTH)).await?;
        taken.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    // Time that nobody sleeps goes on as outside.
    let real = real.elapsed().as_secs_f64();
    let passed = env.now().duration_since(begun)?.as_secs_f64();
    let off = passed - f64::from(MONTH) * f64::from(times);
    drop(worker);
    env.finish().await.map_err(|findings| findings.to_string())?;
    let sleep_ms = percentile(&mut taken, 0.5);
    println!("{}", json!({ "sleep_ms": sleep_ms, "clock_off_s": nearest_tenth(off, real), "first_ms": taken.first() }));
    Ok(())
}

/// How far off the clock is, in tenths of a second: it may have stood still, or gone on as outside, while code ran.
fn nearest_tenth(off: f64, real: f64) -> f64 {
    let off = if off < 0.0 { off } else { (off - real).max(0.0) };
    (off.abs() * 10.0).round() / 10.0
}

/// So many worlds for tests, some at a time: each a server, a worker and a workflow with a month and three activities.
pub(crate) async fn worlds(options: &Options) -> Outcome {
    let count: usize = options.number("count", 1_000)?;
    let begun = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..AT_ONCE {
        lanes.spawn(async move {
            for _ in (lane..count).step_by(AT_ONCE) {
                world().await?;
            }
            Ok::<_, crate::Failure>(())
        });
    }
    while let Some(ended) = lanes.join_next().await {
        ended??;
    }
    println!("{}", json!({ "worlds": count, "world_ms": begun.elapsed().as_secs_f64() * 1e3 / count as f64 }));
    Ok(())
}

async fn world() -> Outcome {
    let env = TestEnv::start_new().await?;
    env.worker().workflow(a_month).activity(noop).start();
    let steps = env.run(a_month(3)).await?;
    if steps != 3 {
        return Err(format!("{steps} steps instead of 3").into());
    }
    env.finish().await.map_err(|findings| findings.to_string().into())
}
