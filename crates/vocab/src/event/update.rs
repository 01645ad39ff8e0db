//! Updates.

use perpetua_proto as proto;

use crate::{EventId, Identity, MessageId, Opaque, Outcome, UpdateId, UpdateRequest};

/// An update was taken in before any worker saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAdmitted {
    /// The request.
    pub request: UpdateRequest,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionUpdateAdmittedEventAttributes>,
}

/// The workflow accepted an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAccepted {
    /// The protocol's instance, which is the update's id.
    pub update: UpdateId,
    /// The message that carried the request.
    pub message: MessageId,
    /// The event after which the request takes its place.
    pub sequencing: Option<EventId>,
    /// The request; none if it was admitted in an event of its own.
    pub request: Option<UpdateRequest>,
}

/// The workflow answered an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateCompleted {
    /// Which update.
    pub update: UpdateId,
    /// Who asked for it.
    pub identity: Identity,
    /// The event that accepted it.
    pub accepted: Option<EventId>,
    /// The answer.
    pub outcome: Option<Outcome>,
}

/// The workflow refused an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRejected {
    /// The protocol's instance, which is the update's id.
    pub update: UpdateId,
    /// Everything, as it came.
    pub rest: Opaque<proto::history::WorkflowExecutionUpdateRejectedEventAttributes>,
}
