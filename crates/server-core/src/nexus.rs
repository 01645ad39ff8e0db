//! Nexus: operations that are called at an endpoint and done by workers of another queue, perhaps of another namespace.
//!
//! ```text
//! workflow, client --> operation --request--> queue of the endpoint --> worker --answer--> operation
//!                          ^                                                                   |
//!                          +---- callback, when what the worker has started is over <----------+
//! ```
//! An operation of a workflow and one that a client started are the same machine, [`OperationState`]; what becomes of
//! it is told by its owner, in the events of a run or in a record of its own.

pub(crate) mod call;
pub(crate) mod endpoint;
pub(crate) mod failure;
pub(crate) mod link;
pub(crate) mod operation;
pub(crate) mod request;
pub(crate) mod token;

use perpetua_proto::common::Link;
use perpetua_proto::failure::Failure;
use perpetua_proto::nexus::Endpoint;

pub(crate) use operation::{CancelState, CancelStep, Due, OperationState, Outcome, Started, Step};
pub(crate) use token::OperationToken;

use crate::world::{RunNumber, Shelf};

/// What the world knows of Nexus.
#[derive(Debug, Default)]
pub(crate) struct Nexus {
    /// By id.
    pub(crate) endpoints: Shelf<Endpoint>,
}

/// Whose operation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// That of a run, by its scheduled event.
    Run(RunNumber, i64),
}

/// What a worker answers to a request.
#[derive(Clone, Debug)]
pub(crate) enum NexusAnswer {
    /// To a request to start, with links to what was started.
    Started(Started, Vec<Link>),
    /// To a request to stop.
    Told,
    /// The request itself failed.
    Refused(Box<Failure>),
}

/// One request to a handler.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) owner: Owner,
    /// Whether it asks the operation to stop, and not to start.
    pub(crate) cancel: bool,
    /// Which try it is.
    pub(crate) attempt: i32,
}
