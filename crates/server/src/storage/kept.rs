//! What a server that may crash in its process has stored: in memory, as a file would have it.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_server_core::{Batch, Changes, Kind, Record};

/// What is stored. It outlives the world that stored it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    records: BTreeMap<(Kind, String), Vec<u8>>,
    /// By run and first event.
    batches: BTreeMap<(String, i64), Bytes>,
}

impl Kept {
    /// Stores what has changed.
    pub(crate) fn store(&mut self, changes: Changes) {
        for Batch { run, first, events } in changes.batches {
            self.batches.insert((run, first), events);
        }
        for Record { kind, key, value } in changes.records {
            match value {
                Some(value) => _ = self.records.insert((kind, key), value),
                None => {
                    if kind == Kind::Run {
                        self.batches.retain(|(run, _), _| *run != key);
                    }
                    self.records.remove(&(kind, key));
                }
            }
        }
    }

    /// Everything, for a world to be made of it.
    pub(crate) fn load(&self) -> Changes {
        let records = self.records.iter().map(|((kind, key), value)| Record {
            kind: *kind,
            key: key.clone(),
            value: Some(value.clone()),
        });
        let batches = self.batches.iter().map(|((run, first), events)| Batch {
            run: run.clone(),
            first: *first,
            events: events.clone(),
        });
        Changes { records: records.collect(), batches: batches.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: Option<&str>) -> Record {
        Record { kind: Kind::Run, key: key.to_owned(), value: value.map(|value| value.as_bytes().to_vec()) }
    }

    fn batch(run: &str, first: i64) -> Batch {
        Batch { run: run.to_owned(), first, events: Bytes::from_static(&[1, 2]) }
    }

    #[test]
    fn the_newest_of_a_record_counts_and_a_history_goes_with_its_run() {
        let mut kept = Kept::default();
        kept.store(Changes {
            records: vec![record("a", Some("old")), record("b", Some("b")), record("a", Some("new"))],
            batches: vec![batch("a", 1), batch("b", 1), batch("b", 4)],
        });
        kept.store(Changes { records: vec![record("b", None)], batches: vec![batch("a", 3)] });
        let expected = Changes { records: vec![record("a", Some("new"))], batches: vec![batch("a", 1), batch("a", 3)] };
        assert_eq!(kept.load(), expected);
    }
}
