//! Child workflows.

use std::mem::take;

use perpetua_proto::history::{
    ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
    ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionStartedEventAttributes,
    ChildWorkflowExecutionTerminatedEventAttributes, ChildWorkflowExecutionTimedOutEventAttributes,
    StartChildWorkflowExecutionFailedEventAttributes, StartChildWorkflowExecutionInitiatedEventAttributes,
    history_event::Attributes,
};

use crate::{
    ChildWorkflow, ChildWorkflowCanceled, ChildWorkflowCompleted, ChildWorkflowFailed, ChildWorkflowStarted,
    ChildWorkflowTerminated, ChildWorkflowTimedOut, EventId, EventKind, Failure, Malformed, Opaque,
    StartChildWorkflowFailed, StartChildWorkflowInitiated,
    wire::{
        payload::{encode_payloads, payloads},
        text::{execution, required, workflow_type},
    },
};

/// Takes what all ends of a child have in common out of the attributes of one.
macro_rules! take_child {
    ($wire:ident, $event:literal) => {
        ChildWorkflow {
            namespace: take(&mut $wire.namespace).into(),
            execution: execution(concat!($event, ".workflow_execution"), $wire.workflow_execution.take())?,
            workflow_type: workflow_type(concat!($event, ".workflow_type"), $wire.workflow_type.take())?,
            initiated: EventId::parse(concat!($event, ".initiated_event_id"), take(&mut $wire.initiated_event_id))?,
            started: EventId::parse_optional(concat!($event, ".started_event_id"), take(&mut $wire.started_event_id))?,
        }
    };
}

/// Puts it back in.
macro_rules! put_child {
    ($wire:ident, $child:ident) => {{
        let ChildWorkflow { namespace, execution, workflow_type, initiated, started } = $child;
        $wire.namespace = namespace.into_string();
        $wire.workflow_execution = Some(execution.into());
        $wire.workflow_type = Some(workflow_type.into());
        $wire.initiated_event_id = initiated.to_wire();
        $wire.started_event_id = EventId::optional_to_wire(started);
    }};
}

