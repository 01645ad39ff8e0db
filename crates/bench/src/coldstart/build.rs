//! Builds with Cargo, and what they cost.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use serde::Serialize;
use tokio::process::Command;

use crate::Outcome;

/// What a build takes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cost {
    /// Seconds of processors, for user code and system calls, in all processes of the build.
    pub(crate) cpu: f64,
    /// Seconds that passed.
    wall: f64,
}

/// A package that is built.
pub(super) struct Package {
    folder: PathBuf,
    target: PathBuf,
    profile: String,
    jobs: usize,
}

impl Package {
    /// The package in a folder, to be built in a folder of its own below `target`.
    pub(super) fn new(folder: &Path, target: &Path, profile: &str, jobs: usize) -> Outcome<Self> {
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        fs::create_dir_all(target)?;
        let name: String = folder.to_string_lossy().trim_start_matches('/').replace('/', "-");
        let target = target.canonicalize()?.join(name);
        Ok(Self { folder, target, profile: profile.to_owned(), jobs })
    }

    /// How many packages it is made of, itself and those that only build something included.
    pub(super) async fn packages(&self) -> Outcome<usize> {
        let tree = self.cargo(&["tree", "--edges", "normal,build", "--prefix", "none"]).await?;
        let packages: BTreeSet<(&str, &str)> = tree
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                Some((words.next()?, words.next()?))
            })
            .collect();
        Ok(packages.len())
    }

    /// Builds it where nothing is built, and says where the program is.
    pub(super) async fn build_anew(&self) -> Outcome<(Cost, PathBuf)> {
        if self.target.exists() {
            fs::remove_dir_all(&self.target)?;
        }
        let (cost, messages) = self.build().await?;
        let program = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
            .ok_or("the package makes no program")?;
        Ok((cost, program))
    }

    /// Builds it after a change of its main file.
    pub(super) async fn build_touched(&self) -> Outcome<Cost> {
        File::options().append(true).open(self.folder.join("src/main.rs"))?.set_modified(SystemTime::now())?;
        Ok(self.build().await?.0)
    }

    /// The sizes of the program in bytes: as it was built, and without symbols.
    pub(super) async fn sizes(&self, program: &Path) -> Outcome<(u64, u64)> {
        let stripped = self.target.join("stripped");
        let done = Command::new("strip").arg("-o").arg(&stripped).arg(program).status().await?;
        if !done.success() {
            return Err(format!("strip ended with {done}").into());
        }
        Ok((fs::metadata(program)?.len(), fs::metadata(stripped)?.len()))
    }

    async fn build(&self) -> Outcome<(Cost, String)> {
        let (begun, before) = (Instant::now(), cpu_of_children()?);
        let jobs = self.jobs.to_string();
        let arguments = ["build", "--profile", &self.profile, "--jobs", &jobs, "--message-format", "json"];
        let messages = self.cargo(&arguments).await?;
        Ok((Cost { cpu: cpu_of_children()? - before, wall: begun.elapsed().as_secs_f64() }, messages))
    }

    /// Runs Cargo as a user of the package does, without what surrounds this program.
    async fn cargo(&self, arguments: &[&str]) -> Outcome<String> {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        for inherited in ["CARGO_INCREMENTAL", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            cargo.env_remove(inherited);
        }
        let done = cargo.output().await?;
        if !done.status.success() {
            return Err(format!("cargo {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)).into());
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}

/// The processor seconds of all children that have ended, and of theirs.
fn cpu_of_children() -> Outcome<f64> {
    /// How the kernel counts, whatever the machine.
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name in parentheses")?;
    let mut fields = after_name.split_whitespace().skip(13);
    let mut ticks = || -> Outcome<f64> { Ok(fields.next().ok_or("/proc/self/stat is short")?.parse()?) };
    Ok((ticks()? + ticks()?) / TICKS_A_SECOND)
}
