//! Histories as JSON: protobuf's own mapping, as all tools write it.
//!
//! Both directions go over the bytes of the protobuf message, guided by the tables of `perpetua_proto::schema`: no tree of
//! values is built, and no type has code of its own.
//!
//! ```text
//! JSON --read--> bytes --prost--> messages --wire--> words      words --wire--> messages --prost--> bytes --write--> JSON
//! ```
//!
//! Read is more than the mapping demands, because tools differ: names of enums in the spelling of old tools
//! (`WorkflowExecutionStarted`), payloads written as the values they hold, names of fields in either spelling, bytes in
//! either alphabet. Fields that are not known are passed over.

mod base64;
mod enums;
mod payload;
mod read;
mod time;
mod write;

use crate::{History, Malformed};

impl History {
    /// Reads a history from JSON, as `temporal workflow show -o json`, the web UI and other SDKs write it.
    ///
    /// Payloads may be in the short form of the command line tool, in which a value stands for itself.
    ///
    /// # Errors
    /// If this is not such JSON, or an event cannot be represented; the error says where.
    pub fn from_json(json: &str) -> Result<Self, Malformed> {
        let bytes = read::to_bytes(json)?;
        Self::from_shared(bytes.into())
    }

    /// The history as JSON, with a line for each field, as other tools and SDKs read it.
    pub fn to_json(&self) -> String {
        write::from_bytes(&self.to_bytes())
    }
}
