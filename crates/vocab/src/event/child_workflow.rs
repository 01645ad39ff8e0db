//! Child workflows.

use perpetua_proto as proto;

use crate::{
    EventId, Failure, Namespace, Opaque, ParentClosePolicy, Payloads, RetryState, StartChildWorkflowFailedCause,
    WorkflowExecution, WorkflowId, WorkflowType,
};

/// The workflow asked for a child.
#[derive(Clone, Debug, PartialEq)]
pub struct StartChildWorkflowInitiated {
    /// The namespace of the child.
    pub namespace: Namespace,
    /// The child's id.
    pub workflow_id: WorkflowId,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// What happens to the child when its parent closes.
    pub parent_close_policy: ParentClosePolicy,
    /// The task that asked.
    pub task_completed: EventId,
    /// The rest: queue, timeouts, policies, header, memo, search attributes, priority.
    pub rest: Opaque<proto::history::StartChildWorkflowExecutionInitiatedEventAttributes>,
}

/// The child could not be started.
#[derive(Clone, Debug, PartialEq)]
pub struct StartChildWorkflowFailed {
    /// The namespace of the child.
    pub namespace: Namespace,
    /// The id that the child would have had.
    pub workflow_id: WorkflowId,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// Why it could not.
    pub cause: StartChildWorkflowFailedCause,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::StartChildWorkflowExecutionFailedEventAttributes>,
}

/// The child runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflowStarted {
    /// The namespace of the child.
    pub namespace: Namespace,
    /// The child and its first run.
    pub execution: WorkflowExecution,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::ChildWorkflowExecutionStartedEventAttributes>,
}

/// Which child an event about its end speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflow {
    /// The namespace of the child.
    pub namespace: Namespace,
    /// The child and the run that ended.
    pub execution: WorkflowExecution,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The event that said that it runs.
    pub started: Option<EventId>,
}

/// The child ended with a result.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflowCompleted {
    /// Which child.
    pub child: ChildWorkflow,
    /// The value it returned.
    pub result: Option<Payloads>,
    /// The rest.
    pub rest: Opaque<proto::history::ChildWorkflowExecutionCompletedEventAttributes>,
}

/// The child ended with a failure and is not tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflowFailed {
    /// Which child.
    pub child: ChildWorkflow,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Why it is not tried again.
    pub retry_state: RetryState,
    /// The rest.
    pub rest: Opaque<proto::history::ChildWorkflowExecutionFailedEventAttributes>,
}

/// The child ended because it was asked to.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflowCanceled {
    /// Which child.
    pub child: ChildWorkflow,
    /// What it left.
    pub details: Option<Payloads>,
    /// The rest.
    pub rest: Opaque<proto::history::ChildWorkflowExecutionCanceledEventAttributes>,
}

/// The child took longer than it was given and is not tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflowTimedOut {
    /// Which child.
    pub child: ChildWorkflow,
    /// Why it is not tried again.
    pub retry_state: RetryState,
    /// The rest.
    pub rest: Opaque<proto::history::ChildWorkflowExecutionTimedOutEventAttributes>,
}

/// The child was ended from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWorkflowTerminated {
    /// Which child.
    pub child: ChildWorkflow,
    /// The rest.
    pub rest: Opaque<proto::history::ChildWorkflowExecutionTerminatedEventAttributes>,
}
