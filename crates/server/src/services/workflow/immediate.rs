//! Requests that are answered at once.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse =
        |world, request| world.start_workflow(request);
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest)
        -> SignalWithStartWorkflowExecutionResponse = |world, request| world.signal_with_start(request);
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse =
        |world, request| world.signal_workflow(request);
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest)
        -> RequestCancelWorkflowExecutionResponse =
        |world, request| world.request_cancel(request).map(|()| RequestCancelWorkflowExecutionResponse::default());
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse =
        |world, request| world.terminate_workflow(request).map(|()| TerminateWorkflowExecutionResponse::default());
    delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse =
        |world, request| world.delete_workflow(&request).map(|()| DeleteWorkflowExecutionResponse::default());
    reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse =
        |world, request| world.reset_workflow(request);
    pause_workflow_execution(PauseWorkflowExecutionRequest) -> PauseWorkflowExecutionResponse =
        |world, request| world.pause_workflow(request).map(|()| PauseWorkflowExecutionResponse::default());
    unpause_workflow_execution(UnpauseWorkflowExecutionRequest) -> UnpauseWorkflowExecutionResponse =
        |world, request| world.unpause_workflow(request).map(|()| UnpauseWorkflowExecutionResponse::default());
    update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest)
        -> UpdateWorkflowExecutionOptionsResponse = |world, request| world.update_workflow_options(request);
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse =
        |world, request| world.describe_workflow(&request);
    get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest)
        -> GetWorkflowExecutionHistoryReverseResponse = |world, request| world.history_reverse(&request);
    respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse =
        |world, request| world.respond_workflow_task_completed(request);
    respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse =
        |world, request| {
            world.respond_workflow_task_failed(request).map(|()| RespondWorkflowTaskFailedResponse::default())
        };
    respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse =
        |world, request| {
            world.respond_query_task_completed(request).map(|()| RespondQueryTaskCompletedResponse::default())
        };
    respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse =
        |world, request| {
            world.respond_activity_completed(request).map(|()| RespondActivityTaskCompletedResponse::default())
        };
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse =
        |world, request| {
            world.respond_activity_failed(request).map(|failures| RespondActivityTaskFailedResponse { failures })
        };
    respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse =
        |world, request| {
            world.respond_activity_canceled(request).map(|()| RespondActivityTaskCanceledResponse::default())
        };
    record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse =
        |world, request| world.heartbeat(request);
    respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest)
        -> RespondActivityTaskCompletedByIdResponse = |world, request| {
            let done = world.respond_activity_completed_by_id(request);
            done.map(|()| RespondActivityTaskCompletedByIdResponse::default())
        };
    respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest)
        -> RespondActivityTaskFailedByIdResponse = |world, request| {
            let done = world.respond_activity_failed_by_id(request);
            done.map(|failures| RespondActivityTaskFailedByIdResponse { failures })
        };
    respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest)
        -> RespondActivityTaskCanceledByIdResponse = |world, request| {
            let done = world.respond_activity_canceled_by_id(request);
            done.map(|()| RespondActivityTaskCanceledByIdResponse::default())
        };
    record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest)
        -> RecordActivityTaskHeartbeatByIdResponse = |world, request| {
            world.heartbeat_by_id(request).map(|it| RecordActivityTaskHeartbeatByIdResponse {
                cancel_requested: it.cancel_requested,
                activity_paused: it.activity_paused,
                activity_reset: it.activity_reset,
            })
        };
    reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse =
        |world, request| world.reset_sticky_task_queue(&request).map(|()| ResetStickyTaskQueueResponse::default());
    shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse =
        |world, request| world.shutdown_worker(&request).map(|()| ShutdownWorkerResponse::default());
    register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse =
        |world, request| world.register_namespace(request).map(|()| RegisterNamespaceResponse::default());
    describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse =
        |world, request| world.describe_namespace(&request);
    update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse =
        |world, request| world.update_namespace(request);
    deprecate_namespace(DeprecateNamespaceRequest) -> DeprecateNamespaceResponse =
        |world, request| world.deprecate_namespace(&request).map(|()| DeprecateNamespaceResponse::default());
    list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse =
        |world, request| Ok(world.list_namespaces(&request));
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse = |world, _| Ok(world.system_info());
    get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse = |world, _| Ok(world.cluster_info());
}
