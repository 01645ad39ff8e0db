//! Text: ids, names, types.

use perpetua_proto::{common, taskqueue};

use crate::{ActivityType, Malformed, TaskQueue, WorkflowExecution, WorkflowType};

/// Text that must be there.
pub(super) fn required<T: From<String>>(field: &'static str, text: String) -> Result<T, Malformed> {
    if text.is_empty() { Err(Malformed::missing(field)) } else { Ok(text.into()) }
}

/// Text of which none and empty are the same.
pub(super) fn optional<T: From<String>>(text: String) -> Option<T> {
    if text.is_empty() { None } else { Some(text.into()) }
}

/// A workflow type that must be there.
pub(super) fn workflow_type(
    field: &'static str,
    wire: Option<common::WorkflowType>,
) -> Result<WorkflowType, Malformed> {
    let common::WorkflowType { name } = wire.ok_or_else(|| Malformed::missing(field))?;
    required(field, name)
}

/// An activity type that must be there.
pub(super) fn activity_type(
    field: &'static str,
    wire: Option<common::ActivityType>,
) -> Result<ActivityType, Malformed> {
    let common::ActivityType { name } = wire.ok_or_else(|| Malformed::missing(field))?;
    required(field, name)
}

/// A workflow and its run that must be there.
pub(super) fn execution(
    field: &'static str,
    wire: Option<common::WorkflowExecution>,
) -> Result<WorkflowExecution, Malformed> {
    Ok(wire.ok_or_else(|| Malformed::missing(field))?.into())
}

/// Takes the name out of a queue and leaves the rest, also whether there is a queue at all.
pub(super) fn take_task_queue(wire: &mut Option<taskqueue::TaskQueue>) -> TaskQueue {
    wire.as_mut().map(|wire| std::mem::take(&mut wire.name).into()).unwrap_or_default()
}

/// Puts the name back in.
pub(super) fn put_task_queue(wire: &mut Option<taskqueue::TaskQueue>, queue: TaskQueue) {
    match wire {
        Some(wire) => wire.name = queue.into_string(),
        None if queue.is_empty() => {}
        None => *wire = Some(queue.into()),
    }
}

impl From<common::WorkflowType> for WorkflowType {
    fn from(wire: common::WorkflowType) -> Self {
        let common::WorkflowType { name } = wire;
        name.into()
    }
}

impl From<WorkflowType> for common::WorkflowType {
    fn from(workflow_type: WorkflowType) -> Self {
        Self { name: workflow_type.into_string() }
    }
}

impl From<common::ActivityType> for ActivityType {
    fn from(wire: common::ActivityType) -> Self {
        let common::ActivityType { name } = wire;
        name.into()
    }
}

impl From<ActivityType> for common::ActivityType {
    fn from(activity_type: ActivityType) -> Self {
        Self { name: activity_type.into_string() }
    }
}

/// A normal queue, not a sticky one.
impl From<TaskQueue> for taskqueue::TaskQueue {
    fn from(queue: TaskQueue) -> Self {
        let kind = perpetua_proto::enums::TaskQueueKind::Normal.into();
        Self { name: queue.into_string(), kind, normal_name: String::new() }
    }
}

impl From<common::WorkflowExecution> for WorkflowExecution {
    fn from(wire: common::WorkflowExecution) -> Self {
        let common::WorkflowExecution { workflow_id, run_id } = wire;
        Self { workflow_id: workflow_id.into(), run_id: run_id.into() }
    }
}

impl From<WorkflowExecution> for common::WorkflowExecution {
    fn from(execution: WorkflowExecution) -> Self {
        let WorkflowExecution { workflow_id, run_id } = execution;
        Self { workflow_id: workflow_id.into_string(), run_id: run_id.into_string() }
    }
}
