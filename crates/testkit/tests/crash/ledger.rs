//! What a world was told, through all lives of its server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use perpetua_proto::history::HistoryEvent;
use tokio::sync::Notify;

/// The most workflows of a world.
const MOST: usize = 250;
/// How many workflows are begun in each life, before those of earlier lives are gone on with.
const BEGUN: usize = 10;
/// How many signals a workflow waits for.
pub(crate) const SIGNALS: usize = 2;

/// What a world was told.
#[derive(Default)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    changed: Notify,
}

#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) jobs: Vec<Job>,
    /// Every run id that was seen, with the workflow that it was seen for.
    pub(crate) runs: BTreeMap<String, String>,
    /// The longest history that was shown of a run, without the last two events, which may not be stored.
    pub(crate) shown: BTreeMap<String, Vec<HistoryEvent>>,
    /// What completed activities, by run, where that was acknowledged.
    pub(crate) results: BTreeMap<String, String>,
    /// What completed workflows, by run, where that was acknowledged.
    pub(crate) completions: BTreeMap<String, String>,
    complete: bool,
    /// How many were begun in this life.
    begun: usize,
    acknowledged: usize,
}

/// A workflow, and how far its client has come with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) request: String,
    /// Where the start was acknowledged.
    pub(crate) run: Option<String>,
    pub(crate) signals: usize,
    pub(crate) updated: bool,
    /// Whether its end was seen.
    pub(crate) ended: bool,
    taken: bool,
}

impl Ledger {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the server has acknowledged.
    pub(crate) fn note(&self, write: impl FnOnce(&mut Pages)) {
        let mut pages = self.pages();
        write(&mut pages);
        pages.acknowledged += 1;
        drop(pages);
        self.changed.notify_waiters();
    }

    /// A new job; where there are enough, one that is not done and that nobody is at. With its place.
    pub(crate) fn take_job(&self) -> Option<(usize, Job)> {
        let mut pages = self.pages();
        let place = if pages.complete || pages.jobs.len() == MOST || pages.begun >= BEGUN {
            pages.jobs.iter().position(|job| !job.ended && !job.taken)?
        } else {
            let id = format!("workflow-{}", pages.jobs.len());
            let request = uuid::Uuid::new_v4().to_string();
            pages.jobs.push(Job { id, request, ..Job::default() });
            pages.begun += 1;
            pages.jobs.len() - 1
        };
        pages.jobs[place].taken = true;
        Some((place, pages.jobs[place].clone()))
    }

    /// Nobody is at any job any more.
    pub(crate) fn give_back(&self) {
        let mut pages = self.pages();
        pages.begun = 0;
        pages.jobs.iter_mut().for_each(|job| job.taken = false);
    }

    /// No further workflows are started.
    pub(crate) fn take_no_more(&self) {
        self.pages().complete = true;
    }

    /// The run belongs to this workflow, and to no other.
    pub(crate) fn see(&self, run: &str, workflow: &str) {
        let mut pages = self.pages();
        let known = pages.runs.entry(run.to_owned()).or_insert_with(|| workflow.to_owned());
        assert_eq!(known, workflow, "run {run} was given out twice");
    }

    /// Waits until every workflow was seen to end.
    pub(crate) async fn everything_is_done(&self) {
        loop {
            let changed = self.changed.notified();
            if self.open_jobs().is_empty() {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn open_jobs(&self) -> Vec<Job> {
        self.pages().jobs.iter().filter(|job| !job.ended).cloned().collect()
    }

    /// How many steps were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.pages().acknowledged
    }
}

/// What happened of this kind in a history.
pub(crate) fn count(events: &[HistoryEvent], kind: perpetua_proto::enums::EventType) -> usize {
    events.iter().filter(|event| event.event_type() == kind).count()
}

/// The ids of requests seen twice, if any.
pub(crate) fn twice<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| !seen.insert(*id)).collect()
}
