//! The parts of events that are kept.

use bytes::Bytes;

use super::cursor::{Cursor, Value};
use crate::named::copied;
use crate::{Named, Payload, Payloads};

/// More entries of a map than this are unusual.
const MANY: usize = 32;

/// What may be there once. A second one would have to be merged, which is left to prost.
#[derive(Debug)]
pub(super) struct Once<T>(Option<T>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    pub(super) fn set(&mut self, value: T) -> Option<()> {
        match self.0.replace(value) {
            None => Some(()),
            Some(_) => None,
        }
    }

    pub(super) fn get(self) -> Option<T> {
        self.0
    }
}

pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Text that must be there.
pub(super) fn required<'a, T: From<&'a str>>(text: &'a str) -> Option<T> {
    if text.is_empty() { None } else { Some(text.into()) }
}

/// A message that is a name.
pub(super) fn name(bytes: &[u8]) -> Option<&str> {
    let mut name = "";
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => name = text(bytes)?,
            (1, _) => return None,
            _ => {}
        }
    }
    Some(name)
}

pub(super) fn timestamp(bytes: &[u8]) -> Option<perpetua_proto::protobuf::Timestamp> {
    let (seconds, nanos) = time(bytes)?;
    Some(perpetua_proto::protobuf::Timestamp { seconds, nanos })
}

pub(super) fn duration(bytes: &[u8]) -> Option<perpetua_proto::protobuf::Duration> {
    let (seconds, nanos) = time(bytes)?;
    Some(perpetua_proto::protobuf::Duration { seconds, nanos })
}

fn time(bytes: &[u8]) -> Option<(i64, i32)> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Varint(value)) => seconds = value.cast_signed(),
            (2, Value::Varint(value)) => nanos = value as i32,
            (1 | 2, _) => return None,
            _ => {}
        }
    }
    Some((seconds, nanos))
}

/// Several payloads, which share the bytes of the frame that they are part of.
pub(super) fn payloads(frame: &Bytes, bytes: &[u8]) -> Option<Payloads> {
    let mut payloads = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => {
                if payloads.is_empty() {
                    payloads.reserve_exact(1);
                }
                payloads.push(payload(frame, bytes)?);
            }
            (1, _) => return None,
            _ => {}
        }
    }
    Some(payloads)
}

fn payload(frame: &Bytes, bytes: &[u8]) -> Option<Payload> {
    let mut payload = Payload::default();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(entry)) => {
                let (name, value) = entry_of(entry)?;
                add(&mut payload.metadata, text(name)?, shared(frame, value))?;
            }
            (2, Value::Delimited(data)) => payload.data = shared(frame, data),
            (3, Value::Delimited(external)) => payload.external_sizes.push(external_size(external)?),
            (1..=3, _) => return None,
            _ => {}
        }
    }
    Some(payload)
}

/// Payloads, and the name they have in a map.
pub(super) fn named<'a>(frame: &Bytes, entry: &'a [u8]) -> Option<(&'a str, Payloads)> {
    let (name, values) = entry_of(entry)?;
    Some((text(name)?, payloads(frame, values)?))
}

/// Adds an entry of a map.
pub(super) fn add<V>(map: &mut Named<V>, name: &str, value: V) -> Option<()> {
    map.insert(copied(name), value);
    (map.len() <= MANY).then_some(())
}

/// The key and the value of a map's entry; what is not there is empty.
fn entry_of(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut key, mut value) = (Once::default(), Once::default());
    let mut cursor = Cursor::new(bytes);
    while let Some((number, part)) = cursor.next()? {
        match (number, part) {
            (1, Value::Delimited(bytes)) => key.set(bytes)?,
            (2, Value::Delimited(bytes)) => value.set(bytes)?,
            (1 | 2, _) => return None,
            _ => {}
        }
    }
    Some((key.get().unwrap_or_default(), value.get().unwrap_or_default()))
}

fn external_size(bytes: &[u8]) -> Option<i64> {
    let mut size = 0;
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Varint(value)) => size = value.cast_signed(),
            (1, _) => return None,
            _ => {}
        }
    }
    Some(size)
}

/// Bytes of the frame, shared; those that nearly every payload has are not even counted.
fn shared(frame: &Bytes, bytes: &[u8]) -> Bytes {
    match bytes {
        b"" => Bytes::new(),
        b"json/plain" => Bytes::from_static(b"json/plain"),
        bytes => frame.slice_ref(bytes),
    }
}
