//! Updates.

use std::mem::take;

use perpetua_proto::{
    history::{
        WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateAdmittedEventAttributes,
        WorkflowExecutionUpdateCompletedEventAttributes, WorkflowExecutionUpdateRejectedEventAttributes,
        history_event::Attributes,
    },
    update::Meta,
};

use crate::{
    EventId, EventKind, Malformed, Opaque, Outcome, UpdateAccepted, UpdateAdmitted, UpdateCompleted, UpdateRejected,
    UpdateRequest, wire::text::required,
};

pub(super) fn admitted(mut wire: Box<WorkflowExecutionUpdateAdmittedEventAttributes>) -> Result<EventKind, Malformed> {
    let request = wire.request.take().ok_or_else(|| Malformed::missing("WorkflowExecutionUpdateAdmitted.request"))?;
    Ok(EventKind::UpdateAdmitted(Box::new(UpdateAdmitted { request: request.try_into()?, rest: Opaque::new(wire) })))
}

pub(super) fn encode_admitted(admitted: UpdateAdmitted) -> Attributes {
    let UpdateAdmitted { request, rest } = admitted;
    let mut wire = rest.into_inner();
    wire.request = Some(request.into());
    Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(wire)
}

pub(super) fn accepted(wire: WorkflowExecutionUpdateAcceptedEventAttributes) -> Result<EventKind, Malformed> {
    let WorkflowExecutionUpdateAcceptedEventAttributes {
        protocol_instance_id,
        accepted_request_message_id,
        accepted_request_sequencing_event_id,
        accepted_request,
    } = wire;
    let update = "WorkflowExecutionUpdateAccepted.protocol_instance_id";
    let sequencing = "WorkflowExecutionUpdateAccepted.accepted_request_sequencing_event_id";
    Ok(EventKind::UpdateAccepted(Box::new(UpdateAccepted {
        update: required(update, protocol_instance_id)?,
        message: accepted_request_message_id.into(),
        sequencing: EventId::parse_optional(sequencing, accepted_request_sequencing_event_id)?,
        request: accepted_request.map(UpdateRequest::try_from).transpose()?,
    })))
}

pub(super) fn encode_accepted(accepted: UpdateAccepted) -> Attributes {
    let UpdateAccepted { update, message, sequencing, request } = accepted;
    Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(Box::new(
        WorkflowExecutionUpdateAcceptedEventAttributes {
            protocol_instance_id: update.into_string(),
            accepted_request_message_id: message.into_string(),
            accepted_request_sequencing_event_id: EventId::optional_to_wire(sequencing),
            accepted_request: request.map(Into::into),
        },
    ))
}

pub(super) fn completed(wire: WorkflowExecutionUpdateCompletedEventAttributes) -> Result<EventKind, Malformed> {
    let WorkflowExecutionUpdateCompletedEventAttributes { meta, accepted_event_id, outcome } = wire;
    let Meta { update_id, identity } =
        meta.ok_or_else(|| Malformed::missing("WorkflowExecutionUpdateCompleted.meta"))?;
    let accepted = "WorkflowExecutionUpdateCompleted.accepted_event_id";
    Ok(EventKind::UpdateCompleted(Box::new(UpdateCompleted {
        update: required("WorkflowExecutionUpdateCompleted.meta.update_id", update_id)?,
        identity: identity.into(),
        accepted: EventId::parse_optional(accepted, accepted_event_id)?,
        outcome: outcome.map(Outcome::try_from).transpose()?,
    })))
}

pub(super) fn encode_completed(completed: UpdateCompleted) -> Attributes {
    let UpdateCompleted { update, identity, accepted, outcome } = completed;
    Attributes::WorkflowExecutionUpdateCompletedEventAttributes(Box::new(
        WorkflowExecutionUpdateCompletedEventAttributes {
            meta: Some(Meta { update_id: update.into_string(), identity: identity.into_string() }),
            accepted_event_id: EventId::optional_to_wire(accepted),
            outcome: outcome.map(Into::into),
        },
    ))
}

pub(super) fn rejected(mut wire: Box<WorkflowExecutionUpdateRejectedEventAttributes>) -> Result<EventKind, Malformed> {
    let update = "WorkflowExecutionUpdateRejected.protocol_instance_id";
    Ok(EventKind::UpdateRejected(Box::new(UpdateRejected {
        update: required(update, take(&mut wire.protocol_instance_id))?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_rejected(rejected: UpdateRejected) -> Attributes {
    let UpdateRejected { update, rest } = rejected;
    let mut wire = rest.into_inner();
    wire.protocol_instance_id = update.into_string();
    Attributes::WorkflowExecutionUpdateRejectedEventAttributes(wire)
}
