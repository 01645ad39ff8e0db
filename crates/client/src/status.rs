//! How a workflow is doing.

use std::fmt;

use perpetua_proto::enums::WorkflowExecutionStatus as Wire;

/// How a run of a workflow is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkflowStatus {
    /// It has not ended.
    Running,
    /// It has not ended, and does nothing until it is told to go on.
    Paused,
    /// It returned a result.
    Completed,
    /// It failed.
    Failed,
    /// It was asked to stop, and did.
    Canceled,
    /// It was ended from outside.
    Terminated,
    /// It ended and another run continues.
    ContinuedAsNew,
    /// It took longer than it was given.
    TimedOut,
    /// A number this version does not know.
    Other(i32),
}

impl WorkflowStatus {
    /// Whether the run has not ended.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

impl From<i32> for WorkflowStatus {
    fn from(number: i32) -> Self {
        match Wire::try_from(number) {
            Ok(Wire::Running) => Self::Running,
            Ok(Wire::Paused) => Self::Paused,
            Ok(Wire::Completed) => Self::Completed,
            Ok(Wire::Failed) => Self::Failed,
            Ok(Wire::Canceled) => Self::Canceled,
            Ok(Wire::Terminated) => Self::Terminated,
            Ok(Wire::ContinuedAsNew) => Self::ContinuedAsNew,
            Ok(Wire::TimedOut) => Self::TimedOut,
            Ok(Wire::Unspecified) | Err(_) => Self::Other(number),
        }
    }
}

impl fmt::Display for WorkflowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Terminated => "terminated",
            Self::ContinuedAsNew => "continued as new",
            Self::TimedOut => "timed out",
            Self::Other(number) => return write!(f, "status {number}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_protocol_but_unspecified_has_a_word() {
        for number in -1..20 {
            let named = Wire::try_from(number).is_ok_and(|wire| wire != Wire::Unspecified);
            assert_eq!(!matches!(WorkflowStatus::from(number), WorkflowStatus::Other(_)), named, "{number}");
        }
    }
}
