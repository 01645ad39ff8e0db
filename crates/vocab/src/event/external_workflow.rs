//! Signals and requests to stop, from this workflow to others.

use perpetua_proto as proto;

use crate::{
    CancelExternalWorkflowFailedCause, EventId, Header, Namespace, Opaque, Payloads, SignalExternalWorkflowFailedCause,
    SignalName, WorkflowExecution,
};

/// The workflow asked for a signal to another one.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalExternalWorkflowInitiated {
    /// The namespace of the other.
    pub namespace: Namespace,
    /// The other; its run is empty for the current one.
    pub execution: WorkflowExecution,
    /// Which signal.
    pub name: SignalName,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Whether the other must be a child of this one.
    pub child_workflow_only: bool,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// The task that asked.
    pub task_completed: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::SignalExternalWorkflowExecutionInitiatedEventAttributes>,
}

/// The signal did not reach the other workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalExternalWorkflowFailed {
    /// The namespace of the other.
    pub namespace: Namespace,
    /// The other, as the request named it.
    pub execution: WorkflowExecution,
    /// Why it did not.
    pub cause: SignalExternalWorkflowFailedCause,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::SignalExternalWorkflowExecutionFailedEventAttributes>,
}

/// The signal reached the other workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalWorkflowSignaled {
    /// The namespace of the other.
    pub namespace: Namespace,
    /// The other, as the request named it.
    pub execution: WorkflowExecution,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::ExternalWorkflowExecutionSignaledEventAttributes>,
}

/// The workflow asked another one to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestCancelExternalWorkflowInitiated {
    /// The namespace of the other.
    pub namespace: Namespace,
    /// The other; its run is empty for the current one.
    pub execution: WorkflowExecution,
    /// Whether the other must be a child of this one.
    pub child_workflow_only: bool,
    /// Why, in words.
    pub reason: String,
    /// The task that asked.
    pub task_completed: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes>,
}

/// The request to stop did not reach the other workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestCancelExternalWorkflowFailed {
    /// The namespace of the other.
    pub namespace: Namespace,
    /// The other, as the request named it.
    pub execution: WorkflowExecution,
    /// Why it did not.
    pub cause: CancelExternalWorkflowFailedCause,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::RequestCancelExternalWorkflowExecutionFailedEventAttributes>,
}

/// The request to stop reached the other workflow. Whether that stops is its own affair.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalWorkflowCancelRequested {
    /// The namespace of the other.
    pub namespace: Namespace,
    /// The other, as the request named it.
    pub execution: WorkflowExecution,
    /// The event that asked for it.
    pub initiated: EventId,
    /// The rest.
    pub rest: Opaque<proto::history::ExternalWorkflowExecutionCancelRequestedEventAttributes>,
}
