//! A history: what has happened to one run.

use crate::Event;

/// What has happened to one run of a workflow.
///
/// It comes from a client, or from a file: as bytes ([`from_bytes`](Self::from_bytes)) or as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct History {
    /// The events, in order.
    pub events: Vec<Event>,
}

impl History {
    /// A history of these events.
    pub fn new(events: Vec<Event>) -> Self {
        Self { events }
    }
}
