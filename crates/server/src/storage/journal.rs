//! What a commit changed, as one row that is written behind the last.
//!
//! ```text
//! commit --> journal: one row          every now and then, and at the end --> the tables: the newest of each record
//! ```
//! A record of a run changes with each of its steps, and lies anywhere in its table. A row at the end takes a page or two,
//! and what was written over in the meantime is never brought into the tables.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_server_core::{Batch, Changes, Kind, Record};

/// What is in the journal and not in the tables yet.
#[derive(Debug, Default)]
pub(super) struct Unfolded {
    /// The newest of each record.
    pub(super) records: BTreeMap<(Kind, String), Option<Vec<u8>>>,
    pub(super) batches: Vec<Batch>,
    /// How long its rows are.
    bytes: usize,
}

impl Unfolded {
    /// Takes in what has changed since.
    pub(super) fn add(&mut self, changes: Changes) {
        let Changes { records, batches } = changes;
        self.bytes += records.iter().map(|it| it.key.len() + it.value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.bytes += batches.iter().map(|batch| batch.run.len() + batch.events.len()).sum::<usize>();
        self.records.extend(records.into_iter().map(|Record { kind, key, value }| ((kind, key), value)));
        self.batches.extend(batches);
    }

    /// Whether it is time to bring it into the tables.
    pub(super) fn is_much(&self) -> bool {
        self.bytes > MUCH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.batches.is_empty()
    }
}

/// How much is kept in the journal, in bytes: as much as is brought into the tables in a few milliseconds.
const MUCH: usize = 256 << 10;

/// A row of the journal.
pub(super) fn write(changes: &Changes) -> Vec<u8> {
    let mut row = Vec::new();
    put_number(&mut row, changes.records.len());
    for Record { kind, key, value } in &changes.records {
        row.push(*kind as u8);
        put(&mut row, key.as_bytes());
        row.push(u8::from(value.is_some()));
        put(&mut row, value.as_deref().unwrap_or_default());
    }
    for Batch { run, first, events } in &changes.batches {
        put(&mut row, run.as_bytes());
        row.extend(first.to_le_bytes());
        put(&mut row, events);
    }
    row
}

fn put(row: &mut Vec<u8>, bytes: &[u8]) {
    put_number(row, bytes.len());
    row.extend_from_slice(bytes);
}

fn put_number(row: &mut Vec<u8>, number: usize) {
    row.extend((number as u64).to_le_bytes());
}

/// Reads a row; none if it is none.
pub(super) fn read(row: &[u8]) -> Option<Changes> {
    let mut rest = Rest(row);
    let mut changes = Changes::default();
    for _ in 0..rest.number()? {
        let kind = Kind::of(rest.byte()?)?;
        let key = rest.text()?;
        let is_there = rest.byte()? == 1;
        let value = rest.bytes()?;
        changes.records.push(Record { kind, key, value: is_there.then(|| value.to_vec()) });
    }
    while !rest.0.is_empty() {
        let run = rest.text()?;
        let first = i64::from_le_bytes(*rest.0.split_off(..8)?.first_chunk()?);
        changes.batches.push(Batch { run, first, events: Bytes::copy_from_slice(rest.bytes()?) });
    }
    Some(changes)
}

/// What is still to be read of a row.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(*self.0.split_off(..8)?.first_chunk()?)).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.0.split_off(..length)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes() -> Changes {
        let record = |key: &str, value: Option<&str>| Record {
            kind: Kind::Run,
            key: key.to_owned(),
            value: value.map(|value| value.as_bytes().to_vec()),
        };
        let batch = Batch { run: "a".to_owned(), first: 4, events: Bytes::from_static(b"events") };
        Changes { records: vec![record("a", Some("new")), record("b", None)], batches: vec![batch] }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_is_not() {
        let row = write(&changes());
        assert_eq!(read(&row), Some(changes()));
        assert_eq!(read(&write(&Changes::default())), Some(Changes::default()));
        let records = write(&Changes { batches: Vec::new(), ..changes() }).len();
        for length in (0..row.len()).filter(|length| *length != records) {
            assert_eq!(read(&row[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn the_newest_of_a_record_is_left() {
        let mut unfolded = Unfolded::default();
        assert!(unfolded.is_empty());
        unfolded.add(changes());
        unfolded.add(Changes {
            records: vec![Record { value: None, ..changes().records[0].clone() }],
            batches: Vec::new(),
        });
        assert_eq!(unfolded.records.values().flatten().count(), 0);
        assert_eq!((unfolded.records.len(), unfolded.batches.len(), unfolded.is_much()), (2, 1, false));
    }
}
