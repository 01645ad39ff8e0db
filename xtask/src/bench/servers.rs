//! Measures the server beside the real development server, in one run.

use std::process::Command;

use crate::{Outcome, cargo, root, server, succeed};

/// Builds everything with optimisation, and lets both servers take turns, in memory and on a file.
pub(crate) fn run(arguments: &[&str]) -> Outcome<()> {
    let real = server::install(&root())?.cli;
    succeed(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "perpetua-cli",
        "--package",
        "perpetua-testkit",
        "--bins",
    ]))?;
    let built = cargo_target()?.join("release");
    let start = |program: &str| format!("{program} server start-dev --headless --log-level error --port {{port}}");
    let ours = start(&built.join("perpetua").to_string_lossy());
    let theirs = start(&real.to_string_lossy());
    let mut command = Command::new(built.join("bench_servers"));
    command.args(arguments).args([
        format!("perpetua, memory={ours}"),
        format!("perpetua, file={ours} --db-filename {{file}}"),
        format!("start-dev, memory={theirs}"),
        format!("start-dev, file={theirs} --db-filename {{file}}"),
    ]);
    succeed(&mut command)
}

/// Where cargo builds.
fn cargo_target() -> Outcome<std::path::PathBuf> {
    let output = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["target_directory"].as_str().ok_or("cargo does not say where it builds")?.into())
}
