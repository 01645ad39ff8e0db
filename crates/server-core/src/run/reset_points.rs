//! From where a run can be reset: the first tasks that each build of its worker has completed.

use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, WorkflowTaskCompletedEventAttributes};
use perpetua_proto::workflow::{ResetPointInfo, ResetPoints};

use super::Run;
use crate::world::Cx;

/// How many points are known of earlier runs.
const POINTS: usize = 20;

impl Run {
    /// The first tasks that each build has completed.
    pub(crate) fn reset_points(&self) -> ResetPoints {
        let mut points: Vec<ResetPointInfo> = self.started().prev_auto_reset_points.clone().unwrap_or_default().points;
        for event in self.history.iter() {
            let Some(completed) = completed(&event) else { continue };
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

    /// The same, for the next run. It is known of each how long its run is kept.
    pub(super) fn reset_points_of_heir(&self, cx: &Cx<'_>) -> ResetPoints {
        let mut points = self.reset_points().points;
        let kept = cx.now.plus(cx.retention(&self.state.namespace)).to_wire();
        for point in points.iter_mut().filter(|point| point.run_id == self.state.run_id) {
            point.expire_time = Some(kept);
        }
        points.drain(..points.len().saturating_sub(POINTS));
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
