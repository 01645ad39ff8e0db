//! Why a workflow task cannot be completed.

use std::fmt;

use perpetua_vocab::{EventId, Malformed, WorkflowTaskFailedCause};

use crate::Place;

/// Why a workflow task cannot be completed, and who must act.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The code no longer does what history recorded. The author must act.
    Nondeterminism(Box<Mismatch>),
    /// Workflow code panicked, or did what workflow code must not do. The author must act.
    Code(Box<str>),
    /// The server sent something that cannot be accepted. The operator must act.
    Protocol(Malformed),
}

impl Fault {
    /// What the server is told.
    pub fn cause(&self) -> WorkflowTaskFailedCause {
        match self {
            Self::Nondeterminism(_) => WorkflowTaskFailedCause::NondeterminismError,
            Self::Code(_) | Self::Protocol(_) => WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
        }
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
            Self::Code(message) => f.write_str(message),
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

/// Where history and code part: what the one has, and what the other does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The turn, counted from 1.
    pub turn: u32,
    /// The event that the code does not agree with; for something that is missing, the task it is missing from.
    pub event: EventId,
    /// What history has there; none if history ends the turn.
    pub history: Option<String>,
    /// What the code does there; none if the code does nothing more in the turn.
    pub code: Option<String>,
    /// The line of source code that asked for it, if it is known.
    pub at: Option<Place>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "history and code disagree at event {} (turn {})", self.event, self.turn)?;
        writeln!(f, "  history: {}", self.history.as_deref().unwrap_or("nothing more in this turn"))?;
        writeln!(f, "  code:    {}", self.code.as_deref().unwrap_or("nothing more in this turn"))?;
        if let Some(at) = self.at {
            writeln!(f, "           at {at}")?;
        }
        f.write_str(
            "  the workflow's code was changed in a way that running workflows cannot follow, or it depends on something \
             that is not the same on every run (a clock, randomness, the order of a hash map, another thread); \
             bring back the recorded behaviour, or reset the workflow to before this event",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mismatch(history: Option<&str>, code: Option<&str>) -> Mismatch {
        let event = EventId::new(14).expect("14 is positive");
        Mismatch { turn: 3, event, history: history.map(str::to_owned), code: code.map(str::to_owned), at: None }
    }

    #[test]
    fn a_mismatch_shows_both_sides_and_says_what_to_do() {
        let mismatch = mismatch(Some("start_activity  name=charge  id=2"), Some("start_timer  after=30s  id=2"));
        let expected = "\
history and code disagree at event 14 (turn 3)
  history: start_activity  name=charge  id=2
  code:    start_timer  after=30s  id=2
  the workflow's code was changed in a way that running workflows cannot follow, or it depends on something that is not \
the same on every run (a clock, randomness, the order of a hash map, another thread); bring back the recorded behaviour, \
or reset the workflow to before this event";
        assert_eq!(mismatch.to_string(), expected);
        assert_eq!(Fault::from(mismatch).to_string(), expected);
    }

    #[test]
    fn a_mismatch_says_when_one_side_has_nothing() {
        let text = mismatch(None, Some("complete_workflow")).to_string();
        assert!(text.contains("\n  history: nothing more in this turn\n  code:    complete_workflow\n"), "{text}");
        let text = mismatch(Some("complete_workflow"), None).to_string();
        assert!(text.contains("\n  history: complete_workflow\n  code:    nothing more in this turn\n"), "{text}");
    }

    #[test]
    fn a_history_that_cannot_be_read_says_where() {
        let malformed = Malformed::missing("TimerFired.timer_id").within("event 7");
        let expected = "the history cannot be read: event 7: TimerFired.timer_id is missing";
        assert_eq!(Fault::from(malformed).to_string(), expected);
    }

    #[test]
    fn the_server_is_told_which_faults_are_nondeterminism() {
        let mismatch = Fault::from(mismatch(None, None));
        assert_eq!(mismatch.cause(), WorkflowTaskFailedCause::NondeterminismError);
        let others = [Fault::code("it panicked"), Fault::from(Malformed::missing("HistoryEvent.event_id"))];
        for fault in others {
            assert_eq!(fault.cause(), WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure, "{fault}");
        }
    }
}
