//! All runs in the order in which they are listed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::chains::Chains;
use super::page::{Page, Place};
use super::query::Query;
use super::value::Value;
use crate::run::{Run, RunId};
use crate::time::{self, Time};
use crate::world::RunNumber;

/// All runs, by namespace, in the order in which they are listed.
#[derive(Debug, Default)]
pub(crate) struct Index {
    places: BTreeMap<String, BTreeMap<RunPlace, RunNumber>>,
    chains: Chains,
}

/// Where a run stands: its [place](Place), in less room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RunPlace {
    close: Reverse<i64>,
    start: Reverse<i64>,
    id: Reverse<Option<RunId>>,
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
        if !self.places.contains_key(&run.state.namespace) {
            self.places.insert(run.state.namespace.clone(), BTreeMap::new());
        }
        let Some(places) = self.places.get_mut(&run.state.namespace) else { return };
        if !run.is_open() {
            places.remove(&RunPlace::opened(run));
        }
        places.insert(RunPlace::of(run), run.number);
        self.chains.put(run);
    }

    /// From now on the workflow id alone names this run.
    pub(crate) fn set_current(&mut self, run: &Run) {
        self.chains.set_current(run);
    }

    /// The run that a workflow id alone names.
    pub(crate) fn current(&self, namespace: &str, workflow: &str) -> Option<RunNumber> {
        self.chains.current(namespace, workflow)
    }

    /// Forgets a run.
    pub(crate) fn remove(&mut self, run: &Run) {
        if let Some(places) = self.places.get_mut(&run.state.namespace) {
            places.remove(&RunPlace::opened(run));
            places.remove(&RunPlace::of(run));
        }
        self.chains.remove(run);
    }

    /// The newest run of a namespace and a workflow id.
    pub(crate) fn newest(&self, namespace: &str, workflow: &str) -> Option<RunNumber> {
        self.chains.runs(namespace, workflow).next_back()
    }

    /// All runs of a namespace.
    pub(crate) fn of_namespace(&self, namespace: &str) -> Vec<RunNumber> {
        self.places.get(namespace).into_iter().flat_map(BTreeMap::values).copied().collect()
    }

    /// The runs among which everything is that a query asks for, on a page and behind it.
    pub(crate) fn candidates(&self, namespace: &str, query: &Query, page: Option<&Page>) -> Candidates<'_> {
        if let Some(ids) = query.only("WorkflowId") {
            let key = |id: &Value<'_>| match id {
                Value::Text(id) => Some(id.to_string()),
                _ => None,
            };
            let ids: BTreeSet<_> = ids.into_iter().filter_map(key).collect();
            return Candidates::Some(ids.iter().flat_map(|id| self.chains.runs(namespace, id)).collect());
        }
        let Some(places) = self.places.get(namespace) else { return Candidates::Some(Vec::new()) };
        let from = page.and_then(|page| page.after.as_ref());
        let from = from.map_or(Bound::Unbounded, |after| Bound::Included(RunPlace::from_place(after)));
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

impl RunPlace {
    fn new(run: &Run, close: i64) -> Self {
        let id = Reverse(RunId::parse(&run.state.run_id));
        Self { close: Reverse(close), start: Reverse(run.start_time().nanos()), id }
    }

    fn of(run: &Run) -> Self {
        Self::new(run, time::stored(run.state.close_time).map_or(i64::MAX, Time::nanos))
    }

    /// Where it stands, or stood, while it is open.
    fn opened(run: &Run) -> Self {
        Self::new(run, i64::MAX)
    }

    /// The place, or one before it where the id is none of a run.
    fn from_place(place: &Place) -> Self {
        let id = RunId::parse(place.id()).unwrap_or(RunId::LAST);
        let (close, start) = place.times();
        Self { close: Reverse(close), start: Reverse(start), id: Reverse(Some(id)) }
    }

    fn is_open(&self) -> bool {
        self.close.0 == i64::MAX
    }
}
