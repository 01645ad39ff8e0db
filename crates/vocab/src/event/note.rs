//! What a workflow noted: markers, search attributes, memo.

use crate::{EventId, Failure, Fields, Header, MarkerName, Named, Payloads};

/// The workflow left a marker.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkerRecorded {
    /// What kind of marker.
    pub name: MarkerName,
    /// What it says, by name.
    pub details: Named<Payloads>,
    /// What went wrong, where the marker speaks of something that can.
    pub failure: Option<Box<Failure>>,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// The task that left it.
    pub task_completed: EventId,
}

/// The workflow changed its search attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchAttributesUpserted {
    /// Those that changed; a null payload takes one away.
    pub search_attributes: Option<Fields>,
    /// The task that changed them.
    pub task_completed: EventId,
}

/// The workflow changed its properties, of which there is one: the memo.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertiesModified {
    /// The fields of the memo that changed; a null payload takes one away.
    pub memo: Option<Fields>,
    /// The task that changed them.
    pub task_completed: EventId,
}
