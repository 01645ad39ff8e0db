//! Signals and requests to stop, from this workflow to others.

use std::mem::take;

use perpetua_proto::history::{
    ExternalWorkflowExecutionCancelRequestedEventAttributes, ExternalWorkflowExecutionSignaledEventAttributes,
    RequestCancelExternalWorkflowExecutionFailedEventAttributes,
    RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    SignalExternalWorkflowExecutionFailedEventAttributes, SignalExternalWorkflowExecutionInitiatedEventAttributes,
    history_event::Attributes,
};

use crate::{
    EventId, EventKind, ExternalWorkflowCancelRequested, ExternalWorkflowSignaled, Malformed, Opaque,
    RequestCancelExternalWorkflowFailed, RequestCancelExternalWorkflowInitiated, SignalExternalWorkflowFailed,
    SignalExternalWorkflowInitiated,
    wire::{
        payload::{encode_header, encode_payloads, header, payloads},
        text::execution,
    },
};

pub(super) fn signal_initiated(
    mut wire: Box<SignalExternalWorkflowExecutionInitiatedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let other = "SignalExternalWorkflowExecutionInitiated.workflow_execution";
    let task_completed = "SignalExternalWorkflowExecutionInitiated.workflow_task_completed_event_id";
    let task_completed_id = take(&mut wire.workflow_task_completed_event_id);
    Ok(EventKind::SignalExternalWorkflowInitiated(Box::new(SignalExternalWorkflowInitiated {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(other, wire.workflow_execution.take())?,
        name: take(&mut wire.signal_name).into(),
        input: wire.input.take().map(payloads),
        child_workflow_only: take(&mut wire.child_workflow_only),
        header: wire.header.take().map(header),
        task_completed: EventId::parse(task_completed, task_completed_id)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_signal_initiated(initiated: SignalExternalWorkflowInitiated) -> Attributes {
    let SignalExternalWorkflowInitiated {
        namespace,
        execution,
        name,
        input,
        child_workflow_only,
        header,
        task_completed,
        rest,
    } = initiated;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.signal_name = name.into_string();
    wire.input = input.map(encode_payloads);
    wire.child_workflow_only = child_workflow_only;
    wire.header = header.map(encode_header);
    wire.workflow_task_completed_event_id = task_completed.to_wire();
    Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(wire)
}

pub(super) fn signal_failed(
    mut wire: Box<SignalExternalWorkflowExecutionFailedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let other = "SignalExternalWorkflowExecutionFailed.workflow_execution";
    let initiated = take(&mut wire.initiated_event_id);
    Ok(EventKind::SignalExternalWorkflowFailed(Box::new(SignalExternalWorkflowFailed {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(other, wire.workflow_execution.take())?,
        cause: take(&mut wire.cause).into(),
        initiated: EventId::parse("SignalExternalWorkflowExecutionFailed.initiated_event_id", initiated)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_signal_failed(failed: SignalExternalWorkflowFailed) -> Attributes {
    let SignalExternalWorkflowFailed { namespace, execution, cause, initiated, rest } = failed;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.cause = cause.into();
    wire.initiated_event_id = initiated.to_wire();
    Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(wire)
}

pub(super) fn signaled(
    mut wire: Box<ExternalWorkflowExecutionSignaledEventAttributes>,
) -> Result<EventKind, Malformed> {
    let other = "ExternalWorkflowExecutionSignaled.workflow_execution";
    let initiated = take(&mut wire.initiated_event_id);
    Ok(EventKind::ExternalWorkflowSignaled(Box::new(ExternalWorkflowSignaled {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(other, wire.workflow_execution.take())?,
        initiated: EventId::parse("ExternalWorkflowExecutionSignaled.initiated_event_id", initiated)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_signaled(signaled: ExternalWorkflowSignaled) -> Attributes {
    let ExternalWorkflowSignaled { namespace, execution, initiated, rest } = signaled;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.initiated_event_id = initiated.to_wire();
    Attributes::ExternalWorkflowExecutionSignaledEventAttributes(wire)
}

pub(super) fn cancel_initiated(
    mut wire: Box<RequestCancelExternalWorkflowExecutionInitiatedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let other = "RequestCancelExternalWorkflowExecutionInitiated.workflow_execution";
    let task_completed = "RequestCancelExternalWorkflowExecutionInitiated.workflow_task_completed_event_id";
    let task_completed_id = take(&mut wire.workflow_task_completed_event_id);
    Ok(EventKind::RequestCancelExternalWorkflowInitiated(Box::new(RequestCancelExternalWorkflowInitiated {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(other, wire.workflow_execution.take())?,
        child_workflow_only: take(&mut wire.child_workflow_only),
        reason: take(&mut wire.reason),
        task_completed: EventId::parse(task_completed, task_completed_id)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_cancel_initiated(initiated: RequestCancelExternalWorkflowInitiated) -> Attributes {
    let RequestCancelExternalWorkflowInitiated {
        namespace,
        execution,
        child_workflow_only,
        reason,
        task_completed,
        rest,
    } = initiated;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.child_workflow_only = child_workflow_only;
    wire.reason = reason;
    wire.workflow_task_completed_event_id = task_completed.to_wire();
    Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(wire)
}

pub(super) fn cancel_failed(
    mut wire: Box<RequestCancelExternalWorkflowExecutionFailedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let other = "RequestCancelExternalWorkflowExecutionFailed.workflow_execution";
    let initiated = take(&mut wire.initiated_event_id);
    Ok(EventKind::RequestCancelExternalWorkflowFailed(Box::new(RequestCancelExternalWorkflowFailed {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(other, wire.workflow_execution.take())?,
        cause: take(&mut wire.cause).into(),
        initiated: EventId::parse("RequestCancelExternalWorkflowExecutionFailed.initiated_event_id", initiated)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_cancel_failed(failed: RequestCancelExternalWorkflowFailed) -> Attributes {
    let RequestCancelExternalWorkflowFailed { namespace, execution, cause, initiated, rest } = failed;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.cause = cause.into();
    wire.initiated_event_id = initiated.to_wire();
    Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(wire)
}

pub(super) fn cancel_requested(
    mut wire: Box<ExternalWorkflowExecutionCancelRequestedEventAttributes>,
) -> Result<EventKind, Malformed> {
    let other = "ExternalWorkflowExecutionCancelRequested.workflow_execution";
    let initiated = take(&mut wire.initiated_event_id);
    Ok(EventKind::ExternalWorkflowCancelRequested(Box::new(ExternalWorkflowCancelRequested {
        namespace: take(&mut wire.namespace).into(),
        execution: execution(other, wire.workflow_execution.take())?,
        initiated: EventId::parse("ExternalWorkflowExecutionCancelRequested.initiated_event_id", initiated)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_cancel_requested(requested: ExternalWorkflowCancelRequested) -> Attributes {
    let ExternalWorkflowCancelRequested { namespace, execution, initiated, rest } = requested;
    let mut wire = rest.into_inner();
    wire.namespace = namespace.into_string();
    wire.workflow_execution = Some(execution.into());
    wire.initiated_event_id = initiated.to_wire();
    Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(wire)
}
