//! What a server keeps of what it was asked to do, and whether it gets slower by that: memory and processor time for so many
//! workflows, one after the other.

use perpetua_testkit::Outcome;

use crate::process::{Contender, Running};
use crate::workloads;

/// How many workflows are measured.
const COUNT: u32 = 10_000;
/// Of how many the processor time is compared.
const PART: u32 = 2_000;
/// How many come before, for what a server makes only once.
const BEFORE: u32 = 500;

/// Prints how much one more workflow takes of each server.
pub(crate) async fn print(contenders: &[Contender]) -> Outcome {
    println!(
        "| | memory of an open start, KiB | of a finished hello, KiB | hello, first ms | after {COUNT}, ms | ratio |"
    );
    println!("|---|---|---|---|---|---|");
    for contender in contenders {
        let open = contender.fresh().await?;
        workloads::so_many(&open.client, BEFORE, workloads::start_one).await?;
        let before = open.memory()?;
        workloads::so_many(&open.client, COUNT, workloads::start_one).await?;
        let open_start = (open.memory()? - before) / f64::from(COUNT) / 1024.0;
        open.stop()?;

        let server = contender.fresh().await?;
        let worker = workloads::worker(&server.client)?;
        workloads::so_many(&server.client, BEFORE, workloads::hello_one).await?;
        let before = server.memory()?;
        let first = part(&server).await?;
        workloads::so_many(&server.client, COUNT - 2 * PART, workloads::hello_one).await?;
        let last = part(&server).await?;
        let hello = (server.memory()? - before) / f64::from(COUNT) / 1024.0;
        worker.shutdown().await?;
        server.stop()?;
        println!(
            "| {} | {open_start:.2} | {hello:.2} | {first:.3} | {last:.3} | {:.2} |",
            contender.name,
            last / first
        );
    }
    Ok(())
}

/// The processor time of the server for a hello, in milliseconds.
async fn part(server: &Running) -> Outcome<f64> {
    let before = server.processor_time()?;
    workloads::so_many(&server.client, PART, workloads::hello_one).await?;
    Ok((server.processor_time()? - before) / f64::from(PART) * 1e3)
}
