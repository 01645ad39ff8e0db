//! Finds the development server, or has it installed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// The variable that names the `temporal` executable; set by `cargo xtask test`.
const CLI: &str = "PERPETUA_TEMPORAL_CLI";

/// Why there is no development server to start.
#[derive(Debug, thiserror::Error)]
#[error(
    "the development server could not be installed: {problem}; set {CLI} to a `temporal` executable to use that one"
)]
pub struct InstallError {
    problem: String,
}

/// The `temporal` executable: what the environment names, or what `cargo xtask server install` puts in place.
pub(crate) async fn temporal_cli() -> Result<PathBuf, InstallError> {
    if let Some(path) = std::env::var_os(CLI) {
        return Ok(path.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "xtask", "--", "server", "install"])
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(|error| InstallError { problem: format!("cargo cannot be started: {error}") })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match printed.lines().last() {
        Some(path) if output.status.success() => Ok(PathBuf::from(path.trim())),
        _ => Err(InstallError { problem: format!("`cargo xtask server install` ended with {}", output.status) }),
    }
}

/// The folder with the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}
