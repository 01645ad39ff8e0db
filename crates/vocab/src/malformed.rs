//! The error of everything that could not be read.

use std::fmt;

/// Something from outside that cannot be represented: which field, and what is wrong with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Malformed(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    field: &'static str,
    problem: String,
    within: Vec<String>,
}

impl Malformed {
    /// `field` is the protocol's name of the field, with its message: `TimerFired.timer_id`.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self(Box::new(Inner { field, problem: problem.into(), within: Vec::new() }))
    }

    /// A field that must be there and is not.
    pub fn missing(field: &'static str) -> Self {
        Self::new(field, "is missing")
    }

    /// Adds what contained the field, such as `event 7`; the outermost is added last.
    #[must_use]
    pub fn within(mut self, container: impl Into<String>) -> Self {
        self.0.within.push(container.into());
        self
    }

    /// The protocol's name of the field.
    pub fn field(&self) -> &'static str {
        self.0.field
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for container in self.0.within.iter().rev() {
            write!(f, "{container}: ")?;
        }
        write!(f, "{} {}", self.0.field, self.0.problem)
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed({self})")
    }
}

impl std::error::Error for Malformed {}
