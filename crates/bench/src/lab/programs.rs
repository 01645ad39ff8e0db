//! The programs that take part, and where they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// Where everything is. What is not there is no error: its sides are shown as not measured, with the reason.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// This program.
    pub(crate) bench: PathBuf,
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// `perpetua`, whose server is ours.
    pub(crate) perpetua: Option<PathBuf>,
    /// `temporal`, the real development server.
    pub(crate) temporal: Option<PathBuf>,
    /// `temporal-test-server`, which the other SDKs launch for tests.
    pub(crate) test_server: Option<PathBuf>,
    /// A Python with the SDK.
    pub(crate) python: Option<PathBuf>,
    /// What the setup of the peers has made: the official Rust SDK's program, histories.
    pub(crate) peers: Option<PathBuf>,
    /// The sources of the peers' programs.
    pub(crate) peers_source: Option<PathBuf>,
}

impl Programs {
    pub(crate) fn perpetua(&self) -> Outcome<&Path> {
        there(self.perpetua.as_deref(), "`perpetua` is not built")
    }

    pub(crate) fn temporal(&self) -> Outcome<&Path> {
        there(self.temporal.as_deref(), "the development server is not installed")
    }

    pub(crate) fn test_server(&self) -> Outcome<&Path> {
        there(self.test_server.as_deref(), "the test server is not installed")
    }

    pub(crate) fn python(&self) -> Outcome<&Path> {
        there(self.python.as_deref(), "the Python SDK is not installed")
    }

    /// The program of the official Rust SDK.
    pub(crate) fn official(&self) -> Outcome<PathBuf> {
        let program = self.peers()?.join("build/release/peer-bench");
        there(program.exists().then_some(program), "the program of the official Rust SDK is not built")
    }

    /// The program of the Python SDK, as words of a command.
    pub(crate) fn python_peer(&self) -> Outcome<[PathBuf; 2]> {
        let script = self.peers_source()?.join("python/peer.py");
        let script = there(script.exists().then_some(script), "there is no program for the Python SDK")?;
        Ok([self.python()?.to_owned(), script])
    }

    /// A script of this package.
    pub(crate) fn script(&self, name: &str) -> PathBuf {
        self.root.join("crates/bench/python").join(name)
    }

    /// A recorded history, as protobuf.
    pub(crate) fn history(&self, name: &str) -> Outcome<PathBuf> {
        let file = self.peers()?.join("histories").join(format!("{name}.pb"));
        there(file.exists().then_some(file), "the history is not there")
    }

    pub(crate) fn peers_source(&self) -> Outcome<&Path> {
        there(self.peers_source.as_deref(), "the sources of the peers' programs are not there")
    }

    fn peers(&self) -> Outcome<&Path> {
        there(self.peers.as_deref(), "the peers' programs and histories are not there")
    }

    /// The program itself, or kept on a leash: killed if this process ends, in whatever way.
    pub(crate) fn leashed(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.bench);
        command.arg("leashed").arg(program);
        command
    }
}

fn there<T>(program: Option<T>, otherwise: &str) -> Outcome<T> {
    program.ok_or_else(|| otherwise.into())
}
