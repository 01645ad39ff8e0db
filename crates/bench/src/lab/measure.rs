//! What is done for one side, for its figures. One file a kind.

mod cold;
mod growth;
mod history;
mod load;
mod session;
mod startup;
mod test_worlds;

use std::time::Duration;

use tokio::runtime::Runtime;

use super::process::Figures;
use super::programs::Programs;
use super::side::Side;
use crate::Outcome;
pub(crate) use load::Load;

/// How long one program may take. The longest, a long history on a busy machine, takes a tenth of that.
const WITHIN: Duration = Duration::from_secs(600);

/// What measurements need.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) programs: Programs,
    pub(crate) runtime: Runtime,
    /// Whether smaller counts will do.
    pub(crate) quick: bool,
}

/// A kind of measurement, with what it is about.
#[derive(Debug)]
pub(crate) enum Measure {
    /// Replays a recorded history so many times in one process.
    Replay { history: &'static str, times: u32 },
    /// Reads this history as standard JSON.
    Json { history: &'static str },
    /// Loads a worker.
    Worker(Load),
    /// Starts workflows, each side with its own client.
    Client,
    /// Lets a worker remember many workflows that wait.
    Idle,
    /// Workflow code that computes, on one lane and on two.
    Lanes,
    /// Everything that a server does at its best, from its start to its end.
    Session,
    /// The same work for a long time, on one server.
    Growth,
    /// From nothing to the first start of a workflow.
    Startup,
    /// Sleeps of 30 days that are skipped.
    Skip,
    /// Worlds for tests.
    Worlds,
    /// A hello worker from its sources to its first poll.
    ColdStart,
}

impl Measure {
    /// Measures one side once.
    pub(crate) fn run(&self, lab: &Lab, side: Side) -> Outcome<Figures> {
        match self {
            Self::Replay { history, times } => history::replay(lab, side, history, *times),
            Self::Json { history } => history::json(lab, side, history),
            Self::Worker(load) => load::worker(lab, side, load),
            Self::Client => load::client(lab, side),
            Self::Idle => load::idle(lab, side),
            Self::Lanes => load::lanes(lab),
            Self::Session => session::run(lab, side),
            Self::Growth => growth::run(lab, side),
            Self::Startup => startup::run(lab, side),
            Self::Skip => test_worlds::skip(lab, side),
            Self::Worlds => test_worlds::worlds(lab, side),
            Self::ColdStart => cold::run(lab, side),
        }
    }
}

impl Lab {
    /// A count, or a smaller one where that will do.
    fn count(&self, full: usize) -> usize {
        if self.quick { (full / 5).max(1) } else { full }
    }
}

/// A side that a measurement knows nothing about.
fn no_such(side: Side) -> crate::Failure {
    format!("{} is not measured here", side.label()).into()
}
