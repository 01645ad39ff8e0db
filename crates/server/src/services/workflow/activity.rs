//! What is done to activities.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply, World};
use tonic::Request;

use super::{WorkflowApi, astray};
use crate::services::patience;

at_once! {
    pause_activity(PauseActivityRequest) -> PauseActivityResponse =
        |world, request| world.pause_activity(request).map(|()| PauseActivityResponse {});
    unpause_activity(UnpauseActivityRequest) -> UnpauseActivityResponse =
        |world, request| world.unpause_activity(&request).map(|()| UnpauseActivityResponse {});
    reset_activity(ResetActivityRequest) -> ResetActivityResponse =
        |world, request| world.reset_activity(&request).map(|()| ResetActivityResponse {});
    update_activity_options(UpdateActivityOptionsRequest) -> UpdateActivityOptionsResponse =
        |world, request| world.update_activity_options(request);
    pause_activity_execution(PauseActivityExecutionRequest) -> PauseActivityExecutionResponse =
        |world, request| world.pause_activity_execution(request).map(|()| PauseActivityExecutionResponse {});
    unpause_activity_execution(UnpauseActivityExecutionRequest) -> UnpauseActivityExecutionResponse =
        |world, request| world.unpause_activity_execution(&request).map(|()| UnpauseActivityExecutionResponse {});
    reset_activity_execution(ResetActivityExecutionRequest) -> ResetActivityExecutionResponse =
        |world, request| world.reset_activity_execution(&request).map(|()| ResetActivityExecutionResponse {});
    update_activity_execution_options(UpdateActivityExecutionOptionsRequest)
        -> UpdateActivityExecutionOptionsResponse = |world, request| world.update_activity_execution_options(request);
    start_activity_execution(StartActivityExecutionRequest) -> StartActivityExecutionResponse =
        |world, request| world.start_activity(request);
    list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse =
        |world, request| world.list_activities(&request);
    count_activity_executions(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse =
        |world, request| world.count_activities(&request);
    request_cancel_activity_execution(RequestCancelActivityExecutionRequest)
        -> RequestCancelActivityExecutionResponse = |world, request| {
            world.cancel_activity_execution(request).map(|()| RequestCancelActivityExecutionResponse {})
        };
    terminate_activity_execution(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse =
        |world, request| world.terminate_activity(request).map(|()| TerminateActivityExecutionResponse {});
    delete_activity_execution(DeleteActivityExecutionRequest) -> DeleteActivityExecutionResponse =
        |world, request| world.delete_activity(&request).map(|()| DeleteActivityExecutionResponse {});
}

impl WorkflowApi {
    pub(super) async fn describe_activity_execution(
        &self,
        request: Request<DescribeActivityExecutionRequest>,
    ) -> Answer<DescribeActivityExecutionResponse> {
        let reply = self.wait(request, patience::NEWS, World::describe_activity).await;
        awaited!(reply, Activity).map(|response| *response)
    }

    pub(super) async fn poll_activity_execution(
        &self,
        request: Request<PollActivityExecutionRequest>,
    ) -> Answer<PollActivityExecutionResponse> {
        let reply = self.wait(request, patience::NEWS, World::poll_activity).await;
        awaited!(reply, ActivityOutcome).map(|response| *response)
    }
}
