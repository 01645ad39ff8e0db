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
pub(crate) mod command;
pub(crate) mod endpoint;
pub(crate) mod failure;
pub(crate) mod header;
pub(crate) mod link;
pub(crate) mod operation;
pub(crate) mod request;
mod standalone;
pub(crate) mod system;
pub(crate) mod token;
pub(crate) mod waiter;

use std::collections::BTreeMap;

use perpetua_proto::common::Link;
use perpetua_proto::failure::Failure;
use perpetua_proto::nexus::Endpoint;

pub(crate) use operation::{CancelState, CancelStep, Due, OperationState, Outcome, Started, Step};
pub(crate) use standalone::Standalone;
pub(crate) use token::OperationToken;
pub(crate) use waiter::OperationWaiter;

use crate::world::{RunNumber, Shelf};

/// What the world knows of Nexus.
#[derive(Debug, Default)]
pub(crate) struct Nexus {
    /// By id.
    pub(crate) endpoints: Shelf<Endpoint>,
    /// Operations that clients have started, by run id.
    pub(crate) operations: Shelf<Standalone>,
    /// The run ids of the newest operation of each id, by namespace and id.
    newest: BTreeMap<(String, String), String>,
    pub(crate) waiters: Vec<OperationWaiter>,
}

impl Nexus {
    /// The newest operation of this id.
    pub(crate) fn current(&self, namespace: &str, id: &str) -> Option<&Standalone> {
        self.operations.get(self.newest.get(&(namespace.to_owned(), id.to_owned()))?)
    }

    /// Takes in an operation, which is the newest of its id.
    pub(crate) fn take_in(&mut self, operation: Standalone) {
        let id = (operation.namespace.clone(), operation.id.clone());
        self.newest.insert(id, operation.run_id.clone());
        self.operations.insert(operation.run_id.clone(), operation);
    }

    /// Forgets an operation.
    pub(crate) fn forget(&mut self, run_id: &str) {
        let Some(operation) = self.operations.remove(run_id) else { return };
        let id = (operation.namespace, operation.id);
        if self.newest.get(&id).is_some_and(|newest| newest == run_id) {
            self.newest.remove(&id);
        }
    }

    /// Knows again which operation is the newest of its id. Run ids are in the order of time.
    pub(crate) fn restore(&mut self) -> Vec<String> {
        let all = self.operations.iter();
        self.newest = all.map(|(run_id, it)| ((it.namespace.clone(), it.id.clone()), run_id.to_owned())).collect();
        self.operations.iter().map(|(run_id, _)| run_id.to_owned()).collect()
    }
}

/// Whose operation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// That of a run, by its scheduled event.
    Run(RunNumber, i64),
    /// That of a client, by its run id.
    Client(String),
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
