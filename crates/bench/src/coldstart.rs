//! What a worker costs before its first task: packages, build time, size, and the time until it asks for work.
//!
//! Measures any folder with a package that makes one program, a worker which takes the server's address as its argument: ours
//! in `crates/bench/coldstart`, or that of another SDK. The figures are one line of JSON.
//!
//! ```text
//! cargo tree --> packages; cargo build --release (nothing there; then src/main.rs touched) --> CPU and elapsed seconds
//! the program --> size, size stripped --> started N times beside a stand-in server --> milliseconds to the first poll
//! ```

mod build;
mod stand_in;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use serde::Serialize;
use tokio::process::Command;

use crate::Outcome;
use crate::options::Options;
use build::{Cost, Package};
use stand_in::StandIn;

/// What a worker costs before its first task.
#[derive(Debug, Serialize)]
pub(crate) struct ColdStart {
    /// The folder with the package.
    folder: PathBuf,
    /// How many packages are built for it, itself and build tools included.
    packages: usize,
    /// A release build where nothing is built yet.
    clean: Cost,
    /// A release build after a change of its main file; the median of several.
    touched: Cost,
    /// The program's size in bytes, as the build leaves it.
    size: u64,
    /// Its size in bytes without symbols.
    stripped: u64,
    /// From the start of the process to the arrival of its first poll for workflow tasks; the median of several.
    first_poll_ms: f64,
    /// Each of them.
    first_polls_ms: Vec<f64>,
}

/// Measures the package in the folder that is named first.
pub(crate) async fn run(options: &Options, folder: &str) -> Outcome {
    let target = options.text("target", "target/coldstart");
    let figures = measure(Path::new(folder), Path::new(target), options).await?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// Measures the package in a folder; builds it below `target`, in a folder of its own that is emptied first.
pub(crate) async fn measure(folder: &Path, target: &Path, options: &Options) -> Outcome<ColdStart> {
    let jobs = options.number("jobs", 2)?;
    let starts = options.number("starts", 7)?;
    let touches = options.number("touches", 3)?;
    let profile = options.text("profile", "release");
    let package = Package::new(folder, target, profile, jobs)?;
    let packages = package.packages().await?;
    let (clean, program) = package.build_anew().await?;
    let mut touched = Vec::new();
    for _ in 0..touches {
        touched.push(package.build_touched().await?);
    }
    touched.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    let touched = touched.get(touched.len() / 2).copied().ok_or("--touches is at least 1")?;
    let (size, stripped) = package.sizes(&program).await?;
    let mut first_polls_ms = Vec::new();
    for _ in 0..starts {
        first_polls_ms.push(first_poll(&program).await?);
    }
    let mut sorted = first_polls_ms.clone();
    sorted.sort_by(f64::total_cmp);
    let first_poll_ms = sorted.get(sorted.len() / 2).copied().ok_or("--starts is at least 1")?;
    Ok(ColdStart {
        folder: folder.to_path_buf(),
        packages,
        clean,
        touched,
        size,
        stripped,
        first_poll_ms,
        first_polls_ms,
    })
}

/// Starts the program beside a stand-in server; how many milliseconds it takes to poll.
async fn first_poll(program: &Path) -> Outcome<f64> {
    let server = StandIn::start().await?;
    let address = format!("http://{}", server.address());
    let begun = Instant::now();
    let mut worker = Command::new(program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let polled = server.first_poll().await?;
    worker.kill().await?;
    Ok(polled.duration_since(begun).as_secs_f64() * 1000.0)
}
