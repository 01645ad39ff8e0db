//! What tests stand on: worlds, and sleeps that are skipped.

use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Lab, WITHIN, no_such};
use crate::Outcome;
use crate::lab::process::{Figures, last_figures, succeed};
use crate::lab::server::{Server, Start};
use crate::lab::side::Side;

/// How many worlds of ours there are.
const OURS: usize = 1_000;
/// How many worlds of theirs; a thousand would take minutes.
const THEIRS: usize = 40;

/// How long it may take to build our test.
const BUILT_WITHIN: Duration = Duration::from_secs(1_200);

/// Sleeps of 30 days: in our world for tests, and by the Python SDK on both servers for tests.
pub(super) fn skip(lab: &Lab, side: Side) -> Outcome<Figures> {
    let programs = &lab.programs;
    if side == Side::OursEmbedded {
        return last_figures(programs.leashed(&programs.bench).arg("skip"), WITHIN);
    }
    let mut command = programs.leashed(programs.python()?);
    let server = Server::start(programs, &lab.runtime, side, Start::Skipping)?;
    last_figures(command.arg(programs.script("skip.py")).arg(server.address()), WITHIN)
}

/// Worlds with a month and three activities each.
pub(super) fn worlds(lab: &Lab, side: Side) -> Outcome<Figures> {
    let programs = &lab.programs;
    let theirs = lab.count(THEIRS).to_string();
    match side {
        Side::Ours => {
            let mut command = programs.leashed(&programs.bench);
            last_figures(command.args(["worlds", "--count", &lab.count(OURS).to_string()]), WITHIN)
        }
        Side::OursDebug => debug(lab),
        Side::Java | Side::JavaEach => {
            let mut command = programs.leashed(programs.python()?);
            command.arg(programs.script("worlds.py")).arg(programs.test_server()?).args([theirs.as_str(), "2"]);
            if side == Side::Java {
                command.arg("--shared");
            }
            last_figures(&mut command, WITHIN)
        }
        side => Err(no_such(side)),
    }
}

/// Our worlds as tests are built by default: the test with a thousand of them.
fn debug(lab: &Lab) -> Outcome<Figures> {
    let test = |more: &[&str]| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.current_dir(&lab.programs.root);
        command.args(["test", "--quiet", "--package", "perpetua-testing", "--test", "thousand"]).args(more);
        command
    };
    succeed(&mut test(&["--no-run"]), BUILT_WITHIN)?;
    let begun = Instant::now();
    succeed(&mut test(&[]), WITHIN)?;
    Ok(Figures::from([("world_ms".to_owned(), begun.elapsed().as_secs_f64() * 1e3 / OURS as f64)]))
}
