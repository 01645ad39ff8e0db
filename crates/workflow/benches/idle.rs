//! Measures what a remembered run costs, and what it is thought to cost:
//! `cargo bench -p perpetua-workflow --bench idle -- [--count N] [--payload BYTES] [--pending N]`.
//!
//! The runs have done one activity, keep what it returned, and wait for a signal; they may have other activities pending. Each
//! has ids of its own and is played as by a worker. The growth of the process is divided by their number.

#[path = "shared/waiting.rs"]
mod waiting;

use waiting::{Outcome, Waiting};

fn main() -> Outcome {
    let (mut count, mut payload, mut pending) = (5000, 1, 0);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = match argument.as_str() {
            "--count" => &mut count,
            "--payload" => &mut payload,
            "--pending" => &mut pending,
            // What `cargo bench` adds.
            "--bench" => continue,
            other => return Err(format!("{other} is not known").into()),
        };
        *value = arguments.next().ok_or_else(|| format!("{argument} needs a number"))?.parse()?;
    }
    let waiting = Waiting::new(payload, u32::try_from(pending)?)?;
    drop(waiting.tasks(0).played()?);
    let before = resident()?;
    let mut runs = Vec::with_capacity(count);
    for number in 0..count {
        runs.push(waiting.tasks(number).played()?);
    }
    let after = resident()?;
    let weight = runs.iter().map(|run| run.weight()).sum::<usize>() / count;
    println!("{{\"runs\":{count},\"bytes_each\":{:.0},\"weight\":{weight}}}", (after - before) / count as f64);
    Ok(())
}

/// The memory that the process holds, in bytes.
fn resident() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("the system does not say")?;
    Ok(line.split_whitespace().nth(1).ok_or("the system does not say")?.parse::<f64>()? * 1024.0)
}
