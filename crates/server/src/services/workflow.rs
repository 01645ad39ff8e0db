//! The workflow service: each method hands its request to the world.

use std::sync::Arc;

use perpetua_server_core::{Answer, CallId, Code, Refusal, Reply, World};
use tonic::Request;

use super::{patience, service};
use crate::engine::Engine;

/// Takes the reply that was asked for.
macro_rules! awaited {
    ($reply:expr, $kind:ident) => {
        match $reply? {
            Reply::$kind(response) => Ok(response),
            _ => Err(astray()),
        }
    };
}

/// Requests that are answered at once.
macro_rules! at_once {
    ($($name:ident($request:ident) -> $response:ident = $act:expr;)*) => {
        impl WorkflowApi {
            $(pub(in crate::services) async fn $name(&self, request: Request<$request>) -> Answer<$response> {
                self.now(request, $act).await
            })*
        }
    };
}

mod activity;
mod batch;
mod deployments;
mod immediate;
mod legacy;
mod nexus;
mod schedule;
mod task_queues;
mod time_skipping;
mod visibility;
mod waiting;
mod workers;

/// The workflow service.
#[derive(Clone, Debug)]
pub(crate) struct WorkflowApi(pub(crate) Arc<Engine>);

service! {
    "temporal.api.workflowservice.v1.WorkflowService", WorkflowApi:
    does {
        "RegisterNamespace" => register_namespace;
        "DescribeNamespace" => describe_namespace;
        "ListNamespaces" => list_namespaces;
        "StartWorkflowExecution" => start_workflow_execution;
        "ExecuteMultiOperation" => execute_multi_operation;
        "GetWorkflowExecutionHistory" => get_workflow_execution_history;
        "GetWorkflowExecutionHistoryReverse" => get_workflow_execution_history_reverse;
        "PollWorkflowTaskQueue" => poll_workflow_task_queue;
        "RespondWorkflowTaskCompleted" => respond_workflow_task_completed;
        "RespondWorkflowTaskFailed" => respond_workflow_task_failed;
        "PollActivityTaskQueue" => poll_activity_task_queue;
        "RecordActivityTaskHeartbeat" => record_activity_task_heartbeat;
        "RecordActivityTaskHeartbeatById" => record_activity_task_heartbeat_by_id;
        "RespondActivityTaskCompleted" => respond_activity_task_completed;
        "RespondActivityTaskCompletedById" => respond_activity_task_completed_by_id;
        "RespondActivityTaskFailed" => respond_activity_task_failed;
        "RespondActivityTaskFailedById" => respond_activity_task_failed_by_id;
        "RespondActivityTaskCanceled" => respond_activity_task_canceled;
        "RespondActivityTaskCanceledById" => respond_activity_task_canceled_by_id;
        "UpdateActivityOptions" => update_activity_options;
        "PauseActivity" => pause_activity;
        "UnpauseActivity" => unpause_activity;
        "ResetActivity" => reset_activity;
        "PauseActivityExecution" => pause_activity_execution;
        "ResetActivityExecution" => reset_activity_execution;
        "UnpauseActivityExecution" => unpause_activity_execution;
        "UpdateActivityExecutionOptions" => update_activity_execution_options;
        "StartActivityExecution" => start_activity_execution;
        "DescribeActivityExecution" => describe_activity_execution;
        "PollActivityExecution" => poll_activity_execution;
        "ListActivityExecutions" => list_activity_executions;
        "CountActivityExecutions" => count_activity_executions;
        "RequestCancelActivityExecution" => request_cancel_activity_execution;
        "TerminateActivityExecution" => terminate_activity_execution;
        "DeleteActivityExecution" => delete_activity_execution;
        "RequestCancelWorkflowExecution" => request_cancel_workflow_execution;
        "SignalWorkflowExecution" => signal_workflow_execution;
        "SignalWithStartWorkflowExecution" => signal_with_start_workflow_execution;
        "TerminateWorkflowExecution" => terminate_workflow_execution;
        "DeleteWorkflowExecution" => delete_workflow_execution;
        "RespondQueryTaskCompleted" => respond_query_task_completed;
        "ResetStickyTaskQueue" => reset_sticky_task_queue;
        "ShutdownWorker" => shutdown_worker;
        "QueryWorkflow" => query_workflow;
        "PauseWorkflowExecution" => pause_workflow_execution;
        "UnpauseWorkflowExecution" => unpause_workflow_execution;
        "UpdateWorkflowExecutionOptions" => update_workflow_execution_options;
        "DescribeWorkflowExecution" => describe_workflow_execution;
        "DescribeTaskQueue" => describe_task_queue;
        "GetClusterInfo" => get_cluster_info;
        "GetSystemInfo" => get_system_info;
        "UpdateWorkflowExecution" => update_workflow_execution;
        "PollWorkflowExecutionUpdate" => poll_workflow_execution_update;
        "ListWorkflowExecutions" => list_workflow_executions;
        "ScanWorkflowExecutions" => scan_workflow_executions;
        "ListOpenWorkflowExecutions" => list_open_workflow_executions;
        "ListClosedWorkflowExecutions" => list_closed_workflow_executions;
        "ListArchivedWorkflowExecutions" => list_archived_workflow_executions;
        "CountWorkflowExecutions" => count_workflow_executions;
        "GetSearchAttributes" => get_search_attributes;
        "CreateSchedule" => create_schedule;
        "DescribeSchedule" => describe_schedule;
        "UpdateSchedule" => update_schedule;
        "PatchSchedule" => patch_schedule;
        "ListScheduleMatchingTimes" => list_schedule_matching_times;
        "DeleteSchedule" => delete_schedule;
        "ListSchedules" => list_schedules;
        "CountSchedules" => count_schedules;
        "PollNexusTaskQueue" => poll_nexus_task_queue;
        "RespondNexusTaskCompleted" => respond_nexus_task_completed;
        "RespondNexusTaskFailed" => respond_nexus_task_failed;
        "ListTaskQueuePartitions" => list_task_queue_partitions;
        "UpdateTaskQueueConfig" => update_task_queue_config;
        "StartNexusOperationExecution" => start_nexus_operation_execution;
        "ListNexusOperationExecutions" => list_nexus_operation_executions;
        "CountNexusOperationExecutions" => count_nexus_operation_executions;
        "RequestCancelNexusOperationExecution" => request_cancel_nexus_operation_execution;
        "TerminateNexusOperationExecution" => terminate_nexus_operation_execution;
        "DeleteNexusOperationExecution" => delete_nexus_operation_execution;
        "DescribeNexusOperationExecution" => describe_nexus_operation_execution;
        "PollNexusOperationExecution" => poll_nexus_operation_execution;
        "ResetWorkflowExecution" => reset_workflow_execution;
        "RecordWorkerHeartbeat" => record_worker_heartbeat;
        "ListWorkers" => list_workers;
        "CountWorkers" => count_workers;
        "DescribeWorker" => describe_worker;
        "UpdateNamespace" => update_namespace;
        "DeprecateNamespace" => deprecate_namespace;
        "PollWorkflowExecutionTimeSkipping" => poll_workflow_execution_time_skipping;
        "DescribeWorkerDeploymentVersion" => describe_worker_deployment_version;
        "SetWorkerDeploymentCurrentVersion" => set_worker_deployment_current_version;
        "DescribeWorkerDeployment" => describe_worker_deployment;
        "DeleteWorkerDeployment" => delete_worker_deployment;
        "DeleteWorkerDeploymentVersion" => delete_worker_deployment_version;
        "SetWorkerDeploymentRampingVersion" => set_worker_deployment_ramping_version;
        "ListWorkerDeployments" => list_worker_deployments;
        "CreateWorkerDeployment" => create_worker_deployment;
        "CreateWorkerDeploymentVersion" => create_worker_deployment_version;
        "UpdateWorkerDeploymentVersionMetadata" => update_worker_deployment_version_metadata;
        "SetWorkerDeploymentManager" => set_worker_deployment_manager;
        "UpdateWorkerBuildIdCompatibility" => update_worker_build_id_compatibility;
        "GetWorkerBuildIdCompatibility" => get_worker_build_id_compatibility;
        "UpdateWorkerVersioningRules" => update_worker_versioning_rules;
        "GetWorkerVersioningRules" => get_worker_versioning_rules;
        "GetWorkerTaskReachability" => get_worker_task_reachability;
        "DescribeDeployment" => describe_deployment;
        "ListDeployments" => list_deployments;
        "GetDeploymentReachability" => get_deployment_reachability;
        "GetCurrentDeployment" => get_current_deployment;
        "SetCurrentDeployment" => set_current_deployment;
        "FetchWorkerConfig" => fetch_worker_config;
        "UpdateWorkerConfig" => update_worker_config;
        "StartBatchOperation" => start_batch_operation;
        "StopBatchOperation" => stop_batch_operation;
        "DescribeBatchOperation" => describe_batch_operation;
        "ListBatchOperations" => list_batch_operations;
    }
    refuses {
        "UpdateWorkerDeploymentVersionComputeConfig" => update_worker_deployment_version_compute_config;
        "ValidateWorkerDeploymentVersionComputeConfig" => validate_worker_deployment_version_compute_config;
        "CreateWorkflowRule" => create_workflow_rule;
        "DescribeWorkflowRule" => describe_workflow_rule;
        "DeleteWorkflowRule" => delete_workflow_rule;
        "ListWorkflowRules" => list_workflow_rules;
        "TriggerWorkflowRule" => trigger_workflow_rule;
    }
}

/// A reply of a kind that was not asked for.
fn astray() -> Refusal {
    Refusal::new(Code::Internal, "the world gave an answer to another question")
}

impl WorkflowApi {
    async fn now<T, R>(&self, request: Request<T>, act: impl FnOnce(&mut World, T) -> Answer<R>) -> Answer<R> {
        self.0.now(|world| act(world, request.into_inner())).await
    }

    async fn wait_for_task<T>(
        &self,
        request: Request<T>,
        ask: impl FnOnce(&mut World, CallId, T) -> Answer<()>,
    ) -> Answer<Reply> {
        let limit = patience::of_poll(request.metadata(), self.0.longest_poll())?;
        self.0.wait(limit, |world, call| ask(world, call, request.into_inner())).await
    }

    async fn wait<T>(
        &self,
        request: Request<T>,
        usual: std::time::Duration,
        ask: impl FnOnce(&mut World, CallId, T) -> Answer<()>,
    ) -> Answer<Reply> {
        let limit = patience::limit(request.metadata(), usual);
        self.0.wait(limit, |world, call| ask(world, call, request.into_inner())).await
    }
}
