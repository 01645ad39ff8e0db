//! Updates: requests that a running workflow may refuse, accept and answer.

use perpetua_proto as proto;

use crate::{EventId, Failure, Header, Identity, MessageId, Opaque, Payloads, UpdateId, UpdateName};

/// A request for an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateRequest {
    /// Its id.
    pub update: UpdateId,
    /// Who asked.
    pub identity: Identity,
    /// Which update.
    pub name: UpdateName,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// The rarely present rest: the id of the caller's request, callbacks, links. It goes back with the answer.
    pub rest: Option<UpdateRequestRest>,
}

/// The rarely present parts of a request for an update, which nobody decides on.
pub type UpdateRequestRest = Opaque<proto::update::Request>;

/// How an update ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With a value.
    Success(Option<Payloads>),
    /// With a failure.
    Failure(Box<Failure>),
}

/// A message of the update protocol, which travels beside history and commands.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The protocol's instance, which is the update's id.
    pub update: UpdateId,
    /// For messages to a worker: the event after which the message takes its place.
    pub sequencing: Option<EventId>,
    /// What it says.
    pub body: MessageBody,
}

/// What a message of the update protocol says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageBody {
    /// To a worker: please do this.
    Request(Box<UpdateRequest>),
    /// From a worker: it is being done.
    Accept {
        /// The message that carried the request.
        request_message: MessageId,
        /// The sequencing event of that message.
        request_sequencing: Option<EventId>,
        /// The request, sent back.
        request: Box<UpdateRequest>,
    },
    /// From a worker: it will not be done.
    Reject {
        /// The message that carried the request.
        request_message: MessageId,
        /// The sequencing event of that message.
        request_sequencing: Option<EventId>,
        /// The request, sent back.
        request: Box<UpdateRequest>,
        /// Why not.
        failure: Box<Failure>,
    },
    /// From a worker: it is done.
    Respond {
        /// Who asked.
        identity: Identity,
        /// How it ended.
        outcome: Outcome,
    },
}
