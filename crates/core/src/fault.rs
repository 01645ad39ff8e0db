//! Why a workflow task cannot be completed.

use std::fmt;

use perpetua_vocab::{Malformed, WorkflowTaskFailedCause};

use crate::Mismatch;

/// Why a workflow task cannot be completed, and who must act.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The code no longer does what history recorded. The author must act.
    Nondeterminism(Box<Mismatch>),
    /// Workflow code panicked. The author must act.
    Panic(Box<str>),
    /// Workflow code did what workflow code must not do. The author must act.
    Code(Box<str>),
    /// The server sent something that cannot be accepted. The operator must act.
    Protocol(Malformed),
}

impl Fault {
    /// What the server is told.
    pub fn cause(&self) -> WorkflowTaskFailedCause {
        match self {
            Self::Nondeterminism(_) => WorkflowTaskFailedCause::NondeterminismError,
            Self::Panic(_) | Self::Code(_) | Self::Protocol(_) => {
                WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure
            }
        }
    }

    /// A panic of the code, in words.
    pub fn panic(message: impl Into<String>) -> Self {
        Self::Panic(message.into().into_boxed_str())
    }

    /// A fault of the code, in words.
    pub fn code(message: impl Into<String>) -> Self {
        Self::Code(message.into().into_boxed_str())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nondeterminism(mismatch) => mismatch.fmt(f),
            Self::Panic(message) | Self::Code(message) => f.write_str(message),
            Self::Protocol(malformed) => write!(f, "the history cannot be read: {malformed}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Mismatch> for Fault {
    fn from(mismatch: Mismatch) -> Self {
        Self::Nondeterminism(Box::new(mismatch))
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Protocol(malformed)
    }
}

#[cfg(test)]
mod tests {
    use perpetua_vocab::EventId;

    use super::*;
    use crate::mismatch::Parting;

    #[test]
    fn a_history_that_cannot_be_read_says_where() {
        let malformed = Malformed::missing("TimerFired.timer_id").within("event 7");
        let expected = "the history cannot be read: event 7: TimerFired.timer_id is missing";
        assert_eq!(Fault::from(malformed).to_string(), expected);
    }

    #[test]
    fn the_server_is_told_which_faults_are_nondeterminism() {
        let parting = Parting { turn: 1, completed: None, agreed: Vec::new(), history: Vec::new(), code: Vec::new() };
        let mismatch = Fault::from(Mismatch::new(parting, EventId::FIRST));
        assert_eq!(mismatch.cause(), WorkflowTaskFailedCause::NondeterminismError);
        let others = [
            Fault::panic("it panicked"),
            Fault::code("it waits for a thread"),
            Fault::from(Malformed::missing("HistoryEvent.event_id")),
        ];
        for fault in others {
            assert_eq!(fault.cause(), WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure, "{fault}");
        }
    }
}
