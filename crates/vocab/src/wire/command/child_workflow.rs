//! Child workflows.

use perpetua_proto::command as wire;

use super::{encode_queue_unless_empty, normal_queue, unsaid};
use crate::{
    Malformed, StartChildWorkflow,
    wire::{
        payload::{
            encode_header_unless_empty, encode_memo, encode_payloads_unless_empty, encode_search_attributes, header,
            memo, payloads, search_attributes,
        },
        text::{required, workflow_type},
        time::{encode_duration, optional_duration},
    },
};

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn start(wire: wire::StartChildWorkflowExecutionCommandAttributes) -> Result<StartChildWorkflow, Malformed> {
    let wire::StartChildWorkflowExecutionCommandAttributes {
        namespace,
        workflow_id,
        workflow_type: wire_type,
        task_queue,
        input,
        workflow_execution_timeout,
        workflow_run_timeout,
        workflow_task_timeout,
        parent_close_policy,
        control,
        workflow_id_reuse_policy,
        retry_policy,
        cron_schedule,
        header: wire_header,
        memo: wire_memo,
        search_attributes: attributes,
        inherit_build_id,
        priority,
        versioning_override,
    } = wire;
    unsaid("StartChildWorkflowExecution.control", &control)?;
    unsaid("StartChildWorkflowExecution.inherit_build_id", &inherit_build_id)?;
    unsaid("StartChildWorkflowExecution.versioning_override", &versioning_override)?;
    let execution_timeout = "StartChildWorkflowExecution.workflow_execution_timeout";
    let run_timeout = "StartChildWorkflowExecution.workflow_run_timeout";
    let task_timeout = "StartChildWorkflowExecution.workflow_task_timeout";
    Ok(StartChildWorkflow {
        namespace: namespace.into(),
        workflow_id: required("StartChildWorkflowExecution.workflow_id", workflow_id)?,
        workflow_type: workflow_type("StartChildWorkflowExecution.workflow_type", wire_type)?,
        task_queue: normal_queue("StartChildWorkflowExecution.task_queue", task_queue)?,
        input: input.map(payloads).unwrap_or_default(),
        header: wire_header.map(header).unwrap_or_default(),
        execution_timeout: optional_duration(execution_timeout, workflow_execution_timeout)?,
        run_timeout: optional_duration(run_timeout, workflow_run_timeout)?,
        task_timeout: optional_duration(task_timeout, workflow_task_timeout)?,
        parent_close_policy: parent_close_policy.into(),
        id_reuse_policy: workflow_id_reuse_policy.into(),
        retry_policy: retry_policy.map(TryInto::try_into).transpose()?,
        cron_schedule,
        memo: wire_memo.map(memo),
        search_attributes: attributes.map(search_attributes),
        priority: priority.map(Into::into),
    })
}

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn encode_start(start: StartChildWorkflow) -> wire::StartChildWorkflowExecutionCommandAttributes {
    let StartChildWorkflow {
        namespace,
        workflow_id,
        workflow_type,
        task_queue,
        input,
        header,
        execution_timeout,
        run_timeout,
        task_timeout,
        parent_close_policy,
        id_reuse_policy,
        retry_policy,
        cron_schedule,
        memo,
        search_attributes,
        priority,
    } = start;
    wire::StartChildWorkflowExecutionCommandAttributes {
        namespace: namespace.into_string(),
        workflow_id: workflow_id.into_string(),
        workflow_type: Some(workflow_type.into()),
        task_queue: encode_queue_unless_empty(task_queue),
        input: encode_payloads_unless_empty(input),
        workflow_execution_timeout: execution_timeout.map(encode_duration),
        workflow_run_timeout: run_timeout.map(encode_duration),
        workflow_task_timeout: task_timeout.map(encode_duration),
        parent_close_policy: parent_close_policy.into(),
        control: String::new(),
        workflow_id_reuse_policy: id_reuse_policy.into(),
        retry_policy: retry_policy.map(Into::into),
        cron_schedule,
        header: encode_header_unless_empty(header),
        memo: memo.map(encode_memo),
        search_attributes: search_attributes.map(encode_search_attributes),
        inherit_build_id: false,
        priority: priority.map(Into::into),
        versioning_override: None,
    }
}
