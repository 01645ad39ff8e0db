//! Lists of schedules by query, and counts.

use perpetua_proto::enums::IndexedValueType as Kind;
use perpetua_proto::workflowservice::{
    CountSchedulesRequest, CountSchedulesResponse, ListSchedulesRequest, ListSchedulesResponse,
};

use super::list::STATUSES;
use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::schedule::Schedule;
use crate::search_attributes::KNOWN;
use crate::visibility::{Page, Query, Schema};

/// The one attribute that the server gives a schedule, beside its id.
const PAUSED: &str = "TemporalSchedulePaused";

impl World {
    /// Lists the schedules that a query asks for, the newest first.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_schedules(&self, request: &ListSchedulesRequest) -> Answer<ListSchedulesResponse> {
        let mut wanted = self.wanted_schedules(&request.namespace, &request.query)?;
        let page = Page::new(request.maximum_page_size, &request.next_page_token)?;
        wanted.sort_by_cached_key(|schedule| schedule.place());
        let wanted = wanted.into_iter().map(|schedule| (schedule.place(), schedule));
        let (schedules, next_page_token) = page.fill(wanted, |schedule| schedule.entry(self.now));
        Ok(ListSchedulesResponse { schedules, next_page_token })
    }

    /// Counts the schedules that a query asks for.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn count_schedules(&self, request: &CountSchedulesRequest) -> Answer<CountSchedulesResponse> {
        let count = self.wanted_schedules(&request.namespace, &request.query)?.len();
        Ok(CountSchedulesResponse { count: i64::try_from(count).unwrap_or(i64::MAX), groups: Vec::new() })
    }

    fn wanted_schedules<'a>(&'a self, namespace: &'a str, text: &str) -> Answer<Vec<&'a Schedule>> {
        let custom = &self.namespaces.check(namespace)?.search_attributes;
        let mut system = KNOWN.to_vec();
        system.push(("ScheduleId", Kind::Keyword));
        let query = Query::parse(text, &Schema { system: &system, custom, statuses: &STATUSES })?;
        let foreign = |name: &str| query.speaks_of(name) || query.group_by.as_deref() == Some(name);
        if let Some((name, _)) = KNOWN.iter().find(|(name, _)| *name != PAUSED && foreign(name)) {
            return Err(Refusal::invalid(format!("invalid query filter for schedules: cannot filter on {name:?}")));
        }
        Ok(self.schedules.of(namespace).filter(|schedule| query.matches(*schedule)).collect())
    }
}
