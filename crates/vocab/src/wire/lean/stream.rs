//! The events of a history, as they are read from somewhere.

use std::io::{ErrorKind, Read};

use bytes::{Bytes, BytesMut};

use super::cursor::Cursor;
use super::event_to_replay;
use crate::{Event, Malformed};

/// So many bytes are read at once.
const CHUNK: usize = 32 * 1024;

/// The number of the events in the message of a history.
const EVENTS: u64 = 1;

/// No event is larger; protobuf itself has this limit.
const LARGEST: usize = i32::MAX as usize;

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// The events of a protobuf `History` as a replay needs them (see [`event_to_replay`]), one by one: little of the history is
/// in memory at any time.
#[derive(Debug)]
pub struct EventsToReplay<R> {
    source: R,
    /// What was read from the source and not from here.
    read: BytesMut,
    /// Whether the source has no more.
    is_at_end: bool,
    /// How many events were read.
    events: u64,
    /// Whether something was wrong.
    failed: bool,
}

impl<R: Read> EventsToReplay<R> {
    /// The events of a history that this source has, in the protobuf form. It need not be buffered.
    pub fn new(source: R) -> Self {
        Self { source, read: BytesMut::new(), is_at_end: false, events: 0, failed: false }
    }

    fn next_event(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            if self.read.is_empty() && !self.fill()? {
                return Ok(None);
            }
            let (Frame { head, body }, is_event) = loop {
                match frame(&self.read)? {
                    Some(found) => break found,
                    None if self.fill()? => {}
                    None => return Err(Malformed::new("History", "ends in the middle of an event")),
                }
            };
            let frame = self.read.split_to(head + body).freeze();
            if is_event {
                self.events += 1;
                return self.event(&frame.slice(head..)).map(Some);
            }
        }
    }

    fn event(&self, bytes: &Bytes) -> Result<Event, Malformed> {
        // What is wrong inside an event says which one, unless the bytes are none at all.
        event_to_replay(bytes).map_err(|malformed| match malformed.field() {
            "HistoryEvent" => malformed.within(format!("event {} of the history", self.events)),
            _ => malformed,
        })
    }

    /// Reads more; whether there was any.
    fn fill(&mut self) -> Result<bool, Malformed> {
        let before = self.read.len();
        while !self.is_at_end {
            self.read.resize(before + CHUNK, 0);
            let read = self.source.read(&mut self.read[before..]);
            self.read.truncate(before + read.as_ref().map_or(0, |length| *length));
            match read {
                Ok(0) => self.is_at_end = true,
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Malformed::new("History", format!("cannot be read: {error}"))),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Iterator for EventsToReplay<R> {
    type Item = Result<Event, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_event().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

/// Where a field of the history is: so many bytes before it, so many of its own.
struct Frame {
    head: usize,
    body: usize,
}

/// The first field, and whether it is an event; none if more bytes are needed to tell.
fn frame(bytes: &[u8]) -> Result<Option<(Frame, bool)>, Malformed> {
    let Some((key, mut head)) = varint(bytes)? else { return Ok(None) };
    let body = match (key >> 3, key & 7) {
        (0, _) => return Err(not_a_history()),
        (_, DELIMITED) => {
            let Some((length, size)) = varint(&bytes[head..])? else { return Ok(None) };
            head += size;
            usize::try_from(length).ok().filter(|length| *length <= LARGEST).ok_or_else(not_a_history)?
        }
        (EVENTS, _) => return Err(not_a_history()),
        // What a newer history has besides.
        (_, VARINT) => match varint(&bytes[head..])? {
            Some((_, size)) => size,
            None => return Ok(None),
        },
        (_, FIXED_64) => 8,
        (_, FIXED_32) => 4,
        _ => return Err(not_a_history()),
    };
    let is_event = key >> 3 == EVENTS;
    Ok((bytes.len() >= head + body).then_some((Frame { head, body }, is_event)))
}

/// A number, and how many bytes it takes; none if more bytes are needed to tell.
fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Malformed> {
    /// No number is longer.
    const LONGEST: usize = 10;
    let mut cursor = Cursor::new(bytes);
    match cursor.varint() {
        Some(value) => Ok(Some((value, bytes.len() - cursor.len()))),
        None if bytes.len() < LONGEST => Ok(None),
        None => Err(not_a_history()),
    }
}

fn not_a_history() -> Malformed {
    Malformed::new("History", "is not the protobuf message of that name")
}
