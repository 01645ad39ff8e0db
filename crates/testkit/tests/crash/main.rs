//! A server that is killed at any moment loses nothing that it has acknowledged.
//!
//! ```text
//! world: kill, start again on the same file, kill, .. --- clients and workers note what they are told (Ledger)
//!          `--> at last everything completes, and the histories are compared with the ledger
//! ```
//! `PERPETUA_SEED` repeats the moments of a run that failed, as far as a machine can repeat itself.

mod ledger;
mod load;
mod process;
mod sound;

use std::sync::Arc;
use std::time::Duration;

use perpetua_testkit::{Dice, Outcome};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use ledger::Ledger;
use process::Process;

/// How many worlds there are, each with a file of its own.
const WORLDS: u64 = 8;
/// How often the server of a world is killed.
const KILLS: usize = 26;
/// The longest life, in microseconds after the server has said where it listens.
const LIFE: u64 = 200_000;
/// How long a world may take to complete everything when its server is left alone.
const END: Duration = Duration::from_secs(60);

fn seed() -> u64 {
    let given = std::env::var("PERPETUA_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0)
}

/// Lets a world live and die; what was told is there in the end. How many steps were acknowledged.
async fn one_world(seed: u64) -> Outcome<usize> {
    let mut dice = Dice::of(seed);
    let folder = std::env::temp_dir().join(format!("perpetua-crash-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder)?;
    let file = folder.join("server.db");
    let ledger = Arc::new(Ledger::default());
    for _ in 0..KILLS {
        let life = Duration::from_micros(dice.below(LIFE));
        let process = Process::start(&file).await?;
        let load = load::begin(&process, &ledger).await?;
        sleep(life).await;
        process.kill().await?;
        load.end().await?;
    }
    let process = Process::start(&file).await?;
    ledger.take_no_more();
    let load = load::begin(&process, &ledger).await?;
    timeout(END, ledger.everything_is_done()).await.map_err(|_| format!("not completed: {:?}", ledger.open_jobs()))?;
    sound::check(&process, &ledger).await?;
    process.kill().await?;
    load.end().await?;
    std::fs::remove_dir_all(&folder)?;
    Ok(ledger.acknowledged())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_it_acknowledged() -> Outcome {
    let seed = seed();
    println!("PERPETUA_SEED={seed}");
    let mut worlds = JoinSet::new();
    for number in 0..WORLDS {
        worlds.spawn(one_world(seed.wrapping_add(number)));
    }
    let mut acknowledged = 0;
    while let Some(world) = worlds.join_next().await {
        acknowledged += world?.map_err(|error| format!("with PERPETUA_SEED={seed}: {error}"))?;
    }
    println!("{} kills, {acknowledged} steps acknowledged", WORLDS as usize * KILLS);
    // The servers lived long enough to be at work when they were killed.
    assert!(acknowledged > WORLDS as usize * KILLS * 5);
    Ok(())
}
