//! What is said of a simulation that found something.

use std::any::Any;
use std::fmt;
use std::thread;

use super::{Injected, SEED};

/// A simulation that found something. As an error it says everything: what is wrong, what went wrong before, and how to
/// play the same again.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulationFailure {
    /// The seed that made all choices.
    pub seed: u64,
    /// What is wrong. There is at least one thing.
    pub problems: Vec<String>,
    /// What was made happen, in order.
    pub injected: Vec<Injected>,
}

impl SimulationFailure {
    pub(crate) fn new(seed: u64, problems: Vec<String>, injected: Vec<Injected>) -> Self {
        Self { seed, problems, injected }
    }
}

impl fmt::Display for SimulationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, problems, injected } = self;
        writeln!(f, "the simulation with seed {seed} found something wrong")?;
        for problem in problems {
            writeln!(f, "\n{problem}")?;
        }
        if injected.is_empty() {
            writeln!(f, "\nbefore that, nothing was made go wrong")?;
        } else {
            writeln!(f, "\nwhat was made go wrong, on the clock of the world:")?;
        }
        for injected in injected {
            writeln!(f, "{injected}")?;
        }
        write!(f, "\nto play the same again: {SEED}={seed} cargo test")?;
        match thread::current().name() {
            Some(test) if test != "main" => write!(f, " -- --exact {test}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for SimulationFailure {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SimulationFailure {}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the test panicked: {}", text.unwrap_or("with something that is no text"))
}
