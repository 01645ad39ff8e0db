//! Random workflows on a real server: they run to their end with a cache, with a small one and with none, and everything
//! that they did can be replayed. A seed decides what they do; when their messages reach them is left to chance.
//!
//! `PERPETUA_SEED` sets the first seed and `PERPETUA_PROGRAMS` how many there are, to look for more than CI does.

use perpetua::prelude::{minutes, seconds};
use perpetua::{Handle, RequestError, WorkerBuilder, WorkflowId};
use perpetua_testkit::programs::{COUNTED, Input, Place, Plan, Program, stumble};
use perpetua_testkit::{Dice, Outcome, Stage, both_ways};
use tokio::task::JoinSet;
use tokio::time::timeout;

crate::recorded::replayed_with!(Program);

/// A number that the environment may set.
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Two or three plans in a row.
fn input(seed: u64, other: &WorkflowId) -> Input {
    let dice = &mut Dice::of(seed.wrapping_mul(1000));
    let plans = (0..2 + dice.below(2)).map(|_| Plan::random(dice, Place::MAIN)).collect();
    Input { plans, other: other.to_string(), count: 0, log: Vec::new() }
}

/// Sends a workflow what its seed says, cancels it, and waits for its end.
async fn drive(handle: Handle<Program>, seed: u64) -> Outcome {
    let dice = &mut Dice::of(seed.wrapping_mul(1000) + 1);
    let mut updates = JoinSet::new();
    let mut counted = 0;
    while counted < COUNTED {
        match dice.below(6) {
            0..=2 => {
                counted += 1;
                over_is_fine(handle.count().await)?;
            }
            3 => over_is_fine(handle.plan(Plan::random(dice, Place::HANDLER)).await)?,
            4 => {
                let update = handle.step().into_future();
                updates.spawn(async move { drop(update.await) });
            }
            _ => {
                let update = handle.act(Plan::random(dice, Place::HANDLER)).into_future();
                updates.spawn(async move { drop(update.await) });
            }
        }
        if dice.one_in(4) {
            handle.log().timeout(minutes(1)).await?;
        }
    }
    let log = loop {
        over_is_fine(handle.cancel().await.map_err(RequestError::from))?;
        // Asked again where a run had decided to continue as a new one, which nobody has asked to stop.
        if let Ok(ended) = timeout(seconds(5), handle.result()).await {
            break ended?;
        }
    };
    updates.join_all().await;
    // What else was ready in the last turn may have been noted after the end.
    let replayed = handle.log().timeout(minutes(1)).await?;
    assert!(replayed.starts_with(&log), "a replay sees what was seen: {replayed:?}, not {log:?}");
    Ok(())
}

/// A message to a workflow that is over has come too late, as it may.
fn over_is_fine(sent: Result<(), RequestError>) -> Outcome {
    match sent {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Plays so many programs side by side.
async fn play(stage: &Stage, first: u64, count: u64) -> Outcome {
    stage.courses_differ();
    let worker = |builder: WorkerBuilder| builder.workflow(Program::run).activity(stumble).spawn();
    let large = worker(stage.worker())?;
    // Of those that cache, one forgets at random what it needs again.
    let small_queue = format!("{}-small", stage.task_queue());
    let small = worker(stage.worker_of(&small_queue, 3))?;
    let start = |plans, id: &WorkflowId, queue: &str| {
        stage.client().start(Program::run(plans)).task_queue(queue).id(id).into_future()
    };

    let other = stage.id("other");
    let waits = Input { plans: vec![Plan::WaitToBeCanceled], other: String::new(), count: 0, log: Vec::new() };
    let listener = start(waits, &other, stage.task_queue().as_str()).await?;
    let mut programs = JoinSet::new();
    for seed in first..first + count {
        let queue = if seed % 2 == 0 { stage.task_queue().as_str() } else { &small_queue };
        let handle = start(input(seed, &other), &stage.id(&format!("program_{seed}")), queue).await?;
        programs.spawn(async move { drive(handle, seed).await.map_err(|error| format!("seed {seed}: {error}")) });
    }
    while let Some(ended) = programs.join_next().await {
        ended??;
    }
    listener.cancel().await?;
    listener.result().await?;
    large.shutdown().await?;
    small.shutdown().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_programs_run_to_their_end_and_are_replayed() -> Outcome {
    let (first, count) = (number("PERPETUA_SEED", 0), number("PERPETUA_PROGRAMS", 24));
    both_ways(async |stage| play(stage, first, count).await).await
}
