//! From nothing to the first start of a workflow.

use std::collections::BTreeMap;

use super::{Lab, WITHIN};
use crate::Outcome;
use crate::lab::process::{Figures, last_figures};
use crate::lab::server::{Server, Start};
use crate::lab::side::Side;
use crate::meter::percentile;

/// How many processes start a server within them. Each takes half a millisecond for it, and ten times as much if another
/// process has its turn on the core meanwhile; the median of a few is not by chance one of those.
const STARTS: usize = 15;

/// One start of the server of a side.
pub(super) fn run(lab: &Lab, side: Side) -> Outcome<Figures> {
    if side == Side::OursEmbedded {
        return embedded(lab);
    }
    let server = Server::start(&lab.programs, &lab.runtime, side, Start::Bare)?;
    let used = server.snapshot()?;
    Ok(Figures::from([
        ("first_start_ms".to_owned(), server.ready.as_secs_f64() * 1e3),
        ("cpu_ms".to_owned(), used.cpu * 1e3),
        ("rss_mib".to_owned(), used.rss_kb / 1024.0),
    ]))
}

/// Starts within processes of ours: the median of each figure.
fn embedded(lab: &Lab) -> Outcome<Figures> {
    let mut all = BTreeMap::<String, Vec<f64>>::new();
    for _ in 0..STARTS {
        let mut command = lab.programs.leashed(&lab.programs.bench);
        for (figure, value) in last_figures(command.arg("embedded-start"), WITHIN)? {
            all.entry(figure).or_default().push(value);
        }
    }
    Ok(all.into_iter().map(|(figure, mut values)| (figure, percentile(&mut values, 0.5))).collect())
}
