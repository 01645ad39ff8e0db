//! The run itself: how it ends by beginning anew.

use perpetua_proto::command as wire;

use super::{encode_queue_unless_empty, normal_queue, unsaid};
use crate::{
    ContinueAsNew, Malformed,
    wire::{
        payload::{
            encode_header_unless_empty, encode_memo, encode_payloads_unless_empty, encode_search_attributes, header,
            memo, payloads, search_attributes,
        },
        text::workflow_type,
        time::{encode_duration, optional_duration},
    },
};

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
pub(super) fn continue_as_new(
    wire: wire::ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<ContinueAsNew, Malformed> {
    let wire::ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: wire_type,
        task_queue,
        input,
        workflow_run_timeout,
        workflow_task_timeout,
        backoff_start_interval,
        retry_policy,
        initiator,
        failure,
        last_completion_result,
        cron_schedule,
        header: wire_header,
        memo: wire_memo,
        search_attributes: attributes,
        inherit_build_id,
        initial_versioning_behavior,
    } = wire;
    unsaid("ContinueAsNewWorkflowExecution.initiator", &initiator)?;
    unsaid("ContinueAsNewWorkflowExecution.failure", &failure)?;
    unsaid("ContinueAsNewWorkflowExecution.last_completion_result", &last_completion_result)?;
    unsaid("ContinueAsNewWorkflowExecution.cron_schedule", &cron_schedule)?;
    unsaid("ContinueAsNewWorkflowExecution.inherit_build_id", &inherit_build_id)?;
    let run_timeout = "ContinueAsNewWorkflowExecution.workflow_run_timeout";
    let task_timeout = "ContinueAsNewWorkflowExecution.workflow_task_timeout";
    let start_delay = "ContinueAsNewWorkflowExecution.backoff_start_interval";
    Ok(ContinueAsNew {
        workflow_type: workflow_type("ContinueAsNewWorkflowExecution.workflow_type", wire_type)?,
        task_queue: normal_queue("ContinueAsNewWorkflowExecution.task_queue", task_queue)?,
        input: input.map(payloads).unwrap_or_default(),
        run_timeout: optional_duration(run_timeout, workflow_run_timeout)?,
        task_timeout: optional_duration(task_timeout, workflow_task_timeout)?,
        retry_policy: retry_policy.map(TryInto::try_into).transpose()?,
        start_delay: optional_duration(start_delay, backoff_start_interval)?,
        versioning: initial_versioning_behavior.into(),
        header: wire_header.map(header).unwrap_or_default(),
        memo: wire_memo.map(memo),
        search_attributes: attributes.map(search_attributes),
    })
}

pub(super) fn encode_continue_as_new(next: ContinueAsNew) -> wire::ContinueAsNewWorkflowExecutionCommandAttributes {
    let ContinueAsNew {
        workflow_type,
        task_queue,
        input,
        run_timeout,
        task_timeout,
        retry_policy,
        start_delay,
        versioning,
        header,
        memo,
        search_attributes,
    } = next;
    wire::ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: Some(workflow_type.into()),
        task_queue: encode_queue_unless_empty(task_queue),
        input: encode_payloads_unless_empty(input),
        workflow_run_timeout: run_timeout.map(encode_duration),
        workflow_task_timeout: task_timeout.map(encode_duration),
        retry_policy: retry_policy.map(Into::into),
        backoff_start_interval: start_delay.map(encode_duration),
        initial_versioning_behavior: versioning.into(),
        header: encode_header_unless_empty(header),
        memo: memo.map(encode_memo),
        search_attributes: search_attributes.map(encode_search_attributes),
        ..Default::default()
    }
}
