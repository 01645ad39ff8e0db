//! What is done to activities.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

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
}
