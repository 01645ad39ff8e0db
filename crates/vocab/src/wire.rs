//! The mapping between protobuf messages and words.
//!
//! By moving: payload bytes are shared, text changes hands, and what has no word of its own stays in the message it came
//! in, which becomes an [`Opaque`](crate::Opaque). And without loss: what was read is written again as it was, except for
//! differences without meaning:
//!
//! - the attempt 0 of an old history, or of a task, reads as 1;
//! - in a *command*, an empty header, empty arguments, an empty queue and empty user metadata are the same as none, and a
//!   queue of no kind is a normal one;
//! - a message of the update protocol is known by the last part of its type's address, whatever stands before it;
//! - a duration longer than the protocol allows (10,000 years) is written as that limit.
//!
//! What cannot be represented is [`Malformed`](crate::Malformed), with the protocol's name of the field. That includes
//! those parts of a command that have no word yet. Numbers of enums that we do not know are kept, not refused.
//!
//! Natural pairs are trait implementations, `TryFrom` or `From` to read and `From` to write: [`Event`](crate::Event),
//! [`Command`](crate::Command), [`Message`](crate::Message), [`Failure`](crate::Failure), [`Payload`](crate::Payload),
//! policies, enums. The functions here are for what is no type of ours (several payloads, durations), for what may be
//! absent (tasks), and for what must name a field.

mod command;
mod enums;
mod event;
mod failure;
mod history;
mod inside;
mod json;
mod lean;
mod message;
mod payload;
mod policy;
mod query;
mod task;
mod text;
mod time;

pub use event::history;
pub(crate) use inside::VisitInside;
pub use lean::{EventsToReplay, event_to_replay};
pub use payload::{
    encode_fields, encode_header, encode_memo, encode_payloads, encode_search_attributes, encode_user_metadata, fields,
    header, memo, payloads, search_attributes, user_metadata,
};
pub use task::{BadTask, activity_task, activity_task_extra, workflow_task};
pub use time::{duration, encode_duration, optional_duration, optional_timestamp, timestamp};
