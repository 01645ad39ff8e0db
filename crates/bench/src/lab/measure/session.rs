//! A server at its best: from its start to its end, under several loads of our client and worker.

use std::thread;
use std::time::Duration;

use super::load::on_server;
use super::{Lab, no_such};
use crate::Outcome;
use crate::lab::process::Figures;
use crate::lab::server::{Server, Start};
use crate::lab::side::Side;

/// How long a server is left alone before its memory is that of an idle one.
const IDLE: Duration = Duration::from_secs(2);

/// How often each thing is done, chosen so that each takes a server some seconds.
struct Counts {
    starts: usize,
    hellos: usize,
    alone: usize,
    steps: usize,
    updates: usize,
    queries: usize,
    timers: usize,
}

fn counts(side: Side) -> Outcome<Counts> {
    Ok(match side {
        Side::Ours | Side::OursFile => {
            Counts { starts: 30_000, hellos: 6_000, alone: 300, steps: 50, updates: 1_000, queries: 2_000, timers: 20 }
        }
        Side::Java => {
            Counts { starts: 5_000, hellos: 1_500, alone: 100, steps: 20, updates: 400, queries: 1_000, timers: 5 }
        }
        Side::StartDev => {
            Counts { starts: 1_500, hellos: 600, alone: 30, steps: 5, updates: 200, queries: 400, timers: 1 }
        }
        Side::StartDevFile => {
            Counts { starts: 600, hellos: 250, alone: 20, steps: 5, updates: 100, queries: 200, timers: 1 }
        }
        side => return Err(no_such(side)),
    })
}

/// One session with the server of a side.
pub(super) fn run(lab: &Lab, side: Side) -> Outcome<Figures> {
    let counts = counts(side)?;
    let server = Server::start(&lab.programs, &lab.runtime, side, Start::Leashed)?;
    thread::sleep(IDLE);
    let mut figures = Figures::from([("idle_mib".to_owned(), server.snapshot()?.rss_kb / 1024.0)]);
    let mut load = |name: &str, workload: &str, count: usize, at_a_time: usize| -> Outcome {
        for (figure, value) in on_server(lab, workload, &server, lab.count(count), at_a_time)? {
            figures.insert(format!("{name}.{figure}"), value);
        }
        Ok(())
    };
    load("hello", "hello", counts.hellos, 50)?;
    let before = server.snapshot()?.rss_kb;
    load("start", "start", counts.starts, 50)?;
    let grown = server.snapshot()?.rss_kb - before;
    load("alone", "hello", counts.alone, 1)?;
    load("steps", "seq10", counts.steps, 1)?;
    load("update", "updates", counts.updates, 1)?;
    load("query", "queries", counts.queries, 1)?;
    load("timers", "timers", counts.timers, 1)?;
    derive(&mut figures)?;
    figures.insert("per_start_kib".to_owned(), grown / lab.count(counts.starts) as f64);
    figures.insert("stop_ms".to_owned(), server.stop()?.as_secs_f64() * 1e3);
    Ok(figures)
}

/// What follows from the figures of the loads.
fn derive(figures: &mut Figures) -> Outcome {
    let of = |name: &str| figures.get(name).copied().ok_or_else(|| format!("no `{name}`"));
    let spread = of("hello.p99_ms")? / of("hello.p50_ms")?;
    // These workloads have ten activities or timers in a row.
    let step = of("steps.p50_ms")? / 10.0;
    let timer = of("timers.p50_ms")? / 10.0;
    figures.insert("spread".to_owned(), spread);
    figures.insert("step_ms".to_owned(), step);
    figures.insert("timer_ms".to_owned(), timer);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Figures, derive};

    #[test]
    fn what_follows_from_the_loads() {
        let loads = [("hello.p99_ms", 8.0), ("hello.p50_ms", 2.0), ("steps.p50_ms", 5.0), ("timers.p50_ms", 12.0)];
        let mut figures: Figures = loads.map(|(name, value)| (name.to_owned(), value)).into();
        derive(&mut figures).unwrap();
        assert_eq!((figures["spread"], figures["step_ms"], figures["timer_ms"]), (4.0, 0.5, 1.2));
        assert_eq!(derive(&mut Figures::new()).unwrap_err().to_string(), "no `hello.p99_ms`");
    }
}
