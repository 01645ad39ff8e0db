//! Lists of workflows from before there were queries: of open ones and of closed ones, by start, and by id, type or status.

use perpetua_proto::enums::WorkflowExecutionStatus as Status;
use perpetua_proto::filter::{StartTimeFilter, WorkflowExecutionFilter, WorkflowTypeFilter};
use perpetua_proto::workflowservice::list_closed_workflow_executions_request::Filters as ClosedFilters;
use perpetua_proto::workflowservice::list_open_workflow_executions_request::Filters as OpenFilters;
use perpetua_proto::workflowservice::{
    ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse, ListOpenWorkflowExecutionsRequest,
    ListOpenWorkflowExecutionsResponse,
};

use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::time::Time;
use crate::visibility::Page;

impl World {
    /// Lists open workflows.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_open_workflows(
        &self,
        request: &ListOpenWorkflowExecutionsRequest,
    ) -> Answer<ListOpenWorkflowExecutionsResponse> {
        self.namespaces.check(&request.namespace)?;
        let mut conditions = vec!["ExecutionStatus = 'Running'".to_owned()];
        conditions.extend(started(request.start_time_filter.as_ref())?);
        conditions.extend(request.filters.as_ref().map(|filter| match filter {
            OpenFilters::ExecutionFilter(filter) => of_id(filter),
            OpenFilters::TypeFilter(filter) => of_type(filter),
        }));
        let query = self.workflow_query(&request.namespace, &conditions.join(" AND "))?;
        let page = Page::new(request.maximum_page_size, &request.next_page_token)?;
        let (executions, next_page_token) = self.page_of_workflows(&request.namespace, &query, &page);
        Ok(ListOpenWorkflowExecutionsResponse { executions, next_page_token })
    }

    /// Lists closed workflows.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_closed_workflows(
        &self,
        request: &ListClosedWorkflowExecutionsRequest,
    ) -> Answer<ListClosedWorkflowExecutionsResponse> {
        self.namespaces.check(&request.namespace)?;
        let mut conditions = vec!["ExecutionStatus != 'Running'".to_owned()];
        conditions.extend(started(request.start_time_filter.as_ref())?);
        match &request.filters {
            None => {}
            Some(ClosedFilters::ExecutionFilter(filter)) => conditions.push(of_id(filter)),
            Some(ClosedFilters::TypeFilter(filter)) => conditions.push(of_type(filter)),
            Some(ClosedFilters::StatusFilter(filter)) => {
                if matches!(filter.status(), Status::Running) || filter.status == 0 {
                    return Err(Refusal::invalid("StatusFilter must be specified and must be not Running."));
                }
                conditions.push(format!("ExecutionStatus = {}", filter.status));
            }
        }
        let query = self.workflow_query(&request.namespace, &conditions.join(" AND "))?;
        let page = Page::new(request.maximum_page_size, &request.next_page_token)?;
        let (executions, next_page_token) = self.page_of_workflows(&request.namespace, &query, &page);
        Ok(ListClosedWorkflowExecutionsResponse { executions, next_page_token })
    }
}

fn started(filter: Option<&StartTimeFilter>) -> Answer<Option<String>> {
    let Some(filter) = filter else { return Ok(None) };
    let nanos = |time: Option<&perpetua_proto::protobuf::Timestamp>| time.map(|time| Time::from_wire(time).nanos());
    let earliest = nanos(filter.earliest_time.as_ref()).unwrap_or(0);
    let latest = nanos(filter.latest_time.as_ref()).unwrap_or(i64::MAX);
    if earliest > latest {
        return Err(Refusal::invalid("EarliestTime in StartTimeFilter should not be larger than LatestTime."));
    }
    Ok(Some(format!("StartTime BETWEEN {earliest} AND {latest}")))
}

fn of_id(filter: &WorkflowExecutionFilter) -> String {
    format!("WorkflowId = {}", quoted(&filter.workflow_id))
}

fn of_type(filter: &WorkflowTypeFilter) -> String {
    format!("WorkflowType = {}", quoted(&filter.name))
}

/// A text as queries write it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
