//! What an attempt of an activity can know about itself.

use std::time::{Duration, SystemTime};

use perpetua_vocab::{
    ActivityId, ActivityTask, ActivityTaskExtra, ActivityType, Header, Namespace, Priority, RetryPolicy, TaskQueue,
    TaskToken, WorkflowExecution, WorkflowType,
};

/// What an attempt of an activity can know about itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActivityInfo {
    /// Its id in the run that asked for it.
    pub activity_id: ActivityId,
    /// The name it is registered under.
    pub activity_type: ActivityType,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The queue it came from.
    pub task_queue: TaskQueue,
    /// The namespace of the workflow that asked for it.
    pub workflow_namespace: Namespace,
    /// The workflow that asked for it, and its run.
    pub workflow_execution: WorkflowExecution,
    /// The name of the workflow that asked for it.
    pub workflow_type: WorkflowType,
    /// When the first attempt was asked for.
    pub scheduled: Option<SystemTime>,
    /// When this attempt was asked for.
    pub attempt_scheduled: Option<SystemTime>,
    /// When this attempt was handed to the worker.
    pub started: Option<SystemTime>,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest this attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest silence between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// How failures are tried again.
    pub retry_policy: Option<RetryPolicy>,
    /// Who went first when the queue had a backlog.
    pub priority: Priority,
    /// Context handed along by interceptors.
    pub header: Header,
    /// What the server knows the attempt by; with it, somebody else can report its end. Empty for a local activity.
    pub task_token: TaskToken,
    pub(crate) local: bool,
}

impl ActivityInfo {
    /// What is left of a task when its arguments and heartbeat details are taken out.
    pub(crate) fn of(task: ActivityTask, extra: ActivityTaskExtra, task_queue: TaskQueue) -> Self {
        let ActivityTask {
            token,
            workflow_namespace,
            workflow_type,
            execution,
            activity,
            activity_type,
            input: _,
            header,
            heartbeat_details: _,
            scheduled,
            attempt_scheduled,
            started,
            attempt,
            schedule_to_close,
            start_to_close,
            heartbeat,
            retry_policy,
        } = task;
        Self {
            activity_id: activity,
            activity_type,
            attempt,
            task_queue,
            workflow_namespace,
            workflow_execution: execution,
            workflow_type,
            scheduled: scheduled.map(Into::into),
            attempt_scheduled: attempt_scheduled.map(Into::into),
            started: started.map(Into::into),
            // On the wire zero means "no limit".
            schedule_to_close: schedule_to_close.filter(|limit| !limit.is_zero()),
            start_to_close: start_to_close.filter(|limit| !limit.is_zero()),
            heartbeat: heartbeat.filter(|limit| !limit.is_zero()),
            retry_policy,
            priority: extra.priority.unwrap_or_default(),
            header: header.unwrap_or_default(),
            task_token: token,
            local: false,
        }
    }

    /// Whether it is a local activity: it runs where its workflow is played, and the server does not know of the attempt.
    /// Then nobody else can report its end, and heartbeats are not sent.
    pub fn is_local(&self) -> bool {
        self.local
    }
}
