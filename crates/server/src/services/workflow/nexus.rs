//! Nexus requests for workers, and their answers.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply, World};
use tonic::Request;

use super::{WorkflowApi, astray};

at_once! {
    respond_nexus_task_completed(RespondNexusTaskCompletedRequest) -> RespondNexusTaskCompletedResponse =
        |world, request| {
            world.respond_nexus_task_completed(request).map(|()| RespondNexusTaskCompletedResponse::default())
        };
    respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse =
        |world, request| world.respond_nexus_task_failed(request).map(|()| RespondNexusTaskFailedResponse::default());
}

impl WorkflowApi {
    pub(super) async fn poll_nexus_task_queue(
        &self,
        request: Request<PollNexusTaskQueueRequest>,
    ) -> Answer<PollNexusTaskQueueResponse> {
        let reply = self.wait_for_task(request, World::poll_nexus_task).await;
        awaited!(reply, NexusTask).map(|response| *response)
    }
}
