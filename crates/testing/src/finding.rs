//! What a test finds that nobody asked for.

use std::fmt;

use perpetua_vocab::{WorkflowExecution, WorkflowType};

/// What is looked at in every test, unless it is [switched off](crate::TestEnvBuilder::without).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// A workflow task fails: because of a panic, nondeterminism, a workflow that nobody registered. In production it would
    /// be tried again until the code is mended; in a test the run is terminated at once, and whoever waits for it hears
    /// why.
    FailedTasks,
    /// Somebody waits, and nothing that is yet to happen could end the wait. The runs that are open are terminated, and the
    /// report says what they wait for, and which task queues nobody polls.
    Standstill,
    /// Executed anew from a prefix of its history, a workflow does something else than it did, asks for the same with other
    /// values, or answers its queries in another way.
    Replay,
    /// A run asks for something else than what was [recorded](crate::golden) of the test. Only where histories are checked.
    Histories,
    /// A handler of a signal or an update was still running when its workflow ended.
    UnfinishedHandlers,
    /// A signal came that no handler took before its workflow ended, so that what it said is lost.
    UnhandledSignals,
    /// An activity, or a child that ends with its parent, was still running when its workflow completed, and was cut off.
    AbandonedWork,
    /// An activity is tried again and again, a thousand times and more. In production that would go on for ever.
    RetryStorms,
    /// A history grows and grows, past ten thousand events, and the run does not continue as new.
    EndlessHistories,
    /// A [mock](crate::TestEnv::mock) was called as nobody expected, or its closure panicked: then the workflow is
    /// terminated at once. Or one that is [required](crate::Mock::required) was not called.
    Mocks,
    /// A [call at a time](crate::TestEnv::after) failed, panicked, or did not come to its end.
    Calls,
}

/// One thing that a test found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What found it.
    pub check: Check,
    /// Which workflow it is about, if it is about one.
    pub workflow: Option<(WorkflowType, WorkflowExecution)>,
    /// What is wrong, and what to do.
    pub message: String,
}

/// All that a test found. As an error it says everything.
#[derive(Clone, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Check {
    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::FailedTasks => "a workflow task failed",
            Self::Standstill => "nothing goes on",
            Self::Replay => "a replay differs",
            Self::Histories => "a run is not what was recorded",
            Self::UnfinishedHandlers => "a handler was cut off",
            Self::UnhandledSignals => "a signal was lost",
            Self::AbandonedWork => "work was cut off",
            Self::RetryStorms => "an activity is tried for ever",
            Self::EndlessHistories => "a history has no end",
            Self::Mocks => "a mock",
            Self::Calls => "a call at a time",
        }
    }
}

impl Finding {
    pub(crate) fn new(check: Check, message: impl Into<String>) -> Self {
        Self { check, workflow: None, message: message.into() }
    }

    pub(crate) fn of(mut self, workflow_type: &WorkflowType, execution: &WorkflowExecution) -> Self {
        self.workflow = Some((workflow_type.clone(), execution.clone()));
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.check.name())?;
        if let Some((workflow_type, execution)) = &self.workflow {
            write!(f, ", in workflow `{workflow_type}` (id {})", execution.workflow_id)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Findings {
    /// None where nothing was found.
    pub(crate) fn new(findings: Vec<Finding>) -> Result<(), Self> {
        if findings.is_empty() { Ok(()) } else { Err(Self(findings)) }
    }

    /// Each of them, in the order in which they were found. There is at least one.
    pub fn all(&self) -> &[Finding] {
        &self.0
    }

    /// Whether this check found something.
    pub fn has(&self, check: Check) -> bool {
        self.0.iter().any(|finding| finding.check == check)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Findings {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Findings {}
