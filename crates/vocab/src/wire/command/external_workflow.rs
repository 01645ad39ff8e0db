//! Signals and requests to stop, from this workflow to others.

use perpetua_proto::command as wire;

use super::unsaid;
use crate::{
    Malformed, RequestCancelExternalWorkflow, SignalExternalWorkflow, WorkflowExecution,
    wire::{
        payload::{encode_header_unless_empty, encode_payloads_unless_empty, header, payloads},
        text::{execution, required},
    },
};

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn signal(
    wire: wire::SignalExternalWorkflowExecutionCommandAttributes,
) -> Result<SignalExternalWorkflow, Malformed> {
    let wire::SignalExternalWorkflowExecutionCommandAttributes {
        namespace,
        execution: wire_execution,
        signal_name,
        input,
        control,
        child_workflow_only,
        header: wire_header,
    } = wire;
    unsaid("SignalExternalWorkflowExecution.control", &control)?;
    Ok(SignalExternalWorkflow {
        namespace: namespace.into(),
        execution: execution("SignalExternalWorkflowExecution.execution", wire_execution)?,
        name: required("SignalExternalWorkflowExecution.signal_name", signal_name)?,
        input: input.map(payloads).unwrap_or_default(),
        header: wire_header.map(header).unwrap_or_default(),
        child_workflow_only,
    })
}

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn encode_signal(signal: SignalExternalWorkflow) -> wire::SignalExternalWorkflowExecutionCommandAttributes {
    let SignalExternalWorkflow { namespace, execution, name, input, header, child_workflow_only } = signal;
    wire::SignalExternalWorkflowExecutionCommandAttributes {
        namespace: namespace.into_string(),
        execution: Some(execution.into()),
        signal_name: name.into_string(),
        input: encode_payloads_unless_empty(input),
        control: String::new(),
        child_workflow_only,
        header: encode_header_unless_empty(header),
    }
}

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn cancel(
    wire: wire::RequestCancelExternalWorkflowExecutionCommandAttributes,
) -> Result<RequestCancelExternalWorkflow, Malformed> {
    let wire::RequestCancelExternalWorkflowExecutionCommandAttributes {
        namespace,
        workflow_id,
        run_id,
        control,
        child_workflow_only,
        reason,
    } = wire;
    unsaid("RequestCancelExternalWorkflowExecution.control", &control)?;
    Ok(RequestCancelExternalWorkflow {
        namespace: namespace.into(),
        execution: WorkflowExecution {
            workflow_id: required("RequestCancelExternalWorkflowExecution.workflow_id", workflow_id)?,
            run_id: run_id.into(),
        },
        child_workflow_only,
        reason,
    })
}

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn encode_cancel(
    cancel: RequestCancelExternalWorkflow,
) -> wire::RequestCancelExternalWorkflowExecutionCommandAttributes {
    let RequestCancelExternalWorkflow { namespace, execution, child_workflow_only, reason } = cancel;
    let WorkflowExecution { workflow_id, run_id } = execution;
    wire::RequestCancelExternalWorkflowExecutionCommandAttributes {
        namespace: namespace.into_string(),
        workflow_id: workflow_id.into_string(),
        run_id: run_id.into_string(),
        control: String::new(),
        child_workflow_only,
        reason,
    }
}
