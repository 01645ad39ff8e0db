//! From nothing to the first start of a workflow.

use super::{Lab, WITHIN};
use crate::Outcome;
use crate::lab::process::{Figures, last_figures};
use crate::lab::server::{Server, Start};
use crate::lab::side::Side;

/// One start of the server of a side.
pub(super) fn run(lab: &Lab, side: Side) -> Outcome<Figures> {
    if side == Side::OursEmbedded {
        let mut command = lab.programs.leashed(&lab.programs.bench);
        return last_figures(command.arg("embedded-start"), WITHIN);
    }
    let server = Server::start(&lab.programs, &lab.runtime, side, Start::Bare)?;
    let used = server.snapshot()?;
    Ok(Figures::from([
        ("first_start_ms".to_owned(), server.ready.as_secs_f64() * 1e3),
        ("cpu_ms".to_owned(), used.cpu * 1e3),
        ("rss_mib".to_owned(), used.rss_kb / 1024.0),
    ]))
}
