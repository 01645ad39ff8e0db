//! Together with what others wrote: the scripts in `official/` use the Python SDK and the `temporal` command line on this
//! server as they would on Temporal's own. With `OFFICIAL_SERVER` they can be run by hand on that one, to see what it does.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the environment names, or what `cargo xtask server install` puts in place.
fn installed(variable: &str, name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/temporal/venv/bin").join(name);
    std::env::var_os(variable).map_or(place, PathBuf::from)
}

fn run(script: &str) {
    let python = installed("PERPETUA_PYTHON", "python3");
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official").join(script))
        .env("OFFICIAL_SERVER", env!("CARGO_BIN_EXE_perpetua"))
        .env("TEMPORAL_CLI", installed("PERPETUA_TEMPORAL_CLI", "temporal"))
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!("{} cannot be run: {error}; `cargo xtask server install` puts it in place", python.display())
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}:\n{said}");
    assert!(said.contains("\nOK"), "{script} has run no test:\n{said}");
}

#[test]
fn workflows() {
    run("workflows.py");
}

#[test]
fn time_skipping() {
    run("time_skipping.py");
}

#[test]
fn schedules() {
    run("schedules.py");
}

#[test]
fn nexus() {
    run("nexus.py");
}

#[test]
fn activities() {
    run("activities.py");
}

#[test]
fn command_line() {
    run("command_line.py");
}
