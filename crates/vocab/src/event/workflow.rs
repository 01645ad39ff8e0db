//! The run itself: how it begins, how it ends, and what reaches it from outside.

use std::time::Duration;

use perpetua_proto as proto;

use crate::{
    EventId, Failure, Fields, Header, Identity, Namespace, Opaque, Payloads, RetryPolicy, RetryState, RunId,
    SignalName, TaskQueue, WorkflowExecution, WorkflowId, WorkflowType,
};

/// The run began: what it is and what it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowStarted {
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The queue its tasks go to.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// The first run of the chain made by retries, cron and continue-as-new.
    pub first_run: RunId,
    /// The run id this run was created with; differs from its own id after a reset. Randomness is seeded with it.
    pub original_run: RunId,
    /// The run before it in the chain.
    pub continued_run: Option<RunId>,
    /// Which attempt this run is, from 1.
    pub attempt: u32,
    /// The longest this and all following runs may take.
    pub execution_timeout: Option<Duration>,
    /// The longest this run may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// How failures of the run are tried again.
    pub retry_policy: Option<RetryPolicy>,
    /// The cron expression; empty for none.
    pub cron_schedule: String,
    /// The failure of the run before it.
    pub continued_failure: Option<Box<Failure>>,
    /// The result of the last run that had one.
    pub last_completion_result: Option<Payloads>,
    /// Unindexed values given at start.
    pub memo: Option<Fields>,
    /// Indexed values given at start.
    pub search_attributes: Option<Fields>,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// Who started it.
    pub identity: Identity,
    /// The rest. Of it, the parent, the root, the priority and the delay of the first task can be asked for.
    pub rest: Opaque<proto::history::WorkflowExecutionStartedEventAttributes>,
}

/// The workflow that started another one as its child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParentWorkflow {
    /// Its namespace.
    pub namespace: Namespace,
    /// The workflow and the run that did.
    pub execution: WorkflowExecution,
    /// The event of that run that asked for the child.
    pub initiated: Option<EventId>,
}

/// The run ended with a result.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowClosed {
    /// The value it returned.
    pub result: Option<Payloads>,
    /// The task that decided so.
    pub task_completed: EventId,
    /// The run that follows, by cron.
    pub new_run: Option<RunId>,
}

/// The run ended with a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowFailed {
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Why it is not tried again.
    pub retry_state: RetryState,
    /// The task that decided so.
    pub task_completed: EventId,
    /// The run that follows, by retry or cron.
    pub new_run: Option<RunId>,
}

/// The run ended and a new one of the same workflow began.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowContinuedAsNew {
    /// The run that follows.
    pub new_run: RunId,
    /// What it runs.
    pub workflow_type: WorkflowType,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// The task that decided so; none where a server's own retry wrote the event.
    pub task_completed: Option<EventId>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionContinuedAsNewEventAttributes>,
}

/// Somebody asked the run to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowCancelRequested {
    /// Why, in words.
    pub reason: String,
    /// Who asked.
    pub identity: Identity,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionCancelRequestedEventAttributes>,
}

/// A signal arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Signaled {
    /// Which signal.
    pub name: SignalName,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Who sent it.
    pub identity: Identity,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionSignaledEventAttributes>,
}
