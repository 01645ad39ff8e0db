//! The time of a workflow of its own.

use perpetua_proto::workflowservice::{
    PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse,
};
use perpetua_server_core::{Answer, Reply, World};
use tonic::Request;

use super::{WorkflowApi, astray, patience};

impl WorkflowApi {
    pub(super) async fn poll_workflow_execution_time_skipping(
        &self,
        request: Request<PollWorkflowExecutionTimeSkippingRequest>,
    ) -> Answer<PollWorkflowExecutionTimeSkippingResponse> {
        match self.wait(request, patience::NEWS, World::poll_time_skipping).await? {
            Reply::FastForward(response) => Ok(*response),
            _ => Err(astray()),
        }
    }
}
