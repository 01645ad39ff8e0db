//! What is known of a workflow.

use perpetua_proto::common::{Memo, SearchAttributes, WorkflowExecution, WorkflowType};
use perpetua_proto::enums::PendingWorkflowTaskState;
use perpetua_proto::workflow::{
    PendingChildExecutionInfo, PendingWorkflowTaskInfo, WorkflowExecutionConfig, WorkflowExecutionExtendedInfo,
    WorkflowExecutionInfo,
};
use perpetua_proto::workflowservice::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse};

use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::run::Run;
use crate::time::{self, Time, shown};

/// How the wire has a time that is none: the first of January of the year 1.
const NO_TIME: perpetua_proto::protobuf::Timestamp =
    perpetua_proto::protobuf::Timestamp { seconds: -62_135_596_800, nanos: 0 };

impl World {
    /// Says what is known of a workflow.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn describe_workflow(
        &self,
        request: &DescribeWorkflowExecutionRequest,
    ) -> Answer<DescribeWorkflowExecutionResponse> {
        let number = self.find(&request.namespace, request.execution.as_ref())?;
        let run = self.run(number).ok_or_else(|| Refusal::not_found("workflow not found"))?;
        let started = run.started();
        Ok(DescribeWorkflowExecutionResponse {
            execution_config: Some(WorkflowExecutionConfig {
                task_queue: started.task_queue.clone(),
                workflow_execution_timeout: started.workflow_execution_timeout,
                workflow_run_timeout: started.workflow_run_timeout,
                default_workflow_task_timeout: started.workflow_task_timeout,
                user_metadata: run.history.get(1).and_then(|event| event.user_metadata.as_deref().cloned()),
            }),
            workflow_execution_info: Some(run.info()),
            pending_activities: run.pending_activities(),
            pending_children: run.pending_children(),
            pending_workflow_task: run.pending_task(),
            pending_nexus_operations: run.pending_operations(),
            callbacks: run.callback_infos(),
            workflow_extended_info: Some(WorkflowExecutionExtendedInfo {
                execution_expiration_time: shown(run.state.execution_deadline),
                run_expiration_time: shown(run.state.run_deadline).or(Some(NO_TIME)),
                cancel_requested: run.state.cancel_requested,
                time_skipping_info: run.skipping_info(self.now),
                original_start_time: Some(run.original_start_time().to_wire()),
                last_reset_time: shown(run.state.reset_time),
                reset_run_id: run.state.reset_run.clone(),
                request_id_infos: run.request_infos(),
                pause_info: run.state.pause.clone(),
            }),
        })
    }
}

impl Run {
    /// As lists and descriptions show it.
    pub(crate) fn info(&self) -> WorkflowExecutionInfo {
        let started = self.started();
        let close = time::stored(self.state.close_time);
        WorkflowExecutionInfo {
            execution: Some(self.execution()),
            r#type: Some(WorkflowType { name: self.workflow_type().to_owned() }),
            start_time: Some(self.start_time().to_wire()),
            close_time: close.map(Time::to_wire),
            status: self.state.status,
            history_length: self.history.next_id() - 1,
            parent_execution: started.parent_workflow_execution.clone(),
            execution_time: shown(self.state.execution_time),
            memo: Some(Memo { fields: self.state.memo.clone() }),
            search_attributes: Some(SearchAttributes { indexed_fields: self.state.search_attributes.clone() }),
            task_queue: self.task_queue().to_owned(),
            state_transition_count: self.state.transitions,
            history_size_bytes: self.state.history_bytes,
            execution_duration: close
                .map(|close| time::to_wire(close.since(Time::from_nanos(self.state.execution_time)))),
            root_execution: Some(self.root()),
            first_run_id: started.first_execution_run_id.clone(),
            auto_reset_points: Some(self.reset_points()),
            parent_namespace_id: started.parent_workflow_namespace_id.clone(),
            priority: self.state.priority.clone(),
            versioning_info: self.versioning_info(),
            worker_deployment_name: self.state.versioning.as_ref().map(|it| it.deployment.clone()).unwrap_or_default(),
            most_recent_worker_version_stamp: self.state.versioning.as_ref().and_then(|it| it.stamp.clone()),
            ..WorkflowExecutionInfo::default()
        }
    }

    /// The workflow that is nobody's child, above this one or this one itself.
    pub(crate) fn root(&self) -> WorkflowExecution {
        self.started().root_workflow_execution.clone().unwrap_or_else(|| self.execution())
    }

    fn pending_children(&self) -> Vec<PendingChildExecutionInfo> {
        use perpetua_proto::history::history_event::Attributes;
        self.state
            .children
            .iter()
            .filter_map(|(initiated, child)| match self.history.get(*initiated)?.attributes.as_ref()? {
                Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(asked) => {
                    Some(PendingChildExecutionInfo {
                        workflow_id: asked.workflow_id.clone(),
                        run_id: child.run_id.clone(),
                        workflow_type_name: asked.workflow_type.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
                        initiated_id: *initiated,
                        parent_close_policy: asked.parent_close_policy,
                    })
                }
                _ => None,
            })
            .collect()
    }

    fn pending_task(&self) -> Option<PendingWorkflowTaskInfo> {
        let task = self.state.task.as_ref()?;
        let state =
            if task.started != 0 { PendingWorkflowTaskState::Started } else { PendingWorkflowTaskState::Scheduled };
        Some(PendingWorkflowTaskInfo {
            state: state.into(),
            scheduled_time: shown(task.scheduled_time),
            original_scheduled_time: shown(task.original_scheduled_time),
            started_time: shown(task.started_time),
            attempt: task.attempt,
        })
    }
}
