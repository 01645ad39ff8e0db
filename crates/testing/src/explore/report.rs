//! What is said of an order that is wrong.

use std::fmt;
use std::thread;

use super::ORDER;
use super::order::{Order, length, write, write_task};

/// An order that is wrong. As an error it says what happened, what the workflow did at each step, and how to play just this
/// order again.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExploreFailure {
    /// How many orders came to their ends until this one was found.
    pub orders: usize,
    /// What is wrong.
    pub problem: String,
    /// What happened: steps in one workflow task joined by ` + `, tasks by ` | `.
    pub order: String,
    /// What each task brought, and what the workflow did.
    pub steps: Vec<(String, Vec<String>)>,
    pub(super) length: usize,
}

impl ExploreFailure {
    pub(super) fn new(orders: usize, problem: String, order: &Order, trace: Vec<Vec<String>>) -> Self {
        let tasks = std::iter::once("the start".to_owned()).chain(order.iter().map(|task| write_task(task)));
        let steps = tasks.zip(trace).collect();
        Self { orders, problem, order: write(order), steps, length: length(order) }
    }
}

impl fmt::Display for ExploreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { orders, problem, order, steps, .. } = self;
        writeln!(
            f,
            "{orders} orders were right before one was found that is not; the shortest of those that are wrong:\n"
        )?;
        for (number, (happened, did)) in steps.iter().enumerate() {
            let did = if did.is_empty() { "nothing".to_owned() } else { did.join(", ") };
            writeln!(f, "  {number}. {happened}\n     the workflow: {did}")?;
        }
        writeln!(f, "\n{problem}")?;
        write!(f, "\nto play just this order again: {ORDER}='{order}' cargo test")?;
        match thread::current().name() {
            Some(test) if test != "main" => write!(f, " -- --exact {test}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for ExploreFailure {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ExploreFailure {}