pub(super) fn initiated(
    mut wire: Box<StartChildWorkflowExecutionInitiatedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let child_type = "StartChildWorkflowExecutionInitiated.workflow_type";
    let task_completed = "StartChildWorkflowExecutionInitiated.workflow_task_completed_event_id";
    let task_completed_id = take(&mut wire.workflow_task_completed_event_id);
    Ok(EventKind::StartChildWorkflowInitiated(Box::new(StartChildWorkflowInitiated {
        namespace: take(&mut wire.namespace).into(),
        workflow_id: required("StartChildWorkflowExecutionInitiated.workflow_id", take(&mut wire.workflow_id))?,
        workflow_type: workflow_type(child_type, wire.workflow_type.take())?,
        input: wire.input.take().map(payloads),
        parent_close_policy: take(&mut wire.parent_close_policy).into(),
        task_completed: EventId::parse(task_completed, task_completed_id)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_initiated(initiated: StartChildWorkflowInitiated) -> Attributes {
    let StartChildWorkflowInitiated {
        namespace,
        workflow_id,
        workflow_type,
        input,
        parent_close_policy,
        task_completed,
        rest,
    } = initiated;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_id = workflow_id.into_string();
    wire.workflow_type = Some(workflow_type.into());
    wire.input = input.map(encode_payloads);
    wire.parent_close_policy = parent_close_policy.into();
    wire.workflow_task_completed_event_id = task_completed.to_wire();
    Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(wire)
}

pub(super) fn start_failed(
    mut wire: Box<StartChildWorkflowExecutionFailedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let child_type = "StartChildWorkflowExecutionFailed.workflow_type";
    let initiated = take(&mut wire.initiated_event_id);
    Ok(EventKind::StartChildWorkflowFailed(Box::new(StartChildWorkflowFailed {
        namespace: take(&mut wire.namespace).into(),
        workflow_id: required("StartChildWorkflowExecutionFailed.workflow_id", take(&mut wire.workflow_id))?,
        workflow_type: workflow_type(child_type, wire.workflow_type.take())?,
        cause: take(&mut wire.cause).into(),
        initiated: EventId::parse("StartChildWorkflowExecutionFailed.initiated_event_id", initiated)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_start_failed(failed: StartChildWorkflowFailed) -> Attributes {
    let StartChildWorkflowFailed { namespace, workflow_id, workflow_type, cause, initiated, rest } = failed;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_id = workflow_id.into_string();
    wire.workflow_type = Some(workflow_type.into());
    wire.cause = cause.into();
    wire.initiated_event_id = initiated.to_wire();
    Attributes::StartChildWorkflowExecutionFailedEventAttributes(wire)
}

pub(super) fn started(mut wire: Box<ChildWorkflowExecutionStartedEventAttributes>) -> Result<EventKind, Malformed> {
    let child = "ChildWorkflowExecutionStarted.workflow_execution";
    let initiated = take(&mut wire.initiated_event_id);
    Ok(EventKind::ChildWorkflowStarted(Box::new(ChildWorkflowStarted {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(child, wire.workflow_execution.take())?,
        workflow_type: workflow_type("ChildWorkflowExecutionStarted.workflow_type", wire.workflow_type.take())?,
        initiated: EventId::parse("ChildWorkflowExecutionStarted.initiated_event_id", initiated)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_started(started: ChildWorkflowStarted) -> Attributes {
    let ChildWorkflowStarted { namespace, execution, workflow_type, initiated, rest } = started;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.workflow_type = Some(workflow_type.into());
    wire.initiated_event_id = initiated.to_wire();
    Attributes::ChildWorkflowExecutionStartedEventAttributes(wire)
}

pub(super) fn completed(mut wire: Box<ChildWorkflowExecutionCompletedEventAttributes>) -> Result<EventKind, Malformed> {
    Ok(EventKind::ChildWorkflowCompleted(Box::new(ChildWorkflowCompleted {
        child: take_child!(wire, "ChildWorkflowExecutionCompleted"),
        result: wire.result.take().map(payloads),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_completed(completed: ChildWorkflowCompleted) -> Attributes {
    let ChildWorkflowCompleted { child, result, rest } = completed;
    let mut wire = rest.into_inner();
    put_child!(wire, child);
    wire.result = result.map(encode_payloads);
    Attributes::ChildWorkflowExecutionCompletedEventAttributes(wire)
}

pub(super) fn failed(mut wire: Box<ChildWorkflowExecutionFailedEventAttributes>) -> Result<EventKind, Malformed> {
    Ok(EventKind::ChildWorkflowFailed(Box::new(ChildWorkflowFailed {
        child: take_child!(wire, "ChildWorkflowExecutionFailed"),
        failure: wire.failure.take().map(Failure::try_from).transpose()?,
        retry_state: take(&mut wire.retry_state).into(),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_failed(failed: ChildWorkflowFailed) -> Attributes {
    let ChildWorkflowFailed { child, failure, retry_state, rest } = failed;
    let mut wire = rest.into_inner();
    put_child!(wire, child);
    wire.failure = failure.map(Into::into);
    wire.retry_state = retry_state.into();
    Attributes::ChildWorkflowExecutionFailedEventAttributes(wire)
}

pub(super) fn canceled(mut wire: Box<ChildWorkflowExecutionCanceledEventAttributes>) -> Result<EventKind, Malformed> {
    Ok(EventKind::ChildWorkflowCanceled(Box::new(ChildWorkflowCanceled {
        child: take_child!(wire, "ChildWorkflowExecutionCanceled"),
        details: wire.details.take().map(payloads),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_canceled(canceled: ChildWorkflowCanceled) -> Attributes {
    let ChildWorkflowCanceled { child, details, rest } = canceled;
    let mut wire = rest.into_inner();
    put_child!(wire, child);
    wire.details = details.map(encode_payloads);
    Attributes::ChildWorkflowExecutionCanceledEventAttributes(wire)
}

pub(super) fn timed_out(mut wire: Box<ChildWorkflowExecutionTimedOutEventAttributes>) -> Result<EventKind, Malformed> {
    Ok(EventKind::ChildWorkflowTimedOut(Box::new(ChildWorkflowTimedOut {
        child: take_child!(wire, "ChildWorkflowExecutionTimedOut"),
        retry_state: take(&mut wire.retry_state).into(),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_timed_out(timed_out: ChildWorkflowTimedOut) -> Attributes {
    let ChildWorkflowTimedOut { child, retry_state, rest } = timed_out;
    let mut wire = rest.into_inner();
    put_child!(wire, child);
    wire.retry_state = retry_state.into();
    Attributes::ChildWorkflowExecutionTimedOutEventAttributes(wire)
}

pub(super) fn terminated(
    mut wire: Box<ChildWorkflowExecutionTerminatedEventAttributes>,
) -> Result<EventKind, Malformed> {
    Ok(EventKind::ChildWorkflowTerminated(Box::new(ChildWorkflowTerminated {
        child: take_child!(wire, "ChildWorkflowExecutionTerminated"),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_terminated(terminated: ChildWorkflowTerminated) -> Attributes {
    let ChildWorkflowTerminated { child, rest } = terminated;
    let mut wire = rest.into_inner();
    put_child!(wire, child);
    Attributes::ChildWorkflowExecutionTerminatedEventAttributes(wire)
}
