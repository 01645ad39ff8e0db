//! The methods that can be called, one a line.

use perpetua_proto::{operatorservice, workflowservice};

use super::method::{Patience, Rpc};

macro_rules! methods {
    ($service:ident, $path:literal; $($name:ident: $request:ident => $response:ident, $patience:ident;)+) => {$(
        impl Rpc for $service::$request {
            type Response = $service::$response;
            const METHOD: &'static str = stringify!($name);
            const PATH: &'static str = concat!($path, stringify!($name));

            fn patience(&self) -> Patience {
                Patience::$patience
            }
        }
    )+};
}

/// Waits only where it is asked to.
impl Rpc for workflowservice::GetWorkflowExecutionHistoryRequest {
    type Response = workflowservice::GetWorkflowExecutionHistoryResponse;
    const METHOD: &'static str = "GetWorkflowExecutionHistory";
    const PATH: &'static str = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory";

    fn patience(&self) -> Patience {
        if self.wait_new_event { Patience::Long } else { Patience::Short }
    }
}

methods! { workflowservice, "/temporal.api.workflowservice.v1.WorkflowService/";
    CountActivityExecutions: CountActivityExecutionsRequest => CountActivityExecutionsResponse, Short;
    CountNexusOperationExecutions: CountNexusOperationExecutionsRequest => CountNexusOperationExecutionsResponse, Short;
    CountSchedules: CountSchedulesRequest => CountSchedulesResponse, Short;
    CountWorkers: CountWorkersRequest => CountWorkersResponse, Short;
    CountWorkflowExecutions: CountWorkflowExecutionsRequest => CountWorkflowExecutionsResponse, Short;
    CreateSchedule: CreateScheduleRequest => CreateScheduleResponse, Short;
    CreateWorkerDeployment: CreateWorkerDeploymentRequest => CreateWorkerDeploymentResponse, Short;
    CreateWorkerDeploymentVersion: CreateWorkerDeploymentVersionRequest => CreateWorkerDeploymentVersionResponse, Short;
    CreateWorkflowRule: CreateWorkflowRuleRequest => CreateWorkflowRuleResponse, Short;
    DeleteActivityExecution: DeleteActivityExecutionRequest => DeleteActivityExecutionResponse, Short;
    DeleteNexusOperationExecution: DeleteNexusOperationExecutionRequest => DeleteNexusOperationExecutionResponse, Short;
    DeleteSchedule: DeleteScheduleRequest => DeleteScheduleResponse, Short;
    DeleteWorkerDeployment: DeleteWorkerDeploymentRequest => DeleteWorkerDeploymentResponse, Short;
    DeleteWorkerDeploymentVersion: DeleteWorkerDeploymentVersionRequest => DeleteWorkerDeploymentVersionResponse, Short;
    DeleteWorkflowExecution: DeleteWorkflowExecutionRequest => DeleteWorkflowExecutionResponse, Short;
    DeleteWorkflowRule: DeleteWorkflowRuleRequest => DeleteWorkflowRuleResponse, Short;
    DeprecateNamespace: DeprecateNamespaceRequest => DeprecateNamespaceResponse, Short;
    DescribeActivityExecution: DescribeActivityExecutionRequest => DescribeActivityExecutionResponse, Short;
    DescribeBatchOperation: DescribeBatchOperationRequest => DescribeBatchOperationResponse, Short;
    DescribeDeployment: DescribeDeploymentRequest => DescribeDeploymentResponse, Short;
    DescribeNamespace: DescribeNamespaceRequest => DescribeNamespaceResponse, Short;
    DescribeNexusOperationExecution: DescribeNexusOperationExecutionRequest => DescribeNexusOperationExecutionResponse, Short;
    DescribeSchedule: DescribeScheduleRequest => DescribeScheduleResponse, Short;
    DescribeTaskQueue: DescribeTaskQueueRequest => DescribeTaskQueueResponse, Short;
    DescribeWorker: DescribeWorkerRequest => DescribeWorkerResponse, Short;
    DescribeWorkerDeployment: DescribeWorkerDeploymentRequest => DescribeWorkerDeploymentResponse, Short;
    DescribeWorkerDeploymentVersion: DescribeWorkerDeploymentVersionRequest => DescribeWorkerDeploymentVersionResponse, Short;
    DescribeWorkflowExecution: DescribeWorkflowExecutionRequest => DescribeWorkflowExecutionResponse, Short;
    DescribeWorkflowRule: DescribeWorkflowRuleRequest => DescribeWorkflowRuleResponse, Short;
    ExecuteMultiOperation: ExecuteMultiOperationRequest => ExecuteMultiOperationResponse, Long;
    FetchWorkerConfig: FetchWorkerConfigRequest => FetchWorkerConfigResponse, Short;
    GetClusterInfo: GetClusterInfoRequest => GetClusterInfoResponse, Short;
    GetCurrentDeployment: GetCurrentDeploymentRequest => GetCurrentDeploymentResponse, Short;
    GetDeploymentReachability: GetDeploymentReachabilityRequest => GetDeploymentReachabilityResponse, Short;
    GetSearchAttributes: GetSearchAttributesRequest => GetSearchAttributesResponse, Short;
    GetSystemInfo: GetSystemInfoRequest => GetSystemInfoResponse, Short;
    GetWorkerBuildIdCompatibility: GetWorkerBuildIdCompatibilityRequest => GetWorkerBuildIdCompatibilityResponse, Short;
    GetWorkerTaskReachability: GetWorkerTaskReachabilityRequest => GetWorkerTaskReachabilityResponse, Short;
    GetWorkerVersioningRules: GetWorkerVersioningRulesRequest => GetWorkerVersioningRulesResponse, Short;
    GetWorkflowExecutionHistoryReverse: GetWorkflowExecutionHistoryReverseRequest => GetWorkflowExecutionHistoryReverseResponse, Short;
    ListActivityExecutions: ListActivityExecutionsRequest => ListActivityExecutionsResponse, Short;
    ListArchivedWorkflowExecutions: ListArchivedWorkflowExecutionsRequest => ListArchivedWorkflowExecutionsResponse, Short;
    ListBatchOperations: ListBatchOperationsRequest => ListBatchOperationsResponse, Short;
    ListClosedWorkflowExecutions: ListClosedWorkflowExecutionsRequest => ListClosedWorkflowExecutionsResponse, Short;
    ListDeployments: ListDeploymentsRequest => ListDeploymentsResponse, Short;
    ListNamespaces: ListNamespacesRequest => ListNamespacesResponse, Short;
    ListNexusOperationExecutions: ListNexusOperationExecutionsRequest => ListNexusOperationExecutionsResponse, Short;
    ListOpenWorkflowExecutions: ListOpenWorkflowExecutionsRequest => ListOpenWorkflowExecutionsResponse, Short;
    ListScheduleMatchingTimes: ListScheduleMatchingTimesRequest => ListScheduleMatchingTimesResponse, Short;
    ListSchedules: ListSchedulesRequest => ListSchedulesResponse, Short;
    ListTaskQueuePartitions: ListTaskQueuePartitionsRequest => ListTaskQueuePartitionsResponse, Short;
    ListWorkerDeployments: ListWorkerDeploymentsRequest => ListWorkerDeploymentsResponse, Short;
    ListWorkers: ListWorkersRequest => ListWorkersResponse, Short;
    ListWorkflowExecutions: ListWorkflowExecutionsRequest => ListWorkflowExecutionsResponse, Short;
    ListWorkflowRules: ListWorkflowRulesRequest => ListWorkflowRulesResponse, Short;
    PatchSchedule: PatchScheduleRequest => PatchScheduleResponse, Short;
    PauseActivity: PauseActivityRequest => PauseActivityResponse, Short;
    PauseActivityExecution: PauseActivityExecutionRequest => PauseActivityExecutionResponse, Short;
    PauseWorkflowExecution: PauseWorkflowExecutionRequest => PauseWorkflowExecutionResponse, Short;
    PollActivityExecution: PollActivityExecutionRequest => PollActivityExecutionResponse, Long;
    PollActivityTaskQueue: PollActivityTaskQueueRequest => PollActivityTaskQueueResponse, Long;
    PollNexusOperationExecution: PollNexusOperationExecutionRequest => PollNexusOperationExecutionResponse, Long;
    PollNexusTaskQueue: PollNexusTaskQueueRequest => PollNexusTaskQueueResponse, Long;
    PollWorkflowExecutionTimeSkipping: PollWorkflowExecutionTimeSkippingRequest => PollWorkflowExecutionTimeSkippingResponse, Long;
    PollWorkflowExecutionUpdate: PollWorkflowExecutionUpdateRequest => PollWorkflowExecutionUpdateResponse, Long;
    PollWorkflowTaskQueue: PollWorkflowTaskQueueRequest => PollWorkflowTaskQueueResponse, Long;
    QueryWorkflow: QueryWorkflowRequest => QueryWorkflowResponse, Short;
    RecordActivityTaskHeartbeat: RecordActivityTaskHeartbeatRequest => RecordActivityTaskHeartbeatResponse, Short;
    RecordActivityTaskHeartbeatById: RecordActivityTaskHeartbeatByIdRequest => RecordActivityTaskHeartbeatByIdResponse, Short;
    RecordWorkerHeartbeat: RecordWorkerHeartbeatRequest => RecordWorkerHeartbeatResponse, Short;
    RegisterNamespace: RegisterNamespaceRequest => RegisterNamespaceResponse, Short;
    RequestCancelActivityExecution: RequestCancelActivityExecutionRequest => RequestCancelActivityExecutionResponse, Short;
    RequestCancelNexusOperationExecution: RequestCancelNexusOperationExecutionRequest => RequestCancelNexusOperationExecutionResponse, Short;
    RequestCancelWorkflowExecution: RequestCancelWorkflowExecutionRequest => RequestCancelWorkflowExecutionResponse, Short;
    ResetActivity: ResetActivityRequest => ResetActivityResponse, Short;
    ResetActivityExecution: ResetActivityExecutionRequest => ResetActivityExecutionResponse, Short;
    ResetStickyTaskQueue: ResetStickyTaskQueueRequest => ResetStickyTaskQueueResponse, Short;
    ResetWorkflowExecution: ResetWorkflowExecutionRequest => ResetWorkflowExecutionResponse, Short;
    RespondActivityTaskCanceled: RespondActivityTaskCanceledRequest => RespondActivityTaskCanceledResponse, Short;
    RespondActivityTaskCanceledById: RespondActivityTaskCanceledByIdRequest => RespondActivityTaskCanceledByIdResponse, Short;
    RespondActivityTaskCompleted: RespondActivityTaskCompletedRequest => RespondActivityTaskCompletedResponse, Short;
    RespondActivityTaskCompletedById: RespondActivityTaskCompletedByIdRequest => RespondActivityTaskCompletedByIdResponse, Short;
    RespondActivityTaskFailed: RespondActivityTaskFailedRequest => RespondActivityTaskFailedResponse, Short;
    RespondActivityTaskFailedById: RespondActivityTaskFailedByIdRequest => RespondActivityTaskFailedByIdResponse, Short;
    RespondNexusTaskCompleted: RespondNexusTaskCompletedRequest => RespondNexusTaskCompletedResponse, Short;
    RespondNexusTaskFailed: RespondNexusTaskFailedRequest => RespondNexusTaskFailedResponse, Short;
    RespondQueryTaskCompleted: RespondQueryTaskCompletedRequest => RespondQueryTaskCompletedResponse, Short;
    RespondWorkflowTaskCompleted: RespondWorkflowTaskCompletedRequest => RespondWorkflowTaskCompletedResponse, Short;
    RespondWorkflowTaskFailed: RespondWorkflowTaskFailedRequest => RespondWorkflowTaskFailedResponse, Short;
    ScanWorkflowExecutions: ScanWorkflowExecutionsRequest => ScanWorkflowExecutionsResponse, Short;
    SetCurrentDeployment: SetCurrentDeploymentRequest => SetCurrentDeploymentResponse, Short;
    SetWorkerDeploymentCurrentVersion: SetWorkerDeploymentCurrentVersionRequest => SetWorkerDeploymentCurrentVersionResponse, Short;
    SetWorkerDeploymentManager: SetWorkerDeploymentManagerRequest => SetWorkerDeploymentManagerResponse, Short;
    SetWorkerDeploymentRampingVersion: SetWorkerDeploymentRampingVersionRequest => SetWorkerDeploymentRampingVersionResponse, Short;
    ShutdownWorker: ShutdownWorkerRequest => ShutdownWorkerResponse, Short;
    SignalWithStartWorkflowExecution: SignalWithStartWorkflowExecutionRequest => SignalWithStartWorkflowExecutionResponse, Short;
    SignalWorkflowExecution: SignalWorkflowExecutionRequest => SignalWorkflowExecutionResponse, Short;
    StartActivityExecution: StartActivityExecutionRequest => StartActivityExecutionResponse, Short;
    StartBatchOperation: StartBatchOperationRequest => StartBatchOperationResponse, Short;
    StartNexusOperationExecution: StartNexusOperationExecutionRequest => StartNexusOperationExecutionResponse, Short;
    StartWorkflowExecution: StartWorkflowExecutionRequest => StartWorkflowExecutionResponse, Short;
    StopBatchOperation: StopBatchOperationRequest => StopBatchOperationResponse, Short;
    TerminateActivityExecution: TerminateActivityExecutionRequest => TerminateActivityExecutionResponse, Short;
    TerminateNexusOperationExecution: TerminateNexusOperationExecutionRequest => TerminateNexusOperationExecutionResponse, Short;
    TerminateWorkflowExecution: TerminateWorkflowExecutionRequest => TerminateWorkflowExecutionResponse, Short;
    TriggerWorkflowRule: TriggerWorkflowRuleRequest => TriggerWorkflowRuleResponse, Short;
    UnpauseActivity: UnpauseActivityRequest => UnpauseActivityResponse, Short;
    UnpauseActivityExecution: UnpauseActivityExecutionRequest => UnpauseActivityExecutionResponse, Short;
    UnpauseWorkflowExecution: UnpauseWorkflowExecutionRequest => UnpauseWorkflowExecutionResponse, Short;
    UpdateActivityExecutionOptions: UpdateActivityExecutionOptionsRequest => UpdateActivityExecutionOptionsResponse, Short;
    UpdateActivityOptions: UpdateActivityOptionsRequest => UpdateActivityOptionsResponse, Short;
    UpdateNamespace: UpdateNamespaceRequest => UpdateNamespaceResponse, Short;
    UpdateSchedule: UpdateScheduleRequest => UpdateScheduleResponse, Short;
    UpdateTaskQueueConfig: UpdateTaskQueueConfigRequest => UpdateTaskQueueConfigResponse, Short;
    UpdateWorkerBuildIdCompatibility: UpdateWorkerBuildIdCompatibilityRequest => UpdateWorkerBuildIdCompatibilityResponse, Short;
    UpdateWorkerConfig: UpdateWorkerConfigRequest => UpdateWorkerConfigResponse, Short;
    UpdateWorkerDeploymentVersionComputeConfig: UpdateWorkerDeploymentVersionComputeConfigRequest => UpdateWorkerDeploymentVersionComputeConfigResponse, Short;
    UpdateWorkerDeploymentVersionMetadata: UpdateWorkerDeploymentVersionMetadataRequest => UpdateWorkerDeploymentVersionMetadataResponse, Short;
    UpdateWorkerVersioningRules: UpdateWorkerVersioningRulesRequest => UpdateWorkerVersioningRulesResponse, Short;
    UpdateWorkflowExecution: UpdateWorkflowExecutionRequest => UpdateWorkflowExecutionResponse, Long;
    UpdateWorkflowExecutionOptions: UpdateWorkflowExecutionOptionsRequest => UpdateWorkflowExecutionOptionsResponse, Short;
    ValidateWorkerDeploymentVersionComputeConfig: ValidateWorkerDeploymentVersionComputeConfigRequest => ValidateWorkerDeploymentVersionComputeConfigResponse, Short;
}

