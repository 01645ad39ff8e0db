//! Messages of the update protocol, and what they are about.

use bytes::Bytes;
use perpetua_proto::{protocol, update};

use super::{
    payload::{encode_header, encode_payloads, header, payloads},
    text::required,
};
use crate::{EventId, Malformed, Message, MessageBody, MessageId, Opaque, Outcome, UpdateId, UpdateRequest};

const REQUEST: &str = "temporal.api.update.v1.Request";
const ACCEPTANCE: &str = "temporal.api.update.v1.Acceptance";
const REJECTION: &str = "temporal.api.update.v1.Rejection";
const RESPONSE: &str = "temporal.api.update.v1.Response";

impl TryFrom<protocol::Message> for Message {
    type Error = Malformed;

    fn try_from(wire: protocol::Message) -> Result<Self, Malformed> {
        let protocol::Message { id, protocol_instance_id, body, sequencing_id } = wire;
        let id: MessageId = required("Message.id", id)?;
        let read = || {
            let update = required("Message.protocol_instance_id", protocol_instance_id)?;
            let sequencing = sequencing_id.map(sequencing).transpose()?;
            let body = read_body(&update, body.ok_or_else(|| Malformed::missing("Message.body"))?)?;
            Ok((update, sequencing, body))
        };
        let (update, sequencing, body) =
            read().map_err(|malformed: Malformed| malformed.within(format!("message {id}")))?;
        Ok(Self { id, update, sequencing, body })
    }
}

impl From<Message> for protocol::Message {
    fn from(message: Message) -> Self {
        let Message { id, update, sequencing, body } = message;
        let body = encode_body(&update, body);
        Self {
            id: id.into_string(),
            protocol_instance_id: update.into_string(),
            body: Some(body),
            sequencing_id: sequencing.map(|event| protocol::message::SequencingId::EventId(event.to_wire())),
        }
    }
}

fn sequencing(wire: protocol::message::SequencingId) -> Result<EventId, Malformed> {
    match wire {
        protocol::message::SequencingId::EventId(event) => EventId::parse("Message.event_id", event),
        protocol::message::SequencingId::CommandIndex(_) => {
            Err(Malformed::new("Message.command_index", "is given where only event ids are used"))
        }
    }
}

fn read_body(update: &UpdateId, wire: perpetua_proto::protobuf::Any) -> Result<MessageBody, Malformed> {
    let perpetua_proto::protobuf::Any { type_url, value } = wire;
    match type_url.rsplit_once('/').map_or(type_url.as_str(), |(_, name)| name) {
        REQUEST => {
            let request: update::Request = decode(value)?;
            Ok(MessageBody::Request(Box::new(request.try_into()?)))
        }
        ACCEPTANCE => acceptance(decode(value)?),
        REJECTION => rejection(decode(value)?),
        RESPONSE => response(update, decode(value)?),
        _ => Err(Malformed::new("Message.body", format!("is of no known type: {type_url:?}"))),
    }
}

fn encode_body(update: &UpdateId, body: MessageBody) -> perpetua_proto::protobuf::Any {
    match body {
        MessageBody::Request(request) => encode(REQUEST, &update::Request::from(*request)),
        MessageBody::Accept { request_message, request_sequencing, request } => encode(
            ACCEPTANCE,
            &update::Acceptance {
                accepted_request_message_id: request_message.into_string(),
                accepted_request_sequencing_event_id: EventId::optional_to_wire(request_sequencing),
                accepted_request: Some((*request).into()),
            },
        ),
        MessageBody::Reject { request_message, request_sequencing, request, failure } => encode(
            REJECTION,
            &update::Rejection {
                rejected_request_message_id: request_message.into_string(),
                rejected_request_sequencing_event_id: EventId::optional_to_wire(request_sequencing),
                rejected_request: Some((*request).into()),
                failure: Some((*failure).into()),
            },
        ),
        MessageBody::Respond { identity, outcome } => encode(
            RESPONSE,
            &update::Response {
                meta: Some(update::Meta { update_id: update.as_str().to_owned(), identity: identity.into_string() }),
                outcome: Some(outcome.into()),
            },
        ),
    }
}

fn decode<T: prost::Message + Default>(value: Bytes) -> Result<T, Malformed> {
    T::decode(value).map_err(|error| Malformed::new("Message.body", format!("does not decode: {error}")))
}

fn encode(name: &str, message: &impl prost::Message) -> perpetua_proto::protobuf::Any {
    perpetua_proto::protobuf::Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec().into(),
    }
}

fn acceptance(wire: update::Acceptance) -> Result<MessageBody, Malformed> {
    let update::Acceptance { accepted_request_message_id, accepted_request_sequencing_event_id, accepted_request } =
        wire;
    let sequencing = "Acceptance.accepted_request_sequencing_event_id";
    Ok(MessageBody::Accept {
        request_message: accepted_request_message_id.into(),
        request_sequencing: EventId::parse_optional(sequencing, accepted_request_sequencing_event_id)?,
        request: request("Acceptance.accepted_request", accepted_request)?,
    })
}

