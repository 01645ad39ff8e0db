//! From where a run can be reset: the first tasks that each build of its worker has completed.

use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, WorkflowTaskCompletedEventAttributes};
use perpetua_proto::workflow::{ResetPointInfo, ResetPoints};

use super::Run;

impl Run {
    /// The first tasks that each build has completed.
    pub(crate) fn reset_points(&self) -> ResetPoints {
        let mut points: Vec<ResetPointInfo> = Vec::new();
        for event in self.history.events() {
            let Some(completed) = completed(event) else { continue };
            let (checksum, build) = (&completed.binary_checksum, build(completed));
            if points.iter().any(|point| point.binary_checksum == *checksum && point.build_id == build) {
                continue;
            }
            points.push(ResetPointInfo {
                build_id: build.to_owned(),
                binary_checksum: checksum.clone(),
                run_id: self.state.run_id.clone(),
                first_workflow_task_completed_id: event.event_id,
                create_time: event.event_time,
                resettable: true,
                ..ResetPointInfo::default()
            });
        }
        ResetPoints { points }
    }
}

fn completed(event: &HistoryEvent) -> Option<&WorkflowTaskCompletedEventAttributes> {
    match event.attributes.as_ref()? {
        Attributes::WorkflowTaskCompletedEventAttributes(it) => Some(it),
        _ => None,
    }
}

fn build(completed: &WorkflowTaskCompletedEventAttributes) -> &str {
    completed.worker_version.as_ref().map_or("", |version| &version.build_id)
}
