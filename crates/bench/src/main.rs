//! Measures Perpetua on the workloads that the programs for the other SDKs have too.
//!
//! `perpetua-bench worker` is a worker that another program loads; `perpetua-bench drive WORKLOAD` starts such a worker, of this
//! SDK or of another, loads it, and prints one line of JSON. Both take the options and print the fields that the peers'
//! programs do, so that any driver goes with any worker.
//!
//! `perpetua-bench lab` decides which sides are compared, and makes a report of the figures; `cargo xtask bench` runs it.
//!
//! Read first: `lab.rs`.

mod coldstart;
mod drive;
mod history;
mod in_process;
mod lab;
mod lanes;
mod leash;
mod meter;
mod options;
mod worker;
mod workflows;

use options::Options;

/// What a measurement ends with. Its reader is whoever runs it, so the error is whatever explains itself best.
type Outcome<T = ()> = Result<T, Failure>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
usage: perpetua-bench <command> [--option value]...

  worker           a worker of the workloads; `snap` on its input asks for its figures, the end of input stops it
  coldstart FOLDER what a program costs before its first task: packages, builds, size, time to its first poll
  drive WORKLOAD   loads a worker: hello, seq10, fan100, local10, timers, signals, updates, queries, start, cache
  lanes            workflow code that computes, on one lane and on two (--rounds, --count, --conc)
  lab [ROW]...     measures ours and its peers in turns, and reports it; `cargo xtask bench` says the rest
  replay           replays the history in --file, --reps times
  read-json        reads the history in --file as standard JSON, --reps times
  embedded-start   starts a server in this process, and a workflow
  skip             sleeps of 30 days in a world for tests
  worlds           so many worlds for tests
  leashed COMMAND  becomes the command, which ends when whoever started it ends

options: --addr 127.0.0.1:7233 --namespace default --tq bench --cache 1000 --gzip 0 --pollers 5 --slots 200 --threads 2 --eager 3
and for drive: --count 200 --conc 50 --warm 10 --server-pid N --worker-cmd COMMAND
for coldstart: --target target/coldstart --jobs 2 --profile release --touches 3 --starts 7";

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, rest)) if command == "lab" => return lab::run(rest),
        Some((command, rest)) if command == "leashed" => return leash::run(rest),
        _ => {}
    }
    let options = Options::parse(arguments)?;
    let words: Vec<&str> = options.words().collect();
    match words.as_slice() {
        // A replay is a function: threads that it does not need would count as its processor time while they start.
        ["replay"] => history::replay(&options),
        ["read-json"] => history::read_json(&options),
        _ => {
            let threads = options.number("threads", 2)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
            runtime.block_on(with_runtime(&options, &words))
        }
    }
}

/// What waits for sockets and clocks.
async fn with_runtime(options: &Options, words: &[&str]) -> Outcome {
    match words {
        ["worker"] => worker::run(options).await,
        ["lanes"] => lanes::run(options).await,
        ["drive", workload] => drive::run(options, workload).await,
        ["coldstart", folder] => coldstart::run(options, folder).await,
        ["embedded-start"] => in_process::embedded_start().await,
        ["skip"] => in_process::skip(options).await,
        ["worlds"] => in_process::worlds(options).await,
        _ => Err(USAGE.into()),
    }
}
