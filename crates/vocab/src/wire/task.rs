//! What pollers receive.

use perpetua_proto::workflowservice::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse};

use super::{
    event::history,
    payload::{header, payloads},
    text::{activity_type, optional, required, workflow_type},
    time::{optional_duration, optional_timestamp},
};
use crate::{ActivityTask, ActivityTaskExtra, EventId, Malformed, Message, Query, QueryId, TaskToken, WorkflowTask};

/// A task that could not be read. It can still be answered, with what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task cannot be read")]
pub struct BadTask {
    /// To be given back with the answer.
    pub token: TaskToken,
    /// Whether the task is only a query, which is answered by a call of its own.
    pub only_query: bool,
    /// What is wrong with it.
    #[source]
    pub malformed: Malformed,
}

/// Reads a polled workflow task; none if the poll ended without one.
///
/// # Errors
///
/// If the task cannot be represented. The error still has the token, so that the task can be failed.
pub fn workflow_task(mut wire: PollWorkflowTaskQueueResponse) -> Result<Option<WorkflowTask>, BadTask> {
    if wire.task_token.is_empty() {
        return Ok(None);
    }
    let token = TaskToken(std::mem::take(&mut wire.task_token));
    let only_query = wire.query.is_some();
    match read_workflow_task(wire) {
        Ok(task) => Ok(Some(WorkflowTask { token, ..task })),
        Err(malformed) => Err(BadTask { token, only_query, malformed }),
    }
}

/// Reads a polled activity task; none if the poll ended without one.
///
/// # Errors
///
/// If the task cannot be represented. The error still has the token, so that the task can be failed.
pub fn activity_task(mut wire: PollActivityTaskQueueResponse) -> Result<Option<ActivityTask>, BadTask> {
    if wire.task_token.is_empty() {
        return Ok(None);
    }
    let token = TaskToken(std::mem::take(&mut wire.task_token));
    match read_activity_task(wire) {
        Ok(task) => Ok(Some(ActivityTask { token, ..task })),
        Err(malformed) => Err(BadTask { token, only_query: false, malformed }),
    }
}

/// Reads what a poll says of an activity beside the task. Ask before [`activity_task`] takes the response.
pub fn activity_task_extra(wire: &PollActivityTaskQueueResponse) -> ActivityTaskExtra {
    ActivityTaskExtra { priority: wire.priority.clone().map(Into::into), run: optional(wire.activity_run_id.clone()) }
}

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
fn read_workflow_task(wire: PollWorkflowTaskQueueResponse) -> Result<WorkflowTask, Malformed> {
    let PollWorkflowTaskQueueResponse {
        task_token,
        workflow_execution,
        workflow_type: wire_type,
        previous_started_event_id,
        started_event_id,
        attempt,
        history: wire_history,
        next_page_token,
        query,
        queries,
        messages,
        // How the queue does, not what the task is; pollers read it before they give the response away.
        backlog_count_hint: _,
        workflow_execution_task_queue: _,
        scheduled_time: _,
        started_time: _,
        poller_scaling_decision: _,
        poller_group_id: _,
        poller_group_infos: _,
        poller_groups_info: _,
    } = wire;
    let previous = "PollWorkflowTaskQueueResponse.previous_started_event_id";
    Ok(WorkflowTask {
        token: TaskToken(task_token),
        execution: workflow_execution
            .ok_or_else(|| Malformed::missing("PollWorkflowTaskQueueResponse.workflow_execution"))?
            .into(),
        workflow_type: workflow_type("PollWorkflowTaskQueueResponse.workflow_type", wire_type)?,
        previous_started: EventId::parse_optional(previous, previous_started_event_id)?,
        started: EventId::parse_optional("PollWorkflowTaskQueueResponse.started_event_id", started_event_id)?,
        attempt: attempt.max(1).cast_unsigned(),
        history: history(wire_history.unwrap_or_default())?,
        next_page: next_page_token,
        query: query.map(Query::from),
        queries: queries.into_iter().map(|(id, query)| (QueryId(id), query.into())).collect(),
        messages: messages.into_iter().map(Message::try_from).collect::<Result<_, _>>()?,
    })
}

#[expect(deprecated, reason = "naming every field makes a new one a compile error")]
fn read_activity_task(wire: PollActivityTaskQueueResponse) -> Result<ActivityTask, Malformed> {
    let PollActivityTaskQueueResponse {
        task_token,
        workflow_namespace,
        workflow_type,
        workflow_execution,
        activity_type: wire_type,
        activity_id,
        header: wire_header,
        input,
        heartbeat_details,
        scheduled_time,
        current_attempt_scheduled_time,
        started_time,
        attempt,
        schedule_to_close_timeout,
        start_to_close_timeout,
        heartbeat_timeout,
        retry_policy,
        // The extra has them.
        priority: _,
        activity_run_id: _,
        // How the queue does, not what the task is; pollers read it before they give the response away.
        poller_scaling_decision: _,
        poller_group_infos: _,
        poller_groups_info: _,
    } = wire;
    let scheduled = "PollActivityTaskQueueResponse.scheduled_time";
    let attempt_scheduled = "PollActivityTaskQueueResponse.current_attempt_scheduled_time";
    let schedule_to_close = "PollActivityTaskQueueResponse.schedule_to_close_timeout";
    let start_to_close = "PollActivityTaskQueueResponse.start_to_close_timeout";
    let heartbeat = "PollActivityTaskQueueResponse.heartbeat_timeout";
    Ok(ActivityTask {
        token: TaskToken(task_token),
        workflow_namespace: workflow_namespace.into(),
        // An activity that no workflow asked for has neither type nor ids of one.
        workflow_type: workflow_type.map(Into::into).unwrap_or_default(),
        execution: workflow_execution.map(Into::into).unwrap_or_default(),
        activity: required("PollActivityTaskQueueResponse.activity_id", activity_id)?,
        activity_type: activity_type("PollActivityTaskQueueResponse.activity_type", wire_type)?,
        input: input.map(payloads),
        header: wire_header.map(header),
        heartbeat_details: heartbeat_details.map(payloads),
        scheduled: optional_timestamp(scheduled, scheduled_time)?,
        attempt_scheduled: optional_timestamp(attempt_scheduled, current_attempt_scheduled_time)?,
        started: optional_timestamp("PollActivityTaskQueueResponse.started_time", started_time)?,
        attempt: attempt.max(1).cast_unsigned(),
        schedule_to_close: optional_duration(schedule_to_close, schedule_to_close_timeout)?,
        start_to_close: optional_duration(start_to_close, start_to_close_timeout)?,
        heartbeat: optional_duration(heartbeat, heartbeat_timeout)?,
        retry_policy: retry_policy.map(TryInto::try_into).transpose()?,
    })
}
