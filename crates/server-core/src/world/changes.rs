//! What is to be stored before anything is promised.

use prost::Message;

use super::{RunNumber, World};

/// What has changed since it was last asked for.
#[derive(Debug, Default)]
pub struct Changes {
    /// Runs that are new or changed.
    pub runs: Vec<StoredRun>,
    /// Runs that are gone, by number.
    pub gone: Vec<u64>,
}

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Names the run within the world.
    pub number: u64,
    /// Its state, encoded.
    pub state: Vec<u8>,
    /// New batches of its history: the id of the first event, and the events, encoded as a `History`.
    pub batches: Vec<(i64, Vec<u8>)>,
}

impl World {
    /// What is to be stored before the replies are sent.
    pub fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for number in std::mem::take(&mut self.dirty) {
            match self.store(number) {
                Some(run) => changes.runs.push(run),
                None => changes.gone.push(number.0),
            }
        }
        changes
    }

    /// Forgets what has changed, where nothing is stored.
    pub fn discard_changes(&mut self) {
        self.dirty.clear();
    }

    fn store(&mut self, number: RunNumber) -> Option<StoredRun> {
        let run = self.runs.get_mut(usize::try_from(number.0).ok()?)?.as_deref_mut()?;
        let batches = run
            .history
            .batches_from(run.live.stored_events)
            .map(|events| {
                let first = events.first().map_or(0, |event| event.event_id);
                (first, perpetua_proto::history::History { events: events.to_vec() }.encode_to_vec())
            })
            .collect();
        run.live.stored_events = run.history.len();
        let mut state = run.state.clone();
        // A task that is there for updates alone is not promised to anybody.
        state.task.take_if(|task| task.speculative);
        Some(StoredRun { number: number.0, state: state.encode_to_vec(), batches })
    }
}
