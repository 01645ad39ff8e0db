//! Activity tasks: what a worker polls.

use std::time::Duration;

use crate::{
    ActivityId, ActivityType, Header, Namespace, Payloads, Priority, RetryPolicy, RunId, TaskToken, Timestamp,
    WorkflowId, WorkflowType,
};

/// A workflow and one of its runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkflowExecution {
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// The run's id; empty for the current one where a request may leave it out.
    pub run_id: RunId,
}

/// One attempt of an activity.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTask {
    /// To be given back with heartbeats and the answer.
    pub token: TaskToken,
    /// The namespace of the workflow that asked.
    pub workflow_namespace: Namespace,
    /// The workflow that asked.
    pub workflow_type: WorkflowType,
    /// The run that asked.
    pub execution: WorkflowExecution,
    /// Its id in that run.
    pub activity: ActivityId,
    /// Which activity.
    pub activity_type: ActivityType,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// What the attempt before this one last reported.
    pub heartbeat_details: Option<Payloads>,
    /// When the first attempt was asked for.
    pub scheduled: Option<Timestamp>,
    /// When this attempt was asked for.
    pub attempt_scheduled: Option<Timestamp>,
    /// When this attempt was handed out.
    pub started: Option<Timestamp>,
    /// From 1.
    pub attempt: u32,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest this attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest silence of this attempt.
    pub heartbeat: Option<Duration>,
    /// How failures are tried again.
    pub retry_policy: Option<RetryPolicy>,
}

/// What a poll says of an activity beside the task.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ActivityTaskExtra {
    /// Who went first when the queue had a backlog.
    pub priority: Option<Priority>,
    /// The run of the activity itself, if it was started on its own and no workflow asked for it.
    pub run: Option<RunId>,
}
