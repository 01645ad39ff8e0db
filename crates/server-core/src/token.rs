//! Tokens: what the server hands out to be given back, opaque to everybody else.

use bytes::Bytes;
use prost::Message;

use crate::{Answer, Refusal};

/// Names the work that a worker was given.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TaskToken {
    /// Which server gave it; a token of another is refused.
    #[prost(fixed64, tag = "1")]
    pub(crate) server: u64,
    #[prost(string, tag = "2")]
    pub(crate) namespace: String,
    #[prost(string, tag = "3")]
    pub(crate) workflow_id: String,
    #[prost(string, tag = "4")]
    pub(crate) run_id: String,
    #[prost(int64, tag = "5")]
    pub(crate) scheduled: i64,
    #[prost(int64, tag = "6")]
    pub(crate) started: i64,
    #[prost(int32, tag = "7")]
    pub(crate) attempt: i32,
    /// For a query that is a task of its own.
    #[prost(string, tag = "8")]
    pub(crate) query: String,
    /// Which start of the task: one that leaves no trace is followed by one with the same events.
    #[prost(string, tag = "9")]
    pub(crate) request: String,
    /// For an activity that no workflow has.
    #[prost(string, tag = "10")]
    pub(crate) activity_id: String,
}

/// Where the next page of a history begins.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HistoryToken {
    #[prost(string, tag = "1")]
    pub(crate) run_id: String,
    /// The first event that was not sent yet.
    #[prost(int64, tag = "2")]
    pub(crate) next: i64,
    /// The first event that is not to be sent; 0 for no end.
    #[prost(int64, tag = "3")]
    pub(crate) end: i64,
    /// Whether the events of the pending workflow task, which are not stored, come last.
    #[prost(bool, tag = "4")]
    pub(crate) transient: bool,
}

/// Writes a token.
pub(crate) fn write(token: &impl Message) -> Bytes {
    token.encode_to_vec().into()
}

impl TaskToken {
    /// Reads a token that this server gave.
    pub(crate) fn read(bytes: &[u8], server: u64) -> Answer<Self> {
        if bytes.is_empty() {
            return Err(Refusal::invalid("Task token not set on request."));
        }
        match Self::decode(bytes) {
            Ok(token) if !token.namespace.is_empty() && token.server == server => Ok(token),
            Ok(token) if !token.namespace.is_empty() => {
                Err(Refusal::not_found("The task token was given by another server."))
            }
            _ => Err(Refusal::invalid("Error deserializing task token.")),
        }
    }
}

impl HistoryToken {
    /// Reads a token.
    pub(crate) fn read(bytes: &[u8]) -> Answer<Self> {
        Self::decode(bytes)
            .ok()
            .filter(|token| token.next > 0)
            .ok_or_else(|| Refusal::invalid("Invalid NextPageToken."))
    }
}

/// What a description of an activity or of a Nexus operation was of, for who waits for the next change.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ChangeToken {
    #[prost(string, tag = "1")]
    pub(crate) run_id: String,
    /// How many changes it had seen.
    #[prost(int64, tag = "2")]
    pub(crate) transitions: i64,
}
