//! Signals and cancel requests to other workflows.

use perpetua_proto::command::{
    RequestCancelExternalWorkflowExecutionCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
};
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::{EventType, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    SignalExternalWorkflowExecutionInitiatedEventAttributes,
};
use perpetua_proto::sdk::UserMetadata;

use super::{Bad, Step, append};
use crate::limits;
use crate::run::Run;
use crate::world::{Cx, Transfer, is_uuid};

pub(super) fn signal(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &Step,
    asked: SignalExternalWorkflowExecutionCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    const COMMAND: &str = "SignalExternalWorkflowExecutionCommand";
    let bad = |message: String| Err(Bad::new(Cause::BadSignalWorkflowExecutionAttributes, message));
    let execution = asked.execution.unwrap_or_default();
    let (id, run_id) = (&execution.workflow_id, &execution.run_id);
    let (namespace, signal) = (&asked.namespace, &asked.signal_name);
    if id.is_empty() {
        return bad(format!(
            "WorkflowId is not set on {COMMAND}. Namespace={namespace} RunId={run_id} SignalName={signal}"
        ));
    }
    if !run_id.is_empty() && !is_uuid(run_id) {
        return bad(format!(
            "Invalid RunId set on {COMMAND}. WorkflowId={id} Namespace={namespace} RunId={run_id} SignalName={signal}"
        ));
    }
    if signal.is_empty() {
        return bad(format!(
            "SignalName is not set on {COMMAND}. WorkflowId={id} Namespace={namespace} RunId={run_id}"
        ));
    }
    if run.state.externals.len() >= cx.settings.pending_signals {
        return Err(Bad::new(Cause::PendingSignalsLimitExceeded, "too many signals to others are under way"));
    }
    let attributes = SignalExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: step.completed,
        namespace_id: cx.namespace_id(or_own(run, &asked.namespace)),
        namespace: asked.namespace,
        workflow_execution: Some(execution),
        signal_name: asked.signal_name,
        input: asked.input,
        control: asked.control,
        child_workflow_only: asked.child_workflow_only,
        header: asked.header,
    };
    let attributes = Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(Box::new(attributes));
    let initiated = append(run, cx, EventType::SignalExternalWorkflowExecutionInitiated, attributes, metadata);
    run.state.externals.insert(initiated, true);
    cx.transfer(Transfer::SignalExternal { from: run.number, initiated });
    Ok(())
}

pub(super) fn cancel(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &Step,
    asked: RequestCancelExternalWorkflowExecutionCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    const COMMAND: &str = "RequestCancelExternalWorkflowExecutionCommand";
    let bad = |message: String| Err(Bad::new(Cause::BadRequestCancelExternalWorkflowExecutionAttributes, message));
    let (id, run_id, namespace) = (&asked.workflow_id, &asked.run_id, &asked.namespace);
    let (length, limit) = (id.len(), limits::ID_LENGTH);
    if id.is_empty() {
        return bad(format!("WorkflowId is not set on {COMMAND}. Namespace={namespace} RunId={run_id}"));
    }
    if length > limit {
        return bad(format!(
            "WorkflowId on {COMMAND} exceeds length limit. WorkflowId={id} Length={length} Limit={limit} \
             Namespace={namespace} RunId={run_id}"
        ));
    }
    if !run_id.is_empty() && !is_uuid(run_id) {
        return bad(format!("Invalid RunId set on {COMMAND}. WorkflowId={id} RunId={run_id} Namespace={namespace}"));
    }
    if run.state.externals.len() >= cx.settings.pending_cancels {
        let message = "too many cancel requests to others are under way";
        return Err(Bad::new(Cause::PendingRequestCancelLimitExceeded, message));
    }
    let attributes = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: step.completed,
        namespace_id: cx.namespace_id(or_own(run, &asked.namespace)),
        namespace: asked.namespace,
        workflow_execution: Some(WorkflowExecution { workflow_id: asked.workflow_id, run_id: asked.run_id }),
        control: asked.control,
        child_workflow_only: asked.child_workflow_only,
        reason: asked.reason,
    };
    let attributes = Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(Box::new(attributes));
    let initiated = append(run, cx, EventType::RequestCancelExternalWorkflowExecutionInitiated, attributes, metadata);
    run.state.externals.insert(initiated, false);
    cx.transfer(Transfer::CancelExternal { from: run.number, initiated });
    Ok(())
}

/// The namespace that was named, or that of the workflow.
pub(crate) fn or_own<'a>(run: &'a Run, namespace: &'a str) -> &'a str {
    if namespace.is_empty() { &run.state.namespace } else { namespace }
}
