//! Runs every test of the workspace, with a real Temporal server at hand.

use std::{env, fs, path::PathBuf, process::Command};

use crate::{Outcome, cargo, root, server, succeed};

/// Where tests find the `temporal` executable.
const CLI: &str = "PERPETUA_TEMPORAL_CLI";
/// Where tests find a Python that imports `temporalio`.
const PYTHON: &str = "PERPETUA_PYTHON";

/// Which server the end-to-end scenarios are played on.
const SERVER: &str = "PERPETUA_SERVER";
/// What makes end-to-end scenarios keep their histories.
const RECORD: &str = "PERPETUA_RECORD";

/// Installs the server unless the caller brings one, then runs `cargo test --workspace` with these arguments.
pub(crate) fn test(arguments: &[&str]) -> Outcome<()> {
    succeed(with_server(cargo(&["test", "--workspace"]))?.args(arguments))
}

/// Plays the end-to-end scenarios of the real server on an embedded one of this name.
pub(crate) fn embedded(server: &str) -> Outcome<()> {
    let mut command = with_server(cargo(&["test", "--package", "perpetua-testkit", "--test", "e2e", "--"]))?;
    succeed(command.args(["--skip", "recorded::"]).env(SERVER, server))
}

/// Plays the end-to-end scenarios, or those whose names contain `filter`, and keeps their histories.
pub(crate) fn record(filter: Option<&str>) -> Outcome<()> {
    let kept = root().join("testdata/histories");
    if filter.is_none() && kept.exists() {
        fs::remove_dir_all(kept)?;
    }
    // What is kept must not be read while it is written.
    let mut command = with_server(cargo(&["test", "--package", "perpetua-testkit", "--test", "e2e", "--"]))?;
    succeed(command.args(["--skip", "recorded::"]).args(filter).env(RECORD, "1"))
}

/// Tells a command where the server is.
fn with_server(mut command: Command) -> Outcome<Command> {
    let brought = |name| env::var_os(name).map(PathBuf::from);
    let server = match (brought(CLI), brought(PYTHON)) {
        (Some(cli), Some(python)) => server::Server { cli, python },
        _ => server::install(&root())?,
    };
    command.env(CLI, server.cli).env(PYTHON, server.python);
    Ok(command)
}
