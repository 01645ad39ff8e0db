//! The same work for a long time on one server: what stays in memory, and whether the work becomes dearer.

use super::load::on_server;
use super::{Lab, no_such};
use crate::Outcome;
use crate::lab::process::Figures;
use crate::lab::server::{Server, Start};
use crate::lab::side::Side;

/// How many workflows a batch has: the first one is compared with the last one.
const BATCH: usize = 1_000;
/// After how many batches the memory is compared between all.
const COMPARED: usize = 2;

/// Hellos in batches, by our client and worker.
pub(super) fn run(lab: &Lab, side: Side) -> Outcome<Figures> {
    let batches = match side {
        Side::Ours | Side::OursFile | Side::Java => 10,
        Side::StartDev => 2,
        side => return Err(no_such(side)),
    };
    let batch = lab.count(BATCH);
    let server = Server::start(&lab.programs, &lab.runtime, side, Start::Leashed)?;
    on_server(lab, "hello", &server, lab.count(100), 50)?;
    let before = server.snapshot()?.rss_kb;
    let mut costs = Vec::new();
    let mut compared = None;
    for number in 1..=batches {
        let figures = on_server(lab, "hello", &server, batch, 50)?;
        costs.push(figures.get("server_cpu_ms_per_op").copied().ok_or("no processor time of the server")?);
        if number == COMPARED {
            compared = Some(server.snapshot()?.rss_kb);
        }
    }
    let after = server.snapshot()?.rss_kb;
    let (Some(first), Some(last), Some(compared)) = (costs.first(), costs.last(), compared) else {
        return Err("there were too few batches".into());
    };
    Ok(Figures::from([
        ("per_hello_kb".to_owned(), (after - before) / (batch * batches) as f64),
        ("ageing".to_owned(), last / first),
        ("compared_mib".to_owned(), compared / 1024.0),
        ("first_ms".to_owned(), *first),
        ("last_ms".to_owned(), *last),
        ("hellos".to_owned(), (batch * batches) as f64),
    ]))
}
