//! Resets of many workflows: where each begins again.

use perpetua_proto::batch::BatchOperationReset;
use perpetua_proto::common::reset_options::Target;
use perpetua_proto::common::{ResetOptions, WorkflowExecution};
use perpetua_proto::enums::{EventType, ResetType};
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::workflowservice::ResetWorkflowExecutionRequest;

use super::World;
use crate::refusal::{Answer, Refusal};

impl World {
    /// Resets a workflow to what a batch operation says.
    pub(super) fn reset_of_batch(
        &mut self,
        namespace: String,
        workflow_execution: Option<WorkflowExecution>,
        reason: String,
        reset: BatchOperationReset,
    ) -> Answer<()> {
        let number = self.find(&namespace, workflow_execution.as_ref())?;
        let old_type = reset.reset_type();
        let options = reset.options.clone().unwrap_or_else(|| ResetOptions {
            target: Some(match old_type {
                ResetType::LastWorkflowTask => Target::LastWorkflowTask(()),
                _ => Target::FirstWorkflowTask(()),
            }),
            reset_reapply_type: reset.reset_reapply_type,
            ..ResetOptions::default()
        });
        let events: Vec<HistoryEvent> = self.run(number).map(|run| run.history.iter().collect()).unwrap_or_default();
        let missing = || Refusal::invalid("the workflow has no workflow task to begin again at");
        let workflow_task_finish_event_id = match &options.target {
            Some(Target::WorkflowTaskId(id)) => *id,
            Some(Target::BuildId(build)) => first_of_build(&events, build).ok_or_else(missing)?,
            Some(Target::LastWorkflowTask(())) => finish(events.iter().rev()).ok_or_else(missing)?,
            Some(Target::FirstWorkflowTask(())) | None => finish(events.iter()).ok_or_else(missing)?,
        };
        let request_id = self.cx().uuid();
        let request = ResetWorkflowExecutionRequest {
            namespace,
            workflow_execution,
            reason,
            workflow_task_finish_event_id,
            request_id,
            reset_reapply_type: options.reset_reapply_type,
            reset_reapply_exclude_types: options.reset_reapply_exclude_types,
            post_reset_operations: reset.post_reset_operations,
            identity: reset.identity,
        };
        self.reset_workflow(request).map(drop)
    }
}

/// The event by which the first workflow task of these was completed, or would be if none was.
fn finish<'a>(events: impl Iterator<Item = &'a HistoryEvent>) -> Option<i64> {
    let mut scheduled = None;
    for event in events {
        match event.event_type() {
            EventType::WorkflowTaskCompleted => return Some(event.event_id),
            EventType::WorkflowTaskScheduled => scheduled = scheduled.or(Some(event.event_id + 1)),
            _ => {}
        }
    }
    scheduled
}

/// The event by which a worker of this build completed its first task.
fn first_of_build(events: &[HistoryEvent], build: &str) -> Option<i64> {
    let is_of_build = |event: &&HistoryEvent| match &event.attributes {
        Some(Attributes::WorkflowTaskCompletedEventAttributes(it)) => {
            let version = it.worker_version.as_ref().map(|version| version.build_id.as_str());
            let deployed = it.deployment_version.as_ref().map(|version| version.build_id.as_str());
            version == Some(build) || deployed == Some(build) || it.binary_checksum == build
        }
        _ => false,
    };
    events.iter().find(is_of_build).map(|event| event.event_id)
}
