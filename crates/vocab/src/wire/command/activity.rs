//! Activities.

use perpetua_proto::command as wire;

use super::{encode_queue_unless_empty, normal_queue, unsaid};
use crate::{
    Malformed, StartActivity,
    wire::{
        payload::{encode_header_unless_empty, encode_payloads_unless_empty, header, payloads},
        text::{activity_type, required},
        time::{encode_duration, optional_duration},
    },
};

pub(super) fn start_activity(wire: wire::ScheduleActivityTaskCommandAttributes) -> Result<StartActivity, Malformed> {
    let wire::ScheduleActivityTaskCommandAttributes {
        activity_id,
        activity_type: wire_type,
        task_queue,
        header: wire_header,
        input,
        schedule_to_close_timeout,
        schedule_to_start_timeout,
        start_to_close_timeout,
        heartbeat_timeout,
        retry_policy,
        // Whoever calls has read it.
        request_eager_execution: _,
        use_workflow_build_id,
        priority,
    } = wire;
    unsaid("ScheduleActivityTask.use_workflow_build_id", &use_workflow_build_id)?;
    let schedule_to_close = "ScheduleActivityTask.schedule_to_close_timeout";
    let schedule_to_start = "ScheduleActivityTask.schedule_to_start_timeout";
    let start_to_close = "ScheduleActivityTask.start_to_close_timeout";
    Ok(StartActivity {
        activity: required("ScheduleActivityTask.activity_id", activity_id)?,
        activity_type: activity_type("ScheduleActivityTask.activity_type", wire_type)?,
        task_queue: normal_queue("ScheduleActivityTask.task_queue", task_queue)?,
        input: input.map(payloads).unwrap_or_default(),
        header: wire_header.map(header).unwrap_or_default(),
        schedule_to_close: optional_duration(schedule_to_close, schedule_to_close_timeout)?,
        schedule_to_start: optional_duration(schedule_to_start, schedule_to_start_timeout)?,
        start_to_close: optional_duration(start_to_close, start_to_close_timeout)?,
        heartbeat: optional_duration("ScheduleActivityTask.heartbeat_timeout", heartbeat_timeout)?,
        retry_policy: retry_policy.map(TryInto::try_into).transpose()?,
        priority: priority.map(Into::into),
    })
}

pub(super) fn encode_start_activity(
    start: StartActivity,
    eagerly: bool,
) -> wire::ScheduleActivityTaskCommandAttributes {
    let StartActivity {
        activity,
        activity_type,
        task_queue,
        input,
        header,
        schedule_to_close,
        schedule_to_start,
        start_to_close,
        heartbeat,
        retry_policy,
        priority,
    } = start;
    wire::ScheduleActivityTaskCommandAttributes {
        activity_id: activity.into_string(),
        activity_type: Some(activity_type.into()),
        task_queue: encode_queue_unless_empty(task_queue),
        header: encode_header_unless_empty(header),
        input: encode_payloads_unless_empty(input),
        schedule_to_close_timeout: schedule_to_close.map(encode_duration),
        schedule_to_start_timeout: schedule_to_start.map(encode_duration),
        start_to_close_timeout: start_to_close.map(encode_duration),
        heartbeat_timeout: heartbeat.map(encode_duration),
        retry_policy: retry_policy.map(Into::into),
        request_eager_execution: eagerly,
        use_workflow_build_id: false,
        priority: priority.map(Into::into),
    }
}
