//! All runs in the order in which they are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::page::{Page, Place};
use super::query::Query;
use super::value::Value;
use crate::run::Run;
use crate::time;
use crate::world::RunNumber;

/// All runs, by namespace, in the order in which they are listed.
#[derive(Debug, Default)]
pub(crate) struct Index {
    places: BTreeMap<String, BTreeMap<Place, RunNumber>>,
    /// By namespace and workflow id.
    workflows: BTreeMap<(String, String), BTreeSet<RunNumber>>,
}

/// Where to look for what a query asks for.
pub(crate) enum Candidates<'a> {
    /// These, in no order.
    Some(Vec<RunNumber>),
    /// These, in the order of the list.
    All(Box<dyn Iterator<Item = RunNumber> + 'a>),
}

impl Index {
    /// Puts a run in its place.
    pub(crate) fn put(&mut self, run: &Run) {
        let places = self.places.entry(run.state.namespace.clone()).or_default();
        if !run.is_open() {
            places.remove(&opened(run));
        }
        places.insert(place(run), run.number);
        let key = (run.state.namespace.clone(), run.state.workflow_id.clone());
        self.workflows.entry(key).or_default().insert(run.number);
    }

    /// Forgets a run.
    pub(crate) fn remove(&mut self, run: &Run) {
        if let Some(places) = self.places.get_mut(&run.state.namespace) {
            places.remove(&opened(run));
            places.remove(&place(run));
        }
        let key = (run.state.namespace.clone(), run.state.workflow_id.clone());
        if let Some(runs) = self.workflows.get_mut(&key) {
            runs.remove(&run.number);
            if runs.is_empty() {
                self.workflows.remove(&key);
            }
        }
    }

    /// The newest run of a namespace and a workflow id.
    pub(crate) fn newest(&self, key: &(String, String)) -> Option<RunNumber> {
        self.workflows.get(key)?.last().copied()
    }

    /// All runs of a namespace.
    pub(crate) fn of_namespace(&self, namespace: &str) -> Vec<RunNumber> {
        self.places.get(namespace).into_iter().flat_map(BTreeMap::values).copied().collect()
    }

    /// The runs among which everything is that a query asks for, on a page and behind it.
    pub(crate) fn candidates(&self, namespace: &str, query: &Query, page: Option<&Page>) -> Candidates<'_> {
        if let Some(ids) = query.only("WorkflowId") {
            let key = |id: &Value<'_>| match id {
                Value::Text(id) => Some((namespace.to_owned(), id.to_string())),
                _ => None,
            };
            let keys: BTreeSet<_> = ids.into_iter().filter_map(key).collect();
            let runs = keys.iter().filter_map(|key| self.workflows.get(key)).flatten();
            return Candidates::Some(runs.copied().collect());
        }
        let Some(places) = self.places.get(namespace) else { return Candidates::Some(Vec::new()) };
        let from = page.and_then(|page| page.after.as_ref()).map_or(Bound::Unbounded, Bound::Excluded);
        let open_only = query.only("ExecutionStatus").is_some_and(|only| only.iter().all(|it| **it == RUNNING));
        let places = places.range((from, Bound::Unbounded)).take_while(move |(place, _)| !open_only || place.is_open());
        Candidates::All(Box::new(places.map(|(_, number)| *number)))
    }
}

const RUNNING: Value<'static> = Value::Int(perpetua_proto::enums::WorkflowExecutionStatus::Running as i64);

/// Where a run stands in the list.
pub(crate) fn place(run: &Run) -> Place {
    Place::new(time::stored(run.state.close_time), run.start_time(), run.state.run_id.clone())
}

/// Where it stands, or stood, while it is open.
fn opened(run: &Run) -> Place {
    Place::new(None, run.start_time(), run.state.run_id.clone())
}
