//! Calls of mocks, as they are remembered.

use std::fmt;
use std::time::SystemTime;

use perpetua_convert::{Arguments, ConversionError, RawArguments};
use perpetua_vocab::{Payload, Payloads, RunId, WorkflowExecution};

use super::Kind;

/// One call of a mock.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Call<I> {
    /// The arguments.
    pub arguments: I,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When it came, by the clock of the world.
    pub time: SystemTime,
    /// Of an activity: the workflow that called it. Of a workflow: its own run.
    pub workflow: WorkflowExecution,
}

/// A call of any mock of the world, in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoggedCall {
    /// The name of the activity or the workflow.
    pub name: String,
    /// The arguments, as they travel: JSON, where the converter makes it.
    pub arguments: Vec<String>,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When it came, by the clock of the world.
    pub time: SystemTime,
}

/// A signal that a mocked or external workflow was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// The name of the signal.
    pub name: String,
    /// When it came, by the clock of the world.
    pub time: SystemTime,
    /// Who was sent it.
    pub workflow: WorkflowExecution,
    arguments: RawArguments,
}

/// A call before its arguments are read.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(super) payloads: Payloads,
    pub(super) attempt: u32,
    pub(super) time: SystemTime,
    pub(super) workflow: WorkflowExecution,
}

impl Received {
    pub(super) fn new(name: String, arguments: RawArguments, time: SystemTime, workflow: WorkflowExecution) -> Self {
        Self { name, time, workflow, arguments }
    }

    /// What it carries, as a tuple: `signal.arguments::<(String,)>()`.
    ///
    /// # Errors
    /// When it does not carry that.
    pub fn arguments<I: Arguments>(&self) -> Result<I, ConversionError> {
        self.arguments.decode()
    }

    pub(super) fn run_id(&self) -> &RunId {
        &self.workflow.run_id
    }
}

impl Recorded {
    pub(super) fn log(&self, name: &str) -> LoggedCall {
        let arguments = self.payloads.iter().map(text).collect();
        LoggedCall { name: name.to_owned(), arguments, attempt: self.attempt, time: self.time }
    }
}

impl fmt::Display for LoggedCall {
    /// `withdraw("ann", 2500)`, with the attempt where it is not the first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, self.arguments.join(", "))?;
        if self.attempt > 1 { write!(f, " (attempt {})", self.attempt) } else { Ok(()) }
    }
}

/// A payload for people.
fn text(payload: &Payload) -> String {
    match std::str::from_utf8(&payload.data) {
        Ok(text) if !text.is_empty() => text.to_owned(),
        Ok(_) => "null".to_owned(),
        Err(_) => format!("({} bytes)", payload.data.len()),
    }
}

/// A line for each call; says so if there are none.
pub(super) fn list(name: &str, calls: &[Recorded]) -> String {
    if calls.is_empty() {
        return "\n  it was not called".to_owned();
    }
    calls.iter().map(|call| format!("\n  {}", call.log(name))).collect()
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activity => "activity",
            Self::Workflow => "workflow",
        })
    }
}
