//! Lists and counts of the Nexus operations that clients have started.

use std::collections::BTreeMap;

use perpetua_proto::enums::{IndexedValueType as Kind, NexusOperationExecutionStatus as Status};
use perpetua_proto::workflowservice::count_nexus_operation_executions_response::AggregationGroup;
use perpetua_proto::workflowservice::{
    CountNexusOperationExecutionsRequest, CountNexusOperationExecutionsResponse, ListNexusOperationExecutionsRequest,
    ListNexusOperationExecutionsResponse,
};

use super::list::status_payload;
use crate::World;
use crate::nexus::Standalone;
use crate::refusal::Answer;
use crate::visibility::{Page, Query, Schema};

/// What `ExecutionStatus` of an operation can be.
const STATUSES: [(&str, i32); 7] = [
    ("Unspecified", Status::Unspecified as i32),
    ("Running", Status::Running as i32),
    ("Completed", Status::Completed as i32),
    ("Failed", Status::Failed as i32),
    ("Canceled", Status::Canceled as i32),
    ("Terminated", Status::Terminated as i32),
    ("TimedOut", Status::TimedOut as i32),
];

/// Attributes that every operation has, with their types.
const KNOWN: [(&str, Kind); 12] = [
    ("OperationId", Kind::Keyword),
    ("RunId", Kind::Keyword),
    ("Endpoint", Kind::Keyword),
    ("Service", Kind::Keyword),
    ("Operation", Kind::Keyword),
    ("RequestId", Kind::Keyword),
    ("StartTime", Kind::Datetime),
    ("ExecutionTime", Kind::Datetime),
    ("CloseTime", Kind::Datetime),
    ("ExecutionStatus", Kind::Keyword),
    ("ExecutionDuration", Kind::Int),
    ("StateTransitionCount", Kind::Int),
];

impl World {
    /// Lists the operations that a query asks for.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_nexus_operations(
        &self,
        request: &ListNexusOperationExecutionsRequest,
    ) -> Answer<ListNexusOperationExecutionsResponse> {
        let mut wanted = self.wanted_operations(&request.namespace, &request.query)?.1;
        let page = Page::new(request.page_size, &request.next_page_token)?;
        wanted.sort_by_key(|operation| operation.place());
        let places = wanted.into_iter().map(|operation| (operation.place(), operation));
        let (operations, next_page_token) = page.fill(places, Standalone::listed);
        Ok(ListNexusOperationExecutionsResponse { operations, next_page_token })
    }

    /// Counts the operations that a query asks for, all of them or by status.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn count_nexus_operations(
        &self,
        request: &CountNexusOperationExecutionsRequest,
    ) -> Answer<CountNexusOperationExecutionsResponse> {
        let (query, wanted) = self.wanted_operations(&request.namespace, &request.query)?;
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for operation in wanted {
            let name = STATUSES.iter().find(|(_, number)| *number == operation.status).map_or("", |(name, _)| name);
            *counts.entry(name).or_default() += 1;
        }
        let group =
            |(name, count): (&&str, &i64)| AggregationGroup { group_values: vec![status_payload(name)], count: *count };
        let groups = if query.group_by.is_some() { counts.iter().map(group).collect() } else { Vec::new() };
        Ok(CountNexusOperationExecutionsResponse { count: counts.values().sum(), groups })
    }

    fn wanted_operations(&self, namespace: &str, query: &str) -> Answer<(Query, Vec<&Standalone>)> {
        let known = self.namespaces.check(namespace)?;
        let schema = Schema { system: &KNOWN, custom: &known.search_attributes, statuses: &STATUSES };
        let query = Query::parse(query, &schema)?;
        let all = self.nexus.operations.values().filter(|operation| operation.namespace == namespace);
        let wanted = all.filter(|operation| query.matches(*operation)).collect();
        Ok((query, wanted))
    }
}
