//! From the server's answer to a description.

use std::time::SystemTime;

use perpetua_convert::DataConverter;
use perpetua_proto::workflowservice::DescribeWorkflowExecutionResponse;
use perpetua_vocab::wire::{memo, optional_duration, optional_timestamp, search_attributes, user_metadata};
use perpetua_vocab::{Malformed, Payload, UserMetadata, VisitPayloads, WorkflowExecution};

use super::WorkflowDescription;
use super::pending::{EncodedActivity, child, workflow_task};
use crate::PayloadError;
use crate::payloads::Memo;

/// Everything in a description that codecs must see, so that they are asked once.
struct Values {
    memo: Memo,
    metadata: UserMetadata,
    activities: Vec<EncodedActivity>,
}

impl VisitPayloads for Values {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.activities.visit_payloads(visit);
        self.memo.visit_payloads(visit);
        self.metadata.summary.visit_payloads(visit);
        self.metadata.details.visit_payloads(visit);
    }
}

pub(super) async fn description(
    response: DescribeWorkflowExecutionResponse,
    converter: &DataConverter,
) -> Result<WorkflowDescription, PayloadError> {
    let raw = Box::new(response.clone());
    let (mut description, mut values) = parse(response, raw, converter)?;
    converter.decode(&mut values).await?;
    let Values { memo, metadata, activities } = values;
    description.memo = memo.0;
    description.summary = text(metadata.summary, converter);
    description.details = text(metadata.details, converter);
    description.pending_activities =
        activities.into_iter().map(|activity| activity.finish(|failure| converter.reveal_failure(failure))).collect();
    Ok(description)
}

fn parse(
    response: DescribeWorkflowExecutionResponse,
    raw: Box<DescribeWorkflowExecutionResponse>,
    converter: &DataConverter,
) -> Result<(WorkflowDescription, Values), Malformed> {
    let config = response.execution_config.unwrap_or_default();
    let info = response
        .workflow_execution_info
        .ok_or_else(|| Malformed::missing("DescribeWorkflowExecutionResponse.workflow_execution_info"))?;
    let WorkflowExecution { workflow_id, run_id } = info.execution.map(Into::into).unwrap_or_default();
    let values = Values {
        memo: Memo(info.memo.map(memo).unwrap_or_default()),
        metadata: user_metadata(config.user_metadata),
        activities: response.pending_activities.into_iter().map(EncodedActivity::read).collect::<Result<_, _>>()?,
    };
    let task_queue = match config.task_queue {
        Some(queue) if !queue.name.is_empty() => queue.name,
        _ => info.task_queue,
    };
    let description = WorkflowDescription {
        id: workflow_id,
        run_id,
        first_run_id: if info.first_run_id.is_empty() { None } else { Some(info.first_run_id.into()) },
        workflow_type: info.r#type.map(Into::into).unwrap_or_default(),
        task_queue: task_queue.into(),
        status: info.status.into(),
        start_time: time("WorkflowExecutionInfo.start_time", info.start_time)?,
        execution_time: time("WorkflowExecutionInfo.execution_time", info.execution_time)?,
        close_time: time("WorkflowExecutionInfo.close_time", info.close_time)?,
        history_length: count("WorkflowExecutionInfo.history_length", info.history_length)?,
        history_size: count("WorkflowExecutionInfo.history_size_bytes", info.history_size_bytes)?,
        execution_timeout: limit(
            "WorkflowExecutionConfig.workflow_execution_timeout",
            config.workflow_execution_timeout,
        )?,
        run_timeout: limit("WorkflowExecutionConfig.workflow_run_timeout", config.workflow_run_timeout)?,
        task_timeout: limit(
            "WorkflowExecutionConfig.default_workflow_task_timeout",
            config.default_workflow_task_timeout,
        )?,
        parent: info.parent_execution.map(Into::into),
        root: info.root_execution.map(Into::into),
        priority: info.priority.map(Into::into),
        summary: None,
        details: None,
        cancel_requested: response.workflow_extended_info.is_some_and(|extended| extended.cancel_requested),
        pending_activities: Vec::new(),
        pending_children: response.pending_children.into_iter().map(child).collect::<Result<_, _>>()?,
        pending_workflow_task: response.pending_workflow_task.map(workflow_task).transpose()?,
        memo: perpetua_vocab::Fields::new(),
        search_attributes: info.search_attributes.map(search_attributes).unwrap_or_default().into(),
        converter: converter.clone(),
        raw,
    };
    Ok((description, values))
}

/// For people: what cannot be read is not shown.
fn text(payload: Option<Payload>, converter: &DataConverter) -> Option<String> {
    payload.and_then(|payload| converter.payloads().decode(&payload).ok())
}

pub(super) fn time(
    field: &'static str,
    wire: Option<perpetua_proto::protobuf::Timestamp>,
) -> Result<Option<SystemTime>, Malformed> {
    Ok(optional_timestamp(field, wire)?.map(SystemTime::from))
}

/// A duration of which none and zero are the same.
fn limit(
    field: &'static str,
    wire: Option<perpetua_proto::protobuf::Duration>,
) -> Result<Option<std::time::Duration>, Malformed> {
    Ok(optional_duration(field, wire)?.filter(|duration| !duration.is_zero()))
}

fn count(field: &'static str, wire: i64) -> Result<u64, Malformed> {
    u64::try_from(wire).map_err(|_| Malformed::new(field, format!("is negative: {wire}")))
}
