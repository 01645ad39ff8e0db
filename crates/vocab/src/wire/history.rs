//! Whole histories as files hold them.

use bytes::Bytes;
use perpetua_proto as proto;
use prost::Message;

use super::event::history;
use crate::{History, Malformed};

impl History {
    /// Reads a history from the bytes of the protobuf message `temporal.api.history.v1.History`.
    ///
    /// # Errors
    /// If these are not such bytes, or an event cannot be represented; the error says which one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_shared(Bytes::copy_from_slice(bytes))
    }

    /// Reads it from bytes that the payloads share. Every message is read from bytes of this one type: each type more is all
    /// of that code once more.
    pub(super) fn from_shared(bytes: Bytes) -> Result<Self, Malformed> {
        let wire = proto::history::History::decode(bytes)
            .map_err(|error| Malformed::new("History", format!("cannot be read: {error}")))?;
        Ok(Self { events: history(wire)? })
    }

    /// The bytes of the protobuf message `temporal.api.history.v1.History`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_wire().encode_to_vec()
    }

    pub(super) fn to_wire(&self) -> proto::history::History {
        proto::history::History { events: self.events.iter().cloned().map(Into::into).collect() }
    }
}
