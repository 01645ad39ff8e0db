//! What can go wrong in a simulation, and what did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::dice::Dice;

/// A kind of trouble that a [`Simulation`](crate::Simulation) makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A worker dies at a call, without a goodbye: before the call reaches the server, or after the server did what it
    /// asked. What the worker had taken times out. After a pause a new one with the same registrations starts.
    WorkerCrash,
    /// The server dies at a call, before it does what is asked or after, and starts again after a pause, with what it had
    /// stored.
    ServerCrash,
    /// A call does not reach the server; the caller hears that the connection is lost.
    RequestLost,
    /// The server does what a call asks; the caller hears that the connection is lost.
    ResponseLost,
    /// A task is handed out and does not reach the worker, so that it times out.
    TaskLost,
    /// A call reaches the server twice, the second time up to a second later.
    Duplicate,
    /// A call takes up to a second to reach the server, so that others overtake it.
    Delay,
    /// A worker evicts a workflow from its cache after a workflow task.
    Eviction,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::WorkerCrash,
        Self::ServerCrash,
        Self::RequestLost,
        Self::ResponseLost,
        Self::TaskLost,
        Self::Duplicate,
        Self::Delay,
        Self::Eviction,
    ];

    /// How often it happens, in a thousand chances, in simulations that are spared it, and that have little and much of it.
    fn rates(self) -> [u64; 4] {
        match self {
            Self::WorkerCrash => [0, 20, 80, 250],
            Self::ServerCrash => [0, 10, 30, 80],
            Self::TaskLost => [0, 20, 60, 150],
            Self::Eviction => [0, 100, 400, 1000],
            Self::RequestLost | Self::ResponseLost | Self::Duplicate | Self::Delay => [0, 30, 100, 250],
        }
    }
}

/// How much of what goes wrong. Each seed has a mixture of its own: what is everywhere hides what is rare.
#[derive(Clone, Debug)]
pub(crate) struct Mixture(BTreeMap<Fault, u64>);

impl Mixture {
    /// The mixture of a seed, of these kinds.
    pub(crate) fn new(dice: Dice, kinds: &BTreeSet<Fault>) -> Self {
        let rate = |fault: &Fault| {
            let rates = fault.rates();
            let choice = dice.throw(&format!("{fault:?}"), 0).below(rates.len() as u64);
            (*fault, rates[usize::try_from(choice).unwrap_or(0)])
        };
        Self(kinds.iter().map(rate).collect())
    }

    /// How often it happens, in a thousand chances.
    pub(crate) fn rate(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }
}

/// Something that a simulation made happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injected {
    /// When, on the clock of the world, since its beginning.
    pub at: Duration,
    /// What kind of trouble.
    pub fault: Fault,
    /// What exactly.
    pub what: String,
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>+12.3} s  {}", self.at.as_secs_f64(), self.what)
    }
}
