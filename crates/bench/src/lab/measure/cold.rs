//! A hello worker from its sources to its first poll.

use std::time::Duration;

use super::{Lab, no_such};
use crate::Outcome;
use crate::lab::process::{Figures, last_figures};
use crate::lab::server::Folder;
use crate::lab::side::Side;

/// How long a build from nothing may take.
const WITHIN: Duration = Duration::from_secs(1_800);

/// Builds the smallest worker of a side from nothing, again after a touch, and starts it. What is built is removed.
pub(super) fn run(lab: &Lab, side: Side) -> Outcome<Figures> {
    let programs = &lab.programs;
    let (folder, touches) = match side {
        Side::Ours => (programs.root.join("crates/bench/coldstart"), "3"),
        // Each takes nearly a minute, and they differ little.
        Side::Official => (programs.peers_source()?.join("rust-official/coldstart"), "1"),
        side => return Err(no_such(side)),
    };
    let built = Folder::new()?;
    let mut command = programs.leashed(&programs.bench);
    command.arg("coldstart").arg(folder).arg("--target").arg(&built.0).args(["--touches", touches]);
    let mut figures = last_figures(&mut command, WITHIN)?;
    let stripped = figures.get("stripped").copied().ok_or("no size of the program")?;
    figures.insert("stripped_mb".to_owned(), stripped / 1e6);
    Ok(figures)
}
