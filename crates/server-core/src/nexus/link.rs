//! Links, as Nexus writes them: addresses of the form `temporal:///namespaces/...`, with the name of a type.

use std::collections::BTreeMap;
use std::fmt::Write;

use perpetua_proto::common::Link;
use perpetua_proto::common::link::workflow_event::{EventReference, Reference, RequestIdReference};
use perpetua_proto::common::link::{Activity, NexusOperation, Variant, WorkflowEvent};
use perpetua_proto::enums::EventType;
use perpetua_proto::nexus;

const WORKFLOW_EVENT: &str = "temporal.api.common.v1.Link.WorkflowEvent";
const NEXUS_OPERATION: &str = "temporal.api.common.v1.Link.NexusOperation";
const ACTIVITY: &str = "temporal.api.common.v1.Link.Activity";

/// A link to an event of a run.
pub(crate) fn to_event(namespace: &str, workflow_id: &str, run_id: &str, id: i64, kind: EventType) -> Link {
    let reference = Reference::EventRef(EventReference { event_id: id, event_type: kind.into() });
    to_workflow(namespace, workflow_id, run_id, reference)
}

/// A link to the event of a run that a request has made.
pub(crate) fn to_request(namespace: &str, workflow_id: &str, run_id: &str, request_id: &str, kind: EventType) -> Link {
    let reference = RequestIdReference { request_id: request_id.to_owned(), event_type: kind.into() };
    to_workflow(namespace, workflow_id, run_id, Reference::RequestIdRef(reference))
}

/// A link to an operation that a client has started.
pub(crate) fn to_operation(namespace: &str, operation_id: &str, run_id: &str) -> Link {
    Link {
        variant: Some(Variant::NexusOperation(NexusOperation {
            namespace: namespace.to_owned(),
            operation_id: operation_id.to_owned(),
            run_id: run_id.to_owned(),
        })),
    }
}

fn to_workflow(namespace: &str, workflow_id: &str, run_id: &str, reference: Reference) -> Link {
    Link {
        variant: Some(Variant::WorkflowEvent(WorkflowEvent {
            namespace: namespace.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
            reference: Some(reference),
        })),
    }
}

