//! Requests whose answer may take until somebody does something.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply, World};
use tonic::Request;

use super::{WorkflowApi, astray};
use crate::services::patience;

impl WorkflowApi {
    pub(super) async fn poll_workflow_task_queue(
        &self,
        request: Request<PollWorkflowTaskQueueRequest>,
    ) -> Answer<PollWorkflowTaskQueueResponse> {
        let reply = self.wait_for_task(request, World::poll_workflow_task).await;
        awaited!(reply, WorkflowTask).map(|response| *response)
    }

    pub(super) async fn poll_activity_task_queue(
        &self,
        request: Request<PollActivityTaskQueueRequest>,
    ) -> Answer<PollActivityTaskQueueResponse> {
        let reply = self.wait_for_task(request, World::poll_activity_task).await;
        awaited!(reply, ActivityTask).map(|response| *response)
    }

    pub(super) async fn get_workflow_execution_history(
        &self,
        request: Request<GetWorkflowExecutionHistoryRequest>,
    ) -> Answer<GetWorkflowExecutionHistoryResponse> {
        let name = request.metadata().get("client-name").and_then(|name| name.to_str().ok());
        // Programs for people show what is stored; others want to know where the workflow is.
        let for_people = matches!(name, Some("temporal-cli" | "temporal-ui"));
        let ask = if for_people { World::history } else { World::history_with_task };
        awaited!(self.wait(request, patience::NEWS, ask).await, History)
    }

    pub(super) async fn query_workflow(&self, request: Request<QueryWorkflowRequest>) -> Answer<QueryWorkflowResponse> {
        awaited!(self.wait(request, patience::NEWS, World::query_workflow).await, Query)
    }

    pub(super) async fn update_workflow_execution(
        &self,
        request: Request<UpdateWorkflowExecutionRequest>,
    ) -> Answer<UpdateWorkflowExecutionResponse> {
        awaited!(self.wait(request, patience::NEWS, World::update_workflow).await, Update)
    }

    pub(super) async fn poll_workflow_execution_update(
        &self,
        request: Request<PollWorkflowExecutionUpdateRequest>,
    ) -> Answer<PollWorkflowExecutionUpdateResponse> {
        awaited!(self.wait(request, patience::NEWS, World::poll_update).await, PolledUpdate)
    }

    pub(super) async fn execute_multi_operation(
        &self,
        request: Request<ExecuteMultiOperationRequest>,
    ) -> Answer<ExecuteMultiOperationResponse> {
        use execute_multi_operation_response::{Response, response::Response as Part};
        match self.wait(request, patience::NEWS, World::execute_multi_operation).await? {
            Reply::StartedAndUpdated(start, update) => Ok(ExecuteMultiOperationResponse {
                responses: vec![
                    Response { response: Some(Part::StartWorkflow(*start)) },
                    Response { response: Some(Part::UpdateWorkflow(update)) },
                ],
            }),
            _ => Err(astray()),
        }
    }
}
