//! Runs every test of the workspace, with a real Temporal server at hand.

use std::{env, path::PathBuf};

use crate::{Outcome, cargo, root, server, succeed};

/// Where tests find the `temporal` executable.
const CLI: &str = "PERPETUA_TEMPORAL_CLI";
/// Where tests find a Python that imports `temporalio`.
const PYTHON: &str = "PERPETUA_PYTHON";

/// Installs the server unless the caller brings one, then runs `cargo test --workspace` with these arguments.
pub(crate) fn test(arguments: &[&str]) -> Outcome<()> {
    let brought = |name| env::var_os(name).map(PathBuf::from);
    let server = match (brought(CLI), brought(PYTHON)) {
        (Some(cli), Some(python)) => server::Server { cli, python },
        _ => server::install(&root())?,
    };
    let mut command = cargo(&["test", "--workspace"]);
    succeed(command.args(arguments).env(CLI, server.cli).env(PYTHON, server.python))
}