/// As Nexus writes it; none for what it has no words for.
pub(crate) fn to_nexus(link: &Link) -> Option<nexus::Link> {
    let (kind, url) = match link.variant.as_ref()? {
        Variant::WorkflowEvent(event) => {
            let query = match event.reference.as_ref()? {
                Reference::EventRef(it) => {
                    let kind = event_name(it.event_type());
                    let id = if it.event_id == 0 { String::new() } else { format!("eventID={}&", it.event_id) };
                    format!("{id}eventType={kind}&referenceType=EventReference")
                }
                Reference::RequestIdRef(it) => {
                    let kind = event_name(it.event_type());
                    let id = escape(&it.request_id, "");
                    format!("eventType={kind}&referenceType=RequestIdReference&requestID={id}")
                }
            };
            let path = path(&event.namespace, "workflows", &event.workflow_id, &event.run_id);
            (WORKFLOW_EVENT, format!("{path}/history?{query}"))
        }
        Variant::NexusOperation(it) => {
            let path = path(&it.namespace, "nexus-operations", &it.operation_id, &it.run_id);
            (NEXUS_OPERATION, format!("{path}/details"))
        }
        Variant::Activity(it) => {
            (ACTIVITY, format!("{}/details", path(&it.namespace, "activities", &it.activity_id, &it.run_id)))
        }
        _ => return None,
    };
    Some(nexus::Link { url, r#type: kind.to_owned() })
}

/// From what a handler wrote; none for what is not understood.
pub(crate) fn from_nexus(link: &nexus::Link) -> Option<Link> {
    let rest = link.url.strip_prefix("temporal:///namespaces/")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parts: Vec<String> = path.split('/').map(unescape).collect::<Option<_>>()?;
    let [namespace, area, id, run_id, tail] = parts.try_into().ok()?;
    let variant = match (link.r#type.as_str(), area.as_str(), tail.as_str()) {
        (WORKFLOW_EVENT, "workflows", "history") => {
            let reference = Some(read_reference(query)?);
            Variant::WorkflowEvent(WorkflowEvent { namespace, workflow_id: id, run_id, reference })
        }
        (NEXUS_OPERATION, "nexus-operations", "details") => {
            Variant::NexusOperation(NexusOperation { namespace, operation_id: id, run_id })
        }
        (ACTIVITY, "activities", "details") => Variant::Activity(Activity { namespace, activity_id: id, run_id }),
        _ => return None,
    };
    Some(Link { variant: Some(variant) })
}

/// Those of a handler's links that are understood.
pub(crate) fn all_from_nexus(links: &[nexus::Link]) -> Vec<Link> {
    links.iter().filter_map(from_nexus).collect()
}

fn read_reference(query: &str) -> Option<Reference> {
    let fields: BTreeMap<&str, String> = query
        .split('&')
        .filter_map(|field| {
            let (name, value) = field.split_once('=')?;
            Some((name, unescape(value)?))
        })
        .collect();
    let event_type = fields.get("eventType").map_or(EventType::Unspecified, |name| event_of_name(name)).into();
    match fields.get("referenceType").map(String::as_str) {
        Some("EventReference") => {
            let event_id = fields.get("eventID").map_or(Ok(0), |id| id.parse()).ok()?;
            Some(Reference::EventRef(EventReference { event_id, event_type }))
        }
        Some("RequestIdReference") => {
            let request_id = fields.get("requestID").cloned().unwrap_or_default();
            Some(Reference::RequestIdRef(RequestIdReference { request_id, event_type }))
        }
        _ => None,
    }
}

fn path(namespace: &str, area: &str, id: &str, run_id: &str) -> String {
    let [namespace, id, run_id] = [namespace, id, run_id].map(|part| escape(part, "$&+:=@"));
    format!("temporal:///namespaces/{namespace}/{area}/{id}/{run_id}")
}

/// What an event is called in addresses.
fn event_name(kind: EventType) -> String {
    let name = kind.as_str_name().trim_start_matches("EVENT_TYPE_");
    let words = name.split('_').filter_map(|word| word.split_at_checked(1));
    words.map(|(first, rest)| format!("{first}{}", rest.to_ascii_lowercase())).collect()
}

/// The event of this name, in either of its spellings.
fn event_of_name(name: &str) -> EventType {
    if let Some(kind) = EventType::from_str_name(name) {
        return kind;
    }
    let mut long = String::from("EVENT_TYPE");
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            long.push('_');
        }
        long.push(character.to_ascii_uppercase());
    }
    EventType::from_str_name(&long).unwrap_or(EventType::Unspecified)
}

/// As a part of an address in which these signs mean nothing.
fn escape(text: &str, plain: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || plain.as_bytes().contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing into a text does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_back_as_they_were() {
        let operation = NexusOperation { namespace: "n".into(), operation_id: "100%/o".into(), run_id: String::new() };
        for link in [
            to_event("a space", "w/1?x#é", "run", 5, EventType::NexusOperationScheduled),
            to_request("n", "w", "run", "r&1", EventType::WorkflowExecutionOptionsUpdated),
            Link { variant: Some(Variant::NexusOperation(operation)) },
        ] {
            let written = to_nexus(&link).expect("there are words for it");
            assert_eq!(from_nexus(&written), Some(link), "{written:?}");
        }
    }

    #[test]
    fn an_event_is_linked_to_in_the_words_of_other_servers() {
        let link = to_event("default", "w", "r", 5, EventType::NexusOperationScheduled);
        let expected = "temporal:///namespaces/default/workflows/w/r/history?eventID=5&\
                        eventType=NexusOperationScheduled&referenceType=EventReference";
        assert_eq!(to_nexus(&link).map(|link| link.url).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_no_link_is_none() {
        for url in ["", "http://x", "temporal:///namespaces/n", "temporal:///namespaces/n/workflows/%/r/history"] {
            let link = nexus::Link { url: url.to_owned(), r#type: WORKFLOW_EVENT.to_owned() };
            assert_eq!(from_nexus(&link), None, "{url}");
        }
    }
}
