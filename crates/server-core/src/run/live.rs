//! What is known of a run only while the server runs: who waits for it, and what was not promised to last.

use std::collections::BTreeMap;

use super::linger::Lingering;
use super::pages::Pages;
use super::query::QueryState;
use super::skipping::FastForwardWaiter;
use super::update::{Admitted, UpdateWaiter};
use crate::world::CallId;

/// The part of a run that is not stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    /// Who waits for new events, and the index of the first event they have not seen.
    pub(crate) readers: Vec<HistoryReader>,
    /// The pages of an answer that have come.
    pub(crate) pages: Pages,
    /// Queries that are on their way, by id.
    pub(crate) queries: BTreeMap<String, QueryState>,
    /// Updates that no worker has accepted yet, in order of arrival.
    pub(crate) admitted: Vec<Admitted>,
    /// Who waits for updates, by the update's id.
    pub(crate) update_waiters: BTreeMap<String, Vec<UpdateWaiter>>,
    /// Who waits for fast-forwards of the run's own time.
    pub(crate) fast_forward_waiters: Vec<FastForwardWaiter>,
    /// Attempts of activities that are open and hold no time.
    pub(crate) lingering: Vec<Lingering>,
    /// How many events are stored durably.
    pub(crate) stored_events: usize,
    /// Distinguishes one offer of the task to a queue from the next.
    pub(crate) offers: u64,
    /// Whether something happened since it was last looked whether it could be packed.
    pub(crate) is_recent: bool,
}

impl Live {
    /// Whether nobody waits for anything, and nothing is known that is not stored.
    pub(crate) fn is_idle(&self) -> bool {
        let Self {
            readers,
            pages,
            queries,
            admitted,
            update_waiters,
            fast_forward_waiters,
            lingering,
            stored_events: _,
            offers: _,
            is_recent: _,
        } = self;
        readers.is_empty()
            && pages.is_empty()
            && queries.is_empty()
            && admitted.is_empty()
            && update_waiters.is_empty()
            && fast_forward_waiters.is_empty()
            && lingering.is_empty()
    }

    /// Everybody who waits for anything of the run.
    pub(crate) fn callers(&self) -> Vec<CallId> {
        let readers = self.readers.iter().map(|reader| reader.call);
        let queries = self.queries.values().map(|query| query.call);
        let waiters = self.update_waiters.values().flatten().map(|waiter| waiter.call);
        let fast_forwards = self.fast_forward_waiters.iter().map(|waiter| waiter.call);
        let lingering = self.lingering.iter().map(|lingering| lingering.call);
        readers.chain(queries).chain(waiters).chain(fast_forwards).chain(lingering).collect()
    }
}

/// Somebody who waits for new events.
#[derive(Clone, Debug)]
pub(crate) struct HistoryReader {
    pub(crate) call: CallId,
    /// The index of the first event that was not sent.
    pub(crate) from: usize,
    /// Whether only the event that closes the run is wanted.
    pub(crate) only_close: bool,
    pub(crate) batches: usize,
}