methods! { operatorservice, "/temporal.api.operatorservice.v1.OperatorService/";
    AddOrUpdateRemoteCluster: AddOrUpdateRemoteClusterRequest => AddOrUpdateRemoteClusterResponse, Short;
    AddSearchAttributes: AddSearchAttributesRequest => AddSearchAttributesResponse, Short;
    CreateNexusEndpoint: CreateNexusEndpointRequest => CreateNexusEndpointResponse, Short;
    DeleteNamespace: DeleteNamespaceRequest => DeleteNamespaceResponse, Short;
    DeleteNexusEndpoint: DeleteNexusEndpointRequest => DeleteNexusEndpointResponse, Short;
    GetNexusEndpoint: GetNexusEndpointRequest => GetNexusEndpointResponse, Short;
    ListClusters: ListClustersRequest => ListClustersResponse, Short;
    ListNexusEndpoints: ListNexusEndpointsRequest => ListNexusEndpointsResponse, Short;
    ListSearchAttributes: ListSearchAttributesRequest => ListSearchAttributesResponse, Short;
    RemoveRemoteCluster: RemoveRemoteClusterRequest => RemoveRemoteClusterResponse, Short;
    RemoveSearchAttributes: RemoveSearchAttributesRequest => RemoveSearchAttributesResponse, Short;
    UpdateNexusEndpoint: UpdateNexusEndpointRequest => UpdateNexusEndpointResponse, Short;
}
