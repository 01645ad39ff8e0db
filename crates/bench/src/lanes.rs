//! Workflow code that computes, on one lane and on two: whether a second lane is worth a second processor.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use perpetua::prelude::*;

use crate::Outcome;
use crate::drive::by_many;
use crate::options::Options;

/// Computes for so many rounds of about a microsecond, without waiting for anything.
#[workflow(name = "Burn")]
async fn burn(_ctx: Ctx, rounds: u32) -> WorkflowResult<u64> {
    Ok(compute(rounds))
}

fn compute(rounds: u32) -> u64 {
    let mut state = u64::from(rounds) | 1;
    for _ in 0..rounds {
        for _ in 0..1_000 {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
    state
}

/// Runs as many workflows on one lane as on two, and prints both times as one line of JSON: `one_s`, `two_s`, `ratio`; and
/// `balance`, how much faster two lanes were if nothing else took processors: the time that the two computed, by that of
/// the one that computed longer; and `machine`, how much faster two threads are that do nothing else, which is the most
/// that lanes could reach.
pub(crate) async fn run(options: &Options) -> Outcome {
    let machine = machine(options)?;
    let one = measure(options, 1).await?;
    let two = measure(options, 2).await?;
    let computed: u64 = two.computed.iter().sum();
    let longest = two.computed.iter().copied().max().unwrap_or(1).max(1);
    let line = serde_json::json!({
        "workload": "lanes",
        "one_s": one.seconds,
        "two_s": two.seconds,
        "ratio": one.seconds / two.seconds,
        "balance": computed as f64 / longest as f64,
        "machine": machine,
    });
    println!("{line}");
    Ok(())
}

/// How much faster two bare threads compute the same than one.
fn machine(options: &Options) -> Outcome<f64> {
    let count: u32 = options.number("count", 400)?;
    let rounds: u32 = options.number("rounds", 20_000)?;
    let half = || (0..count / 2).fold(0, |sum, _| black_box(compute(rounds)) ^ sum);
    let begun = Instant::now();
    half();
    half();
    let one = begun.elapsed();
    let begun = Instant::now();
    thread::scope(|scope| {
        scope.spawn(half);
        scope.spawn(half);
    });
    Ok(one.as_secs_f64() / begun.elapsed().as_secs_f64())
}

/// What one measurement gave.
struct Measured {
    seconds: f64,
    /// How long each lane computed, in ticks of the system.
    computed: Vec<u64>,
}

async fn measure(options: &Options, lanes: usize) -> Outcome<Measured> {
    let count = options.number("count", 400)?;
    let at_a_time = options.number("conc", 50)?;
    let rounds: u32 = options.number("rounds", 20_000)?;
    let queue = format!("lanes-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    let client = options.client().await?.with_task_queue(queue.as_str());
    let worker = Worker::builder(&client, queue.as_str()).lanes(lanes).workflow(burn).spawn()?;
    client.run(burn(1)).id(format!("{queue}-warm")).await?;
    let before = lanes_computed()?;
    let begun = Instant::now();
    let begin = {
        let (client, queue) = (client.clone(), queue.clone());
        move |number| {
            let (client, queue) = (client.clone(), queue.clone());
            async move {
                client.run(burn(rounds)).id(format!("{queue}-{number}")).await?;
                Ok(())
            }
        }
    };
    by_many(count, at_a_time, begin).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let computed = lanes_computed()?;
    worker.shutdown().await?;
    let grown = computed.into_iter().map(|(thread, ticks)| ticks - before.get(&thread).copied().unwrap_or(0));
    Ok(Measured { seconds, computed: grown.collect() })
}

/// How long each lane of this process has computed, by its thread.
fn lanes_computed() -> Outcome<BTreeMap<String, u64>> {
    let mut lanes = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?;
        // One may have ended meanwhile.
        let Ok(stat) = fs::read_to_string(thread.path().join("stat")) else { continue };
        let Some((name, fields)) = stat.rsplit_once(')') else { continue };
        if name.contains("perpetua-lane") {
            // Its own time and that of the system for it are the fields 14 and 15; these are counted from the third.
            let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
            lanes.insert(thread.file_name().to_string_lossy().into_owned(), ticks.sum::<Result<u64, _>>()?);
        }
    }
    Ok(lanes)
}
