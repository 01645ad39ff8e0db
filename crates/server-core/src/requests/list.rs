//! Lists of workflows by query, and counts.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_proto::common::Payload;
use perpetua_proto::enums::WorkflowExecutionStatus as Status;
use perpetua_proto::workflow::WorkflowExecutionInfo;
use perpetua_proto::workflowservice::count_workflow_executions_response::AggregationGroup;
use perpetua_proto::workflowservice::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, ListArchivedWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse, ScanWorkflowExecutionsRequest,
    ScanWorkflowExecutionsResponse,
};

use crate::World;
use crate::namespace::Namespace;
use crate::refusal::{Answer, Refusal};
use crate::search_attributes::KNOWN;
use crate::visibility::{Candidates, Page, Query, Schema, place};
use crate::world::{Glance, RunNumber};

/// What `ExecutionStatus` of a workflow can be.
pub(super) const STATUSES: [(&str, i32); 9] = [
    ("Unspecified", Status::Unspecified as i32),
    ("Running", Status::Running as i32),
    ("Completed", Status::Completed as i32),
    ("Failed", Status::Failed as i32),
    ("Canceled", Status::Canceled as i32),
    ("Terminated", Status::Terminated as i32),
    ("ContinuedAsNew", Status::ContinuedAsNew as i32),
    ("TimedOut", Status::TimedOut as i32),
    ("Paused", Status::Paused as i32),
];

/// The attribute that keeps what is no user's workflow out of lists.
const DIVISION: &str = "TemporalNamespaceDivision";

impl World {
    /// Lists the workflows that a query asks for.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_workflows(&self, request: &ListWorkflowExecutionsRequest) -> Answer<ListWorkflowExecutionsResponse> {
        let query = self.workflow_query(&request.namespace, &request.query)?;
        let page = Page::new(request.page_size, &request.next_page_token)?;
        let (executions, next_page_token) = self.page_of_workflows(&request.namespace, &query, &page);
        Ok(ListWorkflowExecutionsResponse { executions, next_page_token })
    }

    /// Lists the workflows that a query asks for, for callers of old.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn scan_workflows(&self, request: ScanWorkflowExecutionsRequest) -> Answer<ScanWorkflowExecutionsResponse> {
        let ScanWorkflowExecutionsRequest { namespace, page_size, next_page_token, query } = request;
        let request = ListWorkflowExecutionsRequest { namespace, page_size, next_page_token, query };
        let ListWorkflowExecutionsResponse { executions, next_page_token } = self.list_workflows(&request)?;
        Ok(ScanWorkflowExecutionsResponse { executions, next_page_token })
    }

    /// Says that nothing is archived.
    ///
    /// # Errors
    /// Always.
    pub fn list_archived_workflows<T>(&self, request: &ListArchivedWorkflowExecutionsRequest) -> Answer<T> {
        self.namespaces.check(&request.namespace)?;
        Err(Refusal::invalid("Cluster is not configured for visibility archival."))
    }

    /// Counts the workflows that a query asks for, all of them or by status.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn count_workflows(&self, request: &CountWorkflowExecutionsRequest) -> Answer<CountWorkflowExecutionsResponse> {
        let query = self.workflow_query(&request.namespace, &request.query)?;
        let mut counts: BTreeMap<i32, i64> = BTreeMap::new();
        for run in self.workflows(&request.namespace, &query, None) {
            *counts.entry(run.state.status).or_default() += 1;
        }
        let group = |(status, count): (&i32, &i64)| AggregationGroup {
            group_values: vec![status_payload(status_name(*status))],
            count: *count,
        };
        let groups = if query.group_by.is_some() { counts.iter().map(group).collect() } else { Vec::new() };
        Ok(CountWorkflowExecutionsResponse { count: counts.values().sum(), groups })
    }

    /// Reads a query for workflows.
    ///
    /// # Errors
    /// When there is no such namespace, or something is wrong with the query.
    pub(crate) fn workflow_query(&self, namespace: &str, text: &str) -> Answer<Query> {
        Query::parse(text, &workflow_schema(self.namespaces.check(namespace)?))
    }

    pub(super) fn page_of_workflows(
        &self,
        namespace: &str,
        query: &Query,
        page: &Page,
    ) -> (Vec<WorkflowExecutionInfo>, Bytes) {
        page.fill(self.workflows(namespace, query, Some(page)).map(|run| (place(&run), run)), |run| run.listed())
    }

    /// The workflows that a query asks for, in the order of the list, from a page on.
    pub(crate) fn workflows<'a>(
        &'a self,
        namespace: &str,
        query: &'a Query,
        page: Option<&Page>,
    ) -> Box<dyn Iterator<Item = Glance<'a>> + 'a> {
        let whole = query.speaks_of(DIVISION);
        let wanted = move |run: &Glance<'_>| {
            (whole || !run.state.search_attributes.contains_key(DIVISION)) && query.matches(&**run)
        };
        let run = |number: RunNumber| self.glance(number);
        match self.index.candidates(namespace, query, page) {
            Candidates::All(numbers) => Box::new(numbers.filter_map(run).filter(wanted)),
            Candidates::Some(numbers) => {
                let mut runs: Vec<Glance<'a>> = numbers.into_iter().filter_map(run).filter(wanted).collect();
                runs.sort_by_cached_key(|run| place(run));
                Box::new(runs.into_iter())
            }
        }
    }
}

/// What is known of workflows in a namespace.
fn workflow_schema(namespace: &Namespace) -> Schema<'_> {
    Schema { system: &KNOWN, custom: &namespace.search_attributes, statuses: &STATUSES }
}

fn status_name(status: i32) -> &'static str {
    STATUSES.iter().find(|(_, number)| *number == status).map_or("Unspecified", |(name, _)| name)
}

/// The name of a status, as counts show it.
pub(super) fn status_payload(name: &str) -> Payload {
    let metadata = [("encoding", "json/plain"), ("type", "Keyword")];
    Payload {
        metadata: metadata.map(|(key, value)| (key.to_owned(), Bytes::from_static(value.as_bytes()))).into(),
        data: format!("{name:?}").into(),
        ..Payload::default()
    }
}
