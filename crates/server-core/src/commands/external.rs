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
use crate::run::Run;
use crate::world::{Cx, Transfer};

pub(super) fn signal(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &Step,
    asked: SignalExternalWorkflowExecutionCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let bad = |message: &str| Err(Bad::new(Cause::BadSignalWorkflowExecutionAttributes, message));
    let execution = asked.execution.unwrap_or_default();
    if execution.workflow_id.is_empty() {
        return bad("WorkflowId is not set on SignalExternalWorkflowExecutionCommand.");
    }
    if asked.signal_name.is_empty() {
        return bad("SignalName is not set on SignalExternalWorkflowExecutionCommand.");
    }
    if run.state.externals.len() >= cx.settings.pending_signals {
        return Err(Bad::new(Cause::PendingSignalsLimitExceeded, "too many signals to others are under way"));
    }
    let attributes = SignalExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: step.completed,
        namespace: or_own(run, asked.namespace),
        workflow_execution: Some(execution),
        signal_name: asked.signal_name,
        input: asked.input,
        control: asked.control,
        child_workflow_only: asked.child_workflow_only,
        header: asked.header,
        ..SignalExternalWorkflowExecutionInitiatedEventAttributes::default()
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
    if asked.workflow_id.is_empty() {
        let message = "WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand.";
        return Err(Bad::new(Cause::BadRequestCancelExternalWorkflowExecutionAttributes, message));
    }
    if run.state.externals.len() >= cx.settings.pending_cancels {
        let message = "too many cancel requests to others are under way";
        return Err(Bad::new(Cause::PendingRequestCancelLimitExceeded, message));
    }
    let attributes = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: step.completed,
        namespace: or_own(run, asked.namespace),
        workflow_execution: Some(WorkflowExecution { workflow_id: asked.workflow_id, run_id: asked.run_id }),
        control: asked.control,
        child_workflow_only: asked.child_workflow_only,
        reason: asked.reason,
        ..RequestCancelExternalWorkflowExecutionInitiatedEventAttributes::default()
    };
    let attributes = Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(Box::new(attributes));
    let initiated = append(run, cx, EventType::RequestCancelExternalWorkflowExecutionInitiated, attributes, metadata);
    run.state.externals.insert(initiated, false);
    cx.transfer(Transfer::CancelExternal { from: run.number, initiated });
    Ok(())
}

/// The namespace that was named, or that of the workflow.
fn or_own(run: &Run, namespace: String) -> String {
    if namespace.is_empty() { run.state.namespace.clone() } else { namespace }
}
