//! Measures what is ours beside what is there already: builds, installs, and lets `perpetua-bench lab` do the rest.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, cargo, root, server, succeed};

/// Where the programs of the peers come from, beside the repository.
const PEERS_SOURCE: &str = "../shared/peers";

/// Measures the rows that are named, or all; the arguments are those of the lab.
pub(crate) fn lab(arguments: &[&str]) -> Outcome<()> {
    let mut build = cargo(&["build", "--release", "--package", "perpetua-bench", "--package", "perpetua-cli"]);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        // Some packages are built anew where these differ, as they do from a build without us.
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(name.as_ref());
        }
    }
    succeed(&mut build)?;
    let built = cargo_target()?.join("release");
    // A mistake is told before the peers are made, which takes long the first time.
    succeed(Command::new(built.join("perpetua-bench")).arg("lab").args(arguments).arg("--dry-run"))?;
    let mut lab = Command::new(built.join("perpetua-bench"));
    lab.arg("lab").arg("--root").arg(root()).arg("--perpetua").arg(built.join("perpetua"));
    match server::install(&root()) {
        Ok(installed) => {
            lab.arg("--temporal").arg(&installed.cli).arg("--python").arg(&installed.python);
            match server::install_test_server(&root(), &installed.python) {
                Ok(program) => drop(lab.arg("--test-server").arg(program)),
                Err(reason) => eprintln!("without the test server: {reason}"),
            }
        }
        Err(reason) => eprintln!("without the servers and the SDK of others: {reason}"),
    }
    let peers = std::env::var_os("PEERS_DIR").map_or_else(|| root().join("target/peers"), PathBuf::from);
    let source = root().join(PEERS_SOURCE);
    match set_up_peers(&source, &peers) {
        Ok(()) => drop(lab.arg("--peers-source").arg(&source)),
        Err(reason) => eprintln!("without what the setup of the peers makes: {reason}"),
    }
    if peers.exists() {
        lab.arg("--peers").arg(&peers);
    }
    succeed(lab.args(arguments).env("CARGO", cargo_program()))
}

/// Runs the small benchmarks of every package that has some; the arguments are theirs, such as a part of a name.
pub(crate) fn micro(arguments: &[&str]) -> Outcome<()> {
    let mut command = cargo(&["bench"]);
    for (package, bench) in benches(&metadata()?) {
        command.args(["--package", &package, "--bench", &bench]);
    }
    succeed(command.arg("--").args(arguments))
}

/// Builds and unpacks what the peers need. What is there already takes a moment.
fn set_up_peers(source: &Path, peers: &Path) -> Outcome<()> {
    let setup = source.join("setup.sh");
    if !setup.exists() {
        return Err(format!("there is no {PEERS_SOURCE}").into());
    }
    eprintln!("setting up the peers in {}; the first time takes a quarter of an hour", peers.display());
    let mut command = Command::new("bash");
    command.arg(setup).env("PEERS_DIR", peers).stdin(Stdio::null());
    // What cargo says to us, about our toolchain, folder and flags, is not for theirs: it would build them anew.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name != "CARGO_HOME" && (name.starts_with("CARGO") || name == "RUSTUP_TOOLCHAIN" || name == "RUSTFLAGS") {
            command.env_remove(name.as_ref());
        }
    }
    succeed(&mut command)
}

/// Every benchmark of the workspace, after its package.
fn benches(metadata: &serde_json::Value) -> Vec<(String, String)> {
    let mut benches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            if target["kind"] == serde_json::json!(["bench"])
                && let (Some(package), Some(bench)) = (package["name"].as_str(), target["name"].as_str())
            {
                benches.push((package.to_owned(), bench.to_owned()));
            }
        }
    }
    benches
}

/// Where cargo builds.
fn cargo_target() -> Outcome<PathBuf> {
    Ok(metadata()?["target_directory"].as_str().ok_or("cargo does not say where it builds")?.into())
}

fn metadata() -> Outcome<serde_json::Value> {
    let output = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::{PEERS_SOURCE, benches, set_up_peers};

    #[test]
    fn benchmarks_are_found_where_they_are() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "a", "targets": [{ "kind": ["lib"], "name": "a" }, { "kind": ["bench"], "name": "hello" }] },
            { "name": "b", "targets": [{ "kind": ["bin"], "name": "b" }] },
        ] });
        assert_eq!(benches(&metadata), [("a".to_owned(), "hello".to_owned())]);
        assert_eq!(benches(&serde_json::json!({})), []);
    }

    #[test]
    fn peers_that_are_not_there_are_named() {
        let nowhere = std::path::Path::new("no/such/folder");
        let error = set_up_peers(nowhere, nowhere).expect_err("there is nothing");
        assert_eq!(error.to_string(), format!("there is no {PEERS_SOURCE}"));
    }
}
