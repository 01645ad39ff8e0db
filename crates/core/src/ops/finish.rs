//! How a run ends by its own decision.

use perpetua_vocab::{Command, CommandKind, ContinueAsNew, Failure, Payloads};

/// How a run ends by its own decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Finish {
    /// With a result; none for unit.
    Complete(Option<Payloads>),
    /// With a failure.
    Fail(Box<Failure>),
    /// As canceled.
    Cancel,
    /// With a new run of the same workflow.
    ContinueAsNew(Box<ContinueAsNew>),
}

impl Finish {
    pub(crate) fn into_command(self) -> Command {
        match self {
            Self::Complete(result) => CommandKind::CompleteWorkflow { result },
            Self::Fail(failure) => CommandKind::FailWorkflow { failure },
            Self::Cancel => CommandKind::CancelWorkflow { details: None },
            Self::ContinueAsNew(next) => CommandKind::ContinueAsNew(next),
        }
        .into()
    }
}
