//! Lists and counts of the activities that clients have started.

use std::collections::BTreeMap;

use perpetua_proto::enums::{ActivityExecutionStatus as Status, IndexedValueType as Kind};
use perpetua_proto::workflowservice::count_activity_executions_response::AggregationGroup;
use perpetua_proto::workflowservice::{
    CountActivityExecutionsRequest, CountActivityExecutionsResponse, ListActivityExecutionsRequest,
    ListActivityExecutionsResponse,
};

use super::list::status_payload;
use crate::World;
use crate::activity::Activity;
use crate::refusal::Answer;
use crate::search_attributes::KNOWN;
use crate::visibility::{Attributes, Page, Query, Schema, Value};

/// What `ExecutionStatus` of an activity can be.
const STATUSES: [(&str, i32); 8] = [
    ("Unspecified", Status::Unspecified as i32),
    ("Running", Status::Running as i32),
    ("Completed", Status::Completed as i32),
    ("Failed", Status::Failed as i32),
    ("Canceled", Status::Canceled as i32),
    ("Terminated", Status::Terminated as i32),
    ("TimedOut", Status::TimedOut as i32),
    ("Paused", Status::Paused as i32),
];

impl World {
    /// Lists the activities that a query asks for.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_activities(&self, request: &ListActivityExecutionsRequest) -> Answer<ListActivityExecutionsResponse> {
        let mut wanted = self.wanted_activities(&request.namespace, &request.query)?.1;
        let page = Page::new(request.page_size, &request.next_page_token)?;
        wanted.sort_by_cached_key(|activity| activity.place());
        let places = wanted.into_iter().map(|activity| (activity.place(), activity));
        let (executions, next_page_token) = page.fill(places, Activity::listed);
        Ok(ListActivityExecutionsResponse { executions, next_page_token })
    }

    /// Counts the activities that a query asks for, all of them or by status.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn count_activities(
        &self,
        request: &CountActivityExecutionsRequest,
    ) -> Answer<CountActivityExecutionsResponse> {
        let (query, wanted) = self.wanted_activities(&request.namespace, &request.query)?;
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for activity in wanted {
            let Some(Value::Int(status)) = activity.value("ExecutionStatus") else { continue };
            let name = STATUSES.iter().find(|(_, number)| i64::from(*number) == status).map_or("", |(name, _)| name);
            *counts.entry(name).or_default() += 1;
        }
        let group =
            |(name, count): (&&str, &i64)| AggregationGroup { group_values: vec![status_payload(name)], count: *count };
        let groups = if query.group_by.is_some() { counts.iter().map(group).collect() } else { Vec::new() };
        Ok(CountActivityExecutionsResponse { count: counts.values().sum(), groups })
    }

    /// The activities that a query asks for, in no order.
    ///
    /// # Errors
    /// When there is no such namespace, or something is wrong with the query.
    pub(crate) fn wanted_activities<'a>(
        &'a self,
        namespace: &'a str,
        query: &str,
    ) -> Answer<(Query, Vec<&'a Activity>)> {
        let custom = &self.namespaces.check(namespace)?.search_attributes;
        let mut system = KNOWN.to_vec();
        system.extend([("ActivityId", Kind::Keyword), ("ActivityType", Kind::Keyword)]);
        let query = Query::parse(query, &Schema { system: &system, custom, statuses: &STATUSES })?;
        let all = self.activities.shelf.values().filter(|activity| activity.namespace == namespace);
        let wanted = all.filter(|activity| query.matches(*activity)).collect();
        Ok((query, wanted))
    }
}
