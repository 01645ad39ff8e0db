//! Nexus requests for workers, and operations that clients start.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply, World};
use tonic::Request;

use super::{WorkflowApi, astray};
use crate::services::patience;

at_once! {
    respond_nexus_task_completed(RespondNexusTaskCompletedRequest) -> RespondNexusTaskCompletedResponse =
        |world, request| {
            world.respond_nexus_task_completed(request).map(|()| RespondNexusTaskCompletedResponse::default())
        };
    respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse =
        |world, request| world.respond_nexus_task_failed(request).map(|()| RespondNexusTaskFailedResponse::default());
    start_nexus_operation_execution(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse =
        |world, request| world.start_nexus_operation(request);
    list_nexus_operation_executions(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse =
        |world, request| world.list_nexus_operations(&request);
    count_nexus_operation_executions(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse =
        |world, request| world.count_nexus_operations(&request);
    request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest)
        -> RequestCancelNexusOperationExecutionResponse = |world, request| {
            let done = world.cancel_nexus_operation(request);
            done.map(|()| RequestCancelNexusOperationExecutionResponse::default())
        };
    terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest)
        -> TerminateNexusOperationExecutionResponse = |world, request| {
            let done = world.terminate_nexus_operation(&request);
            done.map(|()| TerminateNexusOperationExecutionResponse::default())
        };
    delete_nexus_operation_execution(DeleteNexusOperationExecutionRequest) -> DeleteNexusOperationExecutionResponse =
        |world, request| {
            world.delete_nexus_operation(&request).map(|()| DeleteNexusOperationExecutionResponse::default())
        };
}

impl WorkflowApi {
    pub(super) async fn poll_nexus_task_queue(
        &self,
        request: Request<PollNexusTaskQueueRequest>,
    ) -> Answer<PollNexusTaskQueueResponse> {
        let reply = self.wait_for_task(request, World::poll_nexus_task).await;
        awaited!(reply, NexusTask).map(|response| *response)
    }

    pub(super) async fn describe_nexus_operation_execution(
        &self,
        request: Request<DescribeNexusOperationExecutionRequest>,
    ) -> Answer<DescribeNexusOperationExecutionResponse> {
        let reply = self.wait(request, patience::NEWS, World::describe_nexus_operation).await;
        awaited!(reply, Operation).map(|response| *response)
    }

    pub(super) async fn poll_nexus_operation_execution(
        &self,
        request: Request<PollNexusOperationExecutionRequest>,
    ) -> Answer<PollNexusOperationExecutionResponse> {
        let reply = self.wait(request, patience::NEWS, World::poll_nexus_operation).await;
        awaited!(reply, PolledOperation).map(|response| *response)
    }
}