fn rejection(wire: update::Rejection) -> Result<MessageBody, Malformed> {
    let update::Rejection {
        rejected_request_message_id,
        rejected_request_sequencing_event_id,
        rejected_request,
        failure,
    } = wire;
    let sequencing = "Rejection.rejected_request_sequencing_event_id";
    Ok(MessageBody::Reject {
        request_message: rejected_request_message_id.into(),
        request_sequencing: EventId::parse_optional(sequencing, rejected_request_sequencing_event_id)?,
        request: request("Rejection.rejected_request", rejected_request)?,
        failure: Box::new(failure.ok_or_else(|| Malformed::missing("Rejection.failure"))?.try_into()?),
    })
}

fn response(update: &UpdateId, wire: update::Response) -> Result<MessageBody, Malformed> {
    let update::Response { meta, outcome } = wire;
    let update::Meta { update_id, identity } = meta.ok_or_else(|| Malformed::missing("Response.meta"))?;
    if *update != *update_id {
        let problem = format!("is {update_id:?}, while the message is about {:?}", update.as_str());
        return Err(Malformed::new("Response.meta.update_id", problem));
    }
    let outcome = outcome.ok_or_else(|| Malformed::missing("Response.outcome"))?.try_into()?;
    Ok(MessageBody::Respond { identity: identity.into(), outcome })
}

fn request(field: &'static str, wire: Option<update::Request>) -> Result<Box<UpdateRequest>, Malformed> {
    let wire = wire.ok_or_else(|| Malformed::missing(field))?;
    Ok(Box::new(wire.try_into()?))
}

impl TryFrom<update::Request> for UpdateRequest {
    type Error = Malformed;

    fn try_from(wire: update::Request) -> Result<Self, Malformed> {
        let update::Request { meta, input, request_id, completion_callbacks, links } = wire;
        let update::Meta { update_id, identity } = meta.ok_or_else(|| Malformed::missing("update.Request.meta"))?;
        let input = input.ok_or_else(|| Malformed::missing("update.Request.input"))?;
        let update::Input { header: wire_header, name, args } = input;
        let rest = update::Request { meta: None, input: None, request_id, completion_callbacks, links };
        Ok(Self {
            update: required("update.Request.meta.update_id", update_id)?,
            identity: identity.into(),
            name: name.into(),
            input: args.map(payloads),
            header: wire_header.map(header),
            rest: if rest == update::Request::default() { None } else { Some(Opaque::new(Box::new(rest))) },
        })
    }
}

impl From<UpdateRequest> for update::Request {
    fn from(request: UpdateRequest) -> Self {
        let UpdateRequest { update, identity, name, input, header, rest } = request;
        Self {
            meta: Some(update::Meta { update_id: update.into_string(), identity: identity.into_string() }),
            input: Some(update::Input {
                header: header.map(encode_header),
                name: name.into_string(),
                args: input.map(encode_payloads),
            }),
            ..rest.map(|rest| *rest.into_inner()).unwrap_or_default()
        }
    }
}

impl TryFrom<update::Outcome> for Outcome {
    type Error = Malformed;

    fn try_from(wire: update::Outcome) -> Result<Self, Malformed> {
        let update::Outcome { value } = wire;
        match value {
            Some(update::outcome::Value::Success(value)) => Ok(Self::Success(Some(payloads(value)))),
            Some(update::outcome::Value::Failure(failure)) => Ok(Self::Failure(Box::new(failure.try_into()?))),
            None => Err(Malformed::missing("update.Outcome.value")),
        }
    }
}

/// A success without a value is written as one with no payloads, because the outcome itself must be there.
impl From<Outcome> for update::Outcome {
    fn from(outcome: Outcome) -> Self {
        let value = match outcome {
            Outcome::Success(value) => update::outcome::Value::Success(encode_payloads(value.unwrap_or_default())),
            Outcome::Failure(failure) => update::outcome::Value::Failure((*failure).into()),
        };
        Self { value: Some(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_without_a_value_is_still_a_success() {
        let wire = update::Outcome::from(Outcome::Success(None));
        assert_eq!(wire.value, Some(update::outcome::Value::Success(Default::default())));
    }

    #[test]
    fn a_plain_request_needs_no_rest() {
        let wire = update::Request {
            meta: Some(update::Meta { update_id: "u".to_owned(), identity: "me".to_owned() }),
            input: Some(update::Input::default()),
            ..Default::default()
        };
        let request = UpdateRequest::try_from(wire.clone()).expect("nothing is malformed");
        assert_eq!(request.rest, None);
        assert_eq!(update::Request::from(request), wire);
    }
}
