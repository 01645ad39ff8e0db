//! The workflow service: each method hands its request to the world.

use std::sync::Arc;

use perpetua_proto::workflowservice::workflow_service_server::WorkflowService;
use perpetua_proto::workflowservice::*;
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
    WorkflowService, WorkflowApi:
    does {
        register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse
        describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse
        list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse
        start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse
        execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse
        get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse
        get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest) -> GetWorkflowExecutionHistoryReverseResponse
        poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse
        respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse
        respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse
        poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse
        record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse
        record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse
        respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse
        respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse
        respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse
        respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse
        respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse
        respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse
        update_activity_options(UpdateActivityOptionsRequest) -> UpdateActivityOptionsResponse
        pause_activity(PauseActivityRequest) -> PauseActivityResponse
        unpause_activity(UnpauseActivityRequest) -> UnpauseActivityResponse
        reset_activity(ResetActivityRequest) -> ResetActivityResponse
        pause_activity_execution(PauseActivityExecutionRequest) -> PauseActivityExecutionResponse
        reset_activity_execution(ResetActivityExecutionRequest) -> ResetActivityExecutionResponse
        unpause_activity_execution(UnpauseActivityExecutionRequest) -> UnpauseActivityExecutionResponse
        update_activity_execution_options(UpdateActivityExecutionOptionsRequest) -> UpdateActivityExecutionOptionsResponse
        start_activity_execution(StartActivityExecutionRequest) -> StartActivityExecutionResponse
        describe_activity_execution(DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse
        poll_activity_execution(PollActivityExecutionRequest) -> PollActivityExecutionResponse
        list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse
        count_activity_executions(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse
        request_cancel_activity_execution(RequestCancelActivityExecutionRequest) -> RequestCancelActivityExecutionResponse
        terminate_activity_execution(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse
        delete_activity_execution(DeleteActivityExecutionRequest) -> DeleteActivityExecutionResponse
        request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse
        signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse
        signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse
        terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse
        delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse
        respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse
        reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse
        shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse
        query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse
        pause_workflow_execution(PauseWorkflowExecutionRequest) -> PauseWorkflowExecutionResponse
        unpause_workflow_execution(UnpauseWorkflowExecutionRequest) -> UnpauseWorkflowExecutionResponse
        update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest) -> UpdateWorkflowExecutionOptionsResponse
        describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse
        describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse
        get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse
        get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse
        update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse
        poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse
        list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse
        scan_workflow_executions(ScanWorkflowExecutionsRequest) -> ScanWorkflowExecutionsResponse
        list_open_workflow_executions(ListOpenWorkflowExecutionsRequest) -> ListOpenWorkflowExecutionsResponse
        list_closed_workflow_executions(ListClosedWorkflowExecutionsRequest) -> ListClosedWorkflowExecutionsResponse
        list_archived_workflow_executions(ListArchivedWorkflowExecutionsRequest) -> ListArchivedWorkflowExecutionsResponse
        count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse
        get_search_attributes(GetSearchAttributesRequest) -> GetSearchAttributesResponse
        create_schedule(CreateScheduleRequest) -> CreateScheduleResponse
        describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse
        update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse
        patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse
        list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse
        delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse
        list_schedules(ListSchedulesRequest) -> ListSchedulesResponse
        count_schedules(CountSchedulesRequest) -> CountSchedulesResponse
        poll_nexus_task_queue(PollNexusTaskQueueRequest) -> PollNexusTaskQueueResponse
        respond_nexus_task_completed(RespondNexusTaskCompletedRequest) -> RespondNexusTaskCompletedResponse
        respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse
        list_task_queue_partitions(ListTaskQueuePartitionsRequest) -> ListTaskQueuePartitionsResponse
        update_task_queue_config(UpdateTaskQueueConfigRequest) -> UpdateTaskQueueConfigResponse
        start_nexus_operation_execution(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse
        list_nexus_operation_executions(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse
        count_nexus_operation_executions(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse
        request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest) -> RequestCancelNexusOperationExecutionResponse
        terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest) -> TerminateNexusOperationExecutionResponse
        delete_nexus_operation_execution(DeleteNexusOperationExecutionRequest) -> DeleteNexusOperationExecutionResponse
        describe_nexus_operation_execution(DescribeNexusOperationExecutionRequest) -> DescribeNexusOperationExecutionResponse
        poll_nexus_operation_execution(PollNexusOperationExecutionRequest) -> PollNexusOperationExecutionResponse
        reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse
        record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse
        list_workers(ListWorkersRequest) -> ListWorkersResponse
        count_workers(CountWorkersRequest) -> CountWorkersResponse
        describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse
        update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse
        deprecate_namespace(DeprecateNamespaceRequest) -> DeprecateNamespaceResponse
        poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest) -> PollWorkflowExecutionTimeSkippingResponse
        describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest) -> DescribeWorkerDeploymentVersionResponse
        set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest) -> SetWorkerDeploymentCurrentVersionResponse
        describe_worker_deployment(DescribeWorkerDeploymentRequest) -> DescribeWorkerDeploymentResponse
        delete_worker_deployment(DeleteWorkerDeploymentRequest) -> DeleteWorkerDeploymentResponse
        delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest) -> DeleteWorkerDeploymentVersionResponse
        set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest) -> SetWorkerDeploymentRampingVersionResponse
        list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse
        create_worker_deployment(CreateWorkerDeploymentRequest) -> CreateWorkerDeploymentResponse
        create_worker_deployment_version(CreateWorkerDeploymentVersionRequest) -> CreateWorkerDeploymentVersionResponse
        update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest) -> UpdateWorkerDeploymentVersionMetadataResponse
        set_worker_deployment_manager(SetWorkerDeploymentManagerRequest) -> SetWorkerDeploymentManagerResponse
        update_worker_build_id_compatibility(UpdateWorkerBuildIdCompatibilityRequest) -> UpdateWorkerBuildIdCompatibilityResponse
        get_worker_build_id_compatibility(GetWorkerBuildIdCompatibilityRequest) -> GetWorkerBuildIdCompatibilityResponse
        update_worker_versioning_rules(UpdateWorkerVersioningRulesRequest) -> UpdateWorkerVersioningRulesResponse
        get_worker_versioning_rules(GetWorkerVersioningRulesRequest) -> GetWorkerVersioningRulesResponse
        get_worker_task_reachability(GetWorkerTaskReachabilityRequest) -> GetWorkerTaskReachabilityResponse
        describe_deployment(DescribeDeploymentRequest) -> DescribeDeploymentResponse
        list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse
        get_deployment_reachability(GetDeploymentReachabilityRequest) -> GetDeploymentReachabilityResponse
        get_current_deployment(GetCurrentDeploymentRequest) -> GetCurrentDeploymentResponse
        set_current_deployment(SetCurrentDeploymentRequest) -> SetCurrentDeploymentResponse
        fetch_worker_config(FetchWorkerConfigRequest) -> FetchWorkerConfigResponse
        update_worker_config(UpdateWorkerConfigRequest) -> UpdateWorkerConfigResponse
        start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse
        stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse
        describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse
        list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse
    }
    refuses {
        update_worker_deployment_version_compute_config(UpdateWorkerDeploymentVersionComputeConfigRequest) -> UpdateWorkerDeploymentVersionComputeConfigResponse
        validate_worker_deployment_version_compute_config(ValidateWorkerDeploymentVersionComputeConfigRequest) -> ValidateWorkerDeploymentVersionComputeConfigResponse
        create_workflow_rule(CreateWorkflowRuleRequest) -> CreateWorkflowRuleResponse
        describe_workflow_rule(DescribeWorkflowRuleRequest) -> DescribeWorkflowRuleResponse
        delete_workflow_rule(DeleteWorkflowRuleRequest) -> DeleteWorkflowRuleResponse
        list_workflow_rules(ListWorkflowRulesRequest) -> ListWorkflowRulesResponse
        trigger_workflow_rule(TriggerWorkflowRuleRequest) -> TriggerWorkflowRuleResponse
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
