//! Lists and counts of workflows.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse =
        |world, request| world.list_workflows(&request);
    scan_workflow_executions(ScanWorkflowExecutionsRequest) -> ScanWorkflowExecutionsResponse =
        |world, request| world.scan_workflows(request);
    list_open_workflow_executions(ListOpenWorkflowExecutionsRequest) -> ListOpenWorkflowExecutionsResponse =
        |world, request| world.list_open_workflows(&request);
    list_closed_workflow_executions(ListClosedWorkflowExecutionsRequest) -> ListClosedWorkflowExecutionsResponse =
        |world, request| world.list_closed_workflows(&request);
    list_archived_workflow_executions(ListArchivedWorkflowExecutionsRequest)
        -> ListArchivedWorkflowExecutionsResponse = |world, request| world.list_archived_workflows(&request);
    count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse =
        |world, request| world.count_workflows(&request);
    get_search_attributes(GetSearchAttributesRequest) -> GetSearchAttributesResponse =
        |world, _| Ok(world.search_attributes());
}
