//! Workers and clients under load, on a fresh server each time.

use std::path::Path;
use std::process::Command;

use super::{Lab, WITHIN, no_such};
use crate::Outcome;
use crate::lab::process::{Figures, last_figures};
use crate::lab::server::{Server, Start};
use crate::lab::side::Side;

/// How many workflows wait in the cache of a worker, by side: ours, official, Python.
const IDLE: [usize; 3] = [5_000, 5_000, 1_500];
/// How many workflows are started, by side.
const STARTS: [usize; 3] = [10_000, 5_000, 2_000];

/// How a worker is loaded.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) workload: &'static str,
    /// How often, for ours, the official Rust SDK and Python: enough for each, and not longer than it needs.
    pub(crate) counts: [usize; 3],
    pub(crate) at_a_time: usize,
    pub(crate) gzip: bool,
    /// Whose server it works for.
    pub(crate) server: Side,
}

/// Which of three counts is a side's.
fn of_side(counts: [usize; 3], side: Side) -> Outcome<usize> {
    match side {
        Side::Ours => Ok(counts[0]),
        Side::Official => Ok(counts[1]),
        Side::Python => Ok(counts[2]),
        side => Err(no_such(side)),
    }
}

/// Loads the worker of a side, with our client.
pub(super) fn worker(lab: &Lab, side: Side, load: &Load) -> Outcome<Figures> {
    let worker = worker_command(lab, side)?;
    let server = Server::start(&lab.programs, &lab.runtime, load.server, Start::Leashed)?;
    let count = lab.count(of_side(load.counts, side)?);
    let mut command = drive(lab, &lab.programs.bench, load.workload, &server, count, load.at_a_time);
    command.args(["--gzip", if load.gzip { "1" } else { "0" }, "--worker-cmd", &worker]);
    last_figures(&mut command, WITHIN)
}

/// Starts workflows that nobody works on, each side with its own client.
pub(super) fn client(lab: &Lab, side: Side) -> Outcome<Figures> {
    let programs = &lab.programs;
    let count = lab.count(of_side(STARTS, side)?);
    let server = Server::start(programs, &lab.runtime, Side::Ours, Start::Leashed)?;
    let mut command = match side {
        Side::Python => {
            let [python, script] = programs.python_peer()?;
            let mut command = programs.leashed(&python);
            command.arg(script).args(["drive", "start"]);
            arguments(&mut command, &server, count, 50);
            command
        }
        Side::Official => drive(lab, &programs.official()?, "start", &server, count, 50),
        _ => drive(lab, &programs.bench, "start", &server, count, 50),
    };
    last_figures(command.args(["--gzip", "0"]), WITHIN)
}

/// Lets the worker of a side remember workflows that have done something and wait now.
pub(super) fn idle(lab: &Lab, side: Side) -> Outcome<Figures> {
    let worker = worker_command(lab, side)?;
    let count = lab.count(of_side(IDLE, side)?);
    let server = Server::start(&lab.programs, &lab.runtime, Side::Ours, Start::Leashed)?;
    let mut command = drive(lab, &lab.programs.bench, "cache", &server, count, 20);
    command.args(["--cache", "6000", "--gzip", "0", "--worker-cmd", &worker]);
    let mut figures = last_figures(&mut command, WITHIN)?;
    let grown = figures.get("worker_rss_delta_kb").copied().ok_or("the worker does not say what it holds")?;
    figures.insert("idle_kb".to_owned(), grown / count as f64);
    Ok(figures)
}

/// Workflow code that computes, on one lane and on two.
pub(super) fn lanes(lab: &Lab) -> Outcome<Figures> {
    let server = Server::start(&lab.programs, &lab.runtime, Side::Ours, Start::Leashed)?;
    let mut command = lab.programs.leashed(&lab.programs.bench);
    command.args(["lanes", "--addr", &server.address(), "--count", &lab.count(400).to_string()]);
    last_figures(&mut command, WITHIN)
}

/// A load with our worker, for what the server takes.
pub(super) fn on_server(
    lab: &Lab,
    workload: &str,
    server: &Server,
    count: usize,
    at_a_time: usize,
) -> Outcome<Figures> {
    let mut command = drive(lab, &lab.programs.bench, workload, server, count, at_a_time);
    last_figures(command.args(["--gzip", "0"]), WITHIN)
}

fn drive(lab: &Lab, program: &Path, workload: &str, server: &Server, count: usize, at_a_time: usize) -> Command {
    let mut command = lab.programs.leashed(program);
    command.args(["drive", workload]);
    arguments(&mut command, server, count, at_a_time);
    command
}

fn arguments(command: &mut Command, server: &Server, count: usize, at_a_time: usize) {
    command.args(["--addr", &server.address(), "--server-pid", &server.process().to_string()]);
    command.args(["--count", &count.to_string(), "--conc", &at_a_time.to_string()]);
}

/// How a worker of a side is started, for the program that loads it.
fn worker_command(lab: &Lab, side: Side) -> Outcome<String> {
    let words = match side {
        Side::Ours => vec![lab.programs.bench.clone()],
        Side::Official => vec![lab.programs.official()?],
        Side::Python => lab.programs.python_peer()?.to_vec(),
        side => return Err(no_such(side)),
    };
    let words: Vec<String> = words.iter().map(|word| format!("'{}'", word.display())).collect();
    Ok(format!("{} worker", words.join(" ")))
}
