//! What a run is in a list.

use std::time::Duration;

use perpetua_proto::common::{Memo, SearchAttributes, WorkflowType};
use perpetua_proto::enums::IndexedValueType as Kind;
use perpetua_proto::protobuf::Timestamp;
use perpetua_proto::workflow::WorkflowExecutionInfo;

use super::Run;
use crate::search_attributes;
use crate::time::{self, Time, stored};
use crate::visibility::{Attributes, Value};

impl Run {
    /// As lists show it: times to the microsecond, and what only the end settles when it has come.
    pub(crate) fn listed(&self) -> WorkflowExecutionInfo {
        let started = self.started();
        let is_closed = !self.is_open();
        let shown = |nanos| stored(nanos).map(to_micros);
        WorkflowExecutionInfo {
            execution: Some(self.execution()),
            r#type: Some(WorkflowType { name: self.workflow_type().to_owned() }),
            start_time: shown(self.state.start_time),
            close_time: shown(self.state.close_time),
            status: self.state.status,
            history_length: if is_closed { self.history.next_id() - 1 } else { 0 },
            parent_execution: started.parent_workflow_execution.clone(),
            execution_time: shown(self.state.execution_time),
            memo: Some(Memo { fields: self.state.memo.clone() }),
            search_attributes: Some(SearchAttributes { indexed_fields: self.state.search_attributes.clone() }),
            task_queue: self.task_queue().to_owned(),
            state_transition_count: if is_closed { self.state.transitions } else { 0 },
            history_size_bytes: if is_closed { self.state.history_bytes } else { 0 },
            execution_duration: self.took().map(time::to_wire),
            root_execution: Some(self.root()),
            ..WorkflowExecutionInfo::default()
        }
    }

    /// How long it ran, when it has ended.
    fn took(&self) -> Option<Duration> {
        stored(self.state.close_time).map(|close| close.since(Time::from_nanos(self.state.execution_time)))
    }
}

fn to_micros(time: Time) -> Timestamp {
    Time::from_nanos(time.nanos() / 1000 * 1000).to_wire()
}

impl Attributes for Run {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        let started = self.started();
        let parent = started.parent_workflow_execution.as_ref();
        let root = started.root_workflow_execution.as_ref();
        let when_closed = |value: i64| (!self.is_open()).then_some(Value::Int(value));
        match name {
            "WorkflowId" => Value::text(&self.state.workflow_id),
            "RunId" => Value::text(&self.state.run_id),
            "WorkflowType" => Value::text(self.workflow_type()),
            "TaskQueue" => Value::text(self.task_queue()),
            "StartTime" => Value::time(self.state.start_time),
            "ExecutionTime" => Value::time(self.state.execution_time),
            "CloseTime" => Value::time(self.state.close_time),
            "ExecutionStatus" => Some(Value::Int(self.state.status.into())),
            "ExecutionDuration" => {
                self.took().map(|took| Value::Int(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX)))
            }
            "HistoryLength" => when_closed(self.history.next_id() - 1),
            "HistorySizeBytes" => when_closed(self.state.history_bytes),
            "StateTransitionCount" => when_closed(self.state.transitions),
            "ParentWorkflowId" => parent.and_then(|parent| Value::text(&parent.workflow_id)),
            "ParentRunId" => parent.and_then(|parent| Value::text(&parent.run_id)),
            "RootWorkflowId" => Value::text(root.map_or(&self.state.workflow_id, |root| &root.workflow_id)),
            "RootRunId" => Value::text(root.map_or(&self.state.run_id, |root| &root.run_id)),
            _ => {
                let payload = self.state.search_attributes.get(name)?;
                Value::of(payload, search_attributes::type_of(payload).unwrap_or(Kind::Unspecified))
            }
        }
    }
}
