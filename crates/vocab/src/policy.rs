//! Policies that travel: retries, priority, what becomes of children and of ids; and why the server could not.

use std::time::Duration;

use crate::WorkerDeploymentVersion;

/// How often and how fast something is tried again.
///
/// The server fills what is left out: first wait 1 s, factor 2, longest wait 100 times the first, attempts unlimited.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetryPolicy {
    /// The wait before the second attempt.
    pub initial_interval: Option<Duration>,
    /// What each wait is multiplied by; at least 1. `None` leaves it to the server (2).
    pub backoff_coefficient: Option<f64>,
    /// The longest wait.
    pub maximum_interval: Option<Duration>,
    /// How many attempts in all; 0 for no limit, 1 for no retry.
    pub maximum_attempts: u32,
    /// Failure types after which nothing is tried again.
    pub non_retryable_error_types: Vec<String>,
}

impl RetryPolicy {
    /// Waits that grow by a factor, as the server does by default.
    pub fn exponential() -> Self {
        Self::default()
    }

    /// One attempt, no retry.
    pub fn none() -> Self {
        Self { maximum_attempts: 1, ..Self::default() }
    }

    /// Sets the wait before the second attempt.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.initial_interval = Some(wait);
        self
    }

    /// Sets what each wait is multiplied by.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.backoff_coefficient = Some(factor);
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.maximum_interval = Some(wait);
        self
    }

    /// Sets how many attempts are made in all; 0 for no limit.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.maximum_attempts = attempts;
        self
    }

    /// Adds a failure type after which nothing is tried again.
    #[must_use]
    pub fn never_after(mut self, failure_type: impl Into<String>) -> Self {
        self.non_retryable_error_types.push(failure_type.into());
        self
    }
}

/// Who goes first when a queue has a backlog.
///
/// What is left out is as for the workflow that asks; at the start of a workflow, it is the middle of the range, and no
/// fairness key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Priority {
    /// 1 (first) to 5 (last), if the server is not configured otherwise; 0 leaves it out.
    pub key: i32,
    /// Tasks of different fairness keys take turns, within the same priority; empty leaves it out. At most 64 bytes.
    pub fairness_key: String,
    /// How often the tasks of the fairness key get their turn, compared with others, from 0.001 to 1000; 0 leaves it
    /// out, which counts as 1.
    pub fairness_weight: f32,
}

impl Priority {
    /// A priority from 1 (first) to 5 (last).
    pub fn new(key: i32) -> Self {
        Self { key, ..Self::default() }
    }

    /// Sets the fairness key: tasks of different keys take turns.
    #[must_use]
    pub fn fairness_key(mut self, key: impl Into<String>) -> Self {
        self.fairness_key = key.into();
        self
    }

    /// Sets how often the tasks of the fairness key get their turn, compared with others.
    #[must_use]
    pub fn fairness_weight(mut self, weight: f32) -> Self {
        self.fairness_weight = weight;
        self
    }
}

/// Why a workflow task failed, as histories show it. Numbers as in `temporal.api.enums.v1.WorkflowTaskFailedCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkflowTaskFailedCause {
    /// Workflow code panicked, or the worker could not run it.
    WorkflowWorkerUnhandledFailure,
    /// The code no longer does what history recorded.
    NondeterminismError,
    /// A workflow was reset to before this task.
    ResetWorkflow,
    /// Any other cause, by its number.
    Other(i32),
}

/// What happens to a child when its parent closes. Numbers as in `temporal.api.enums.v1.ParentClosePolicy`.
///
/// A parent closes when no run follows it; that is something else than being canceled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParentClosePolicy {
    /// Left to the server, which terminates the child.
    #[default]
    Unspecified,
    /// The child is terminated.
    Terminate,
    /// The child goes on.
    Abandon,
    /// The child is asked to stop.
    RequestCancel,
    /// A number this version does not know.
    Other(i32),
}

/// Whether a workflow may start under the id of one that is closed. Numbers as in
/// `temporal.api.enums.v1.WorkflowIdReusePolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkflowIdReusePolicy {
    /// Left to the server, which allows it.
    #[default]
    Unspecified,
    /// It may.
    AllowDuplicate,
    /// It may, unless the closed one completed.
    AllowDuplicateFailedOnly,
    /// It may not.
    RejectDuplicate,
    /// It may; one that still runs is terminated. Deprecated where a policy for ids in use says it, which children lack.
    TerminateIfRunning,
    /// A number this version does not know.
    Other(i32),
}

/// Why a child could not be started. Numbers as in `temporal.api.enums.v1.StartChildWorkflowExecutionFailedCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartChildWorkflowFailedCause {
    /// Its id is in use, or was and may not be used again.
    WorkflowAlreadyExists,
    /// There is no such namespace.
    NamespaceNotFound,
    /// Any other cause, by its number.
    Other(i32),
}

/// Why a signal did not reach another workflow. Numbers as in
/// `temporal.api.enums.v1.SignalExternalWorkflowExecutionFailedCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalExternalWorkflowFailedCause {
    /// No such workflow runs, or it is no child where it must be one.
    WorkflowNotFound,
    /// There is no such namespace.
    NamespaceNotFound,
    /// The other has got as many signals as it may.
    SignalCountLimitExceeded,
    /// Any other cause, by its number.
    Other(i32),
}

/// Why a request to stop did not reach another workflow. Numbers as in
/// `temporal.api.enums.v1.CancelExternalWorkflowExecutionFailedCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelExternalWorkflowFailedCause {
    /// No such workflow runs, or it is no child where it must be one.
    WorkflowNotFound,
    /// There is no such namespace.
    NamespaceNotFound,
    /// Any other cause, by its number.
    Other(i32),
}

/// Which version of the workers takes a workflow, whatever the workflow's own behavior says. It matters where workers have
/// deployment versions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersioningOverride {
    /// This version, for as long as the override stands.
    Pinned(WorkerDeploymentVersion),
    /// The version that new workflows get; it moves on with the deployment.
    AutoUpgrade,
}

/// Which version of the workers takes the run that continues another one. Numbers as in
/// `temporal.api.enums.v1.ContinueAsNewVersioningBehavior`.
///
/// It matters where workers have deployment versions and the run is pinned to one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContinueAsNewVersioning {
    /// Left to the server: a pinned run is followed by one of the same version.
    #[default]
    Unspecified,
    /// The version that new runs get at that time; from then on as the workflow's own behavior has it.
    AutoUpgrade,
    /// The version that is being ramped up, if there is one.
    UseRampingVersion,
    /// A number this version does not know.
    Other(i32),
}

/// Why the server would like a workflow to continue as new. Numbers as in
/// `temporal.api.enums.v1.SuggestContinueAsNewReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContinueAsNewReason {
    /// The history is large, in bytes.
    HistorySizeTooLarge,
    /// The history is long, in events.
    TooManyHistoryEvents,
    /// The run has had many updates.
    TooManyUpdates,
    /// Any other reason, by its number.
    Other(i32),
}
