//! Where events are in the bytes of a `History` of the protocol.

use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, encoded_len_varint, key_len,
    skip_field,
};

/// Where an event is: from its key to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The number of its chunk.
    pub(super) chunk: u32,
    pub(super) start: u32,
    /// Where its own bytes begin.
    pub(super) body: u32,
    pub(super) end: u32,
}

impl Span {
    /// How long the event itself is.
    pub(super) fn length(&self) -> usize {
        (self.end - self.body) as usize
    }
}

/// The field of a `History` that holds its events.
const EVENTS: u32 = 1;

/// How long what stands before an event of this length is.
pub(super) fn head_length(length: usize) -> usize {
    key_len(EVENTS) + encoded_len_varint(length as u64)
}

/// Writes what stands before an event of this length.
pub(super) fn put_head(length: usize, bytes: &mut Vec<u8>) {
    encode_key(EVENTS, WireType::LengthDelimited, bytes);
    encode_varint(length as u64, bytes);
}

/// The events in the bytes of a `History`, which are the chunk of this number; up to where they cannot be read.
pub(super) fn spans(bytes: &[u8], chunk: u32) -> impl Iterator<Item = Span> {
    Spans { rest: bytes, length: bytes.len(), chunk }
}

struct Spans<'a> {
    rest: &'a [u8],
    length: usize,
    chunk: u32,
}

impl Iterator for Spans<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let at = |rest: &[u8]| u32::try_from(self.length - rest.len()).unwrap_or(u32::MAX);
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let start = at(self.rest);
            let (tag, wire_type) = decode_key(&mut self.rest).ok()?;
            if (tag, wire_type) != (EVENTS, WireType::LengthDelimited) {
                skip_field(wire_type, tag, &mut self.rest, DecodeContext::default()).ok()?;
                continue;
            }
            let length = usize::try_from(decode_varint(&mut self.rest).ok()?).ok()?;
            let body = at(self.rest);
            self.rest = self.rest.get(length..)?;
            return Some(Span { chunk: self.chunk, start, body, end: at(self.rest) });
        }
    }
}
