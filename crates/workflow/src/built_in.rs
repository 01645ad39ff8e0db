//! Queries that every workflow answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_convert::PayloadConverter;
use perpetua_vocab::{Payload, QueryAnswer};
use serde::Serialize;

use crate::handlers::About;
use crate::registered::{Said, Table};
use crate::runtime::Runtime;

/// What a workflow is and which messages it takes, as tools read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    definition: Definition,
    #[serde(skip_serializing_if = "String::is_empty")]
    current_details: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    r#type: String,
    query_definitions: Vec<Message>,
    signal_definitions: Vec<Message>,
    update_definitions: Vec<Message>,
}

/// One message. The dynamic handler has no name.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
}

/// The queries that every workflow answers, and what is said of them.
pub(crate) const BUILT_IN: [(&str, &str); 3] = [
    ("__enhanced_stack_trace", "Returns what the workflow waits for, with lines of source code, for tools."),
    ("__stack_trace", "Returns what the workflow waits for, with lines of source code."),
    ("__temporal_workflow_metadata", "Returns what the workflow is and which messages it takes."),
];

impl Runtime {
    /// The answer to a query that every workflow answers, if this one did not put a handler of its own over it.
    pub(crate) fn answer_built_in(&self, name: &str) -> Option<QueryAnswer> {
        if !self.is_built_in(name) {
            return None;
        }
        let answer = match name {
            "__temporal_workflow_metadata" => {
                as_protobuf(json(&self.metadata()), "temporal.api.sdk.v1.WorkflowMetadata")
            }
            "__enhanced_stack_trace" => {
                as_protobuf(json(&self.enhanced_stack_trace()), "temporal.api.sdk.v1.EnhancedStackTrace")
            }
            "__stack_trace" => json(&self.stack_trace()),
            _ => return None,
        };
        Some(QueryAnswer::Answered(vec![answer]))
    }

    fn is_built_in(&self, name: &str) -> bool {
        BUILT_IN.iter().any(|(known, _)| *known == name)
            && matches!(self.registered.queries.get(Some(name)), Said::Nothing)
    }

    fn metadata(&self) -> Metadata {
        let declared = self.instance().map(|instance| instance.declared());
        let (signals, queries, updates) =
            declared.map(|declared| (declared.signals, declared.queries, declared.updates)).unwrap_or_default();
        let mut query_definitions = messages(&self.registered.queries, queries, |handler| &handler.about);
        let built_in = BUILT_IN.iter().filter(|(name, _)| self.is_built_in(name));
        query_definitions.extend(
            built_in.map(|(name, description)| Message { name: (*name).into(), description: (*description).into() }),
        );
        query_definitions.sort();
        Metadata {
            definition: Definition {
                r#type: self.info.borrow().workflow_type().to_string(),
                query_definitions,
                signal_definitions: messages(&self.registered.signals, signals, |handler| &handler.about),
                update_definitions: messages(&self.registered.updates, updates, |handler| &handler.about),
            },
            current_details: self.details.borrow().clone(),
        }
    }
}

/// The messages of one kind that are handled now, by name.
fn messages<H>(
    table: &Table<H>,
    declared: Vec<(Option<&'static str>, About)>,
    about: fn(&H) -> &About,
) -> Vec<Message> {
    let mut found: BTreeMap<Option<String>, String> = declared
        .into_iter()
        .map(|(name, about)| (name.map(str::to_owned), about.description.into_inner().into_owned()))
        .collect();
    for (name, handler) in table.entries() {
        match handler {
            Some(handler) => {
                let description = about(&handler).description.borrow().clone().into_owned();
                found.insert(name, description);
            }
            None => _ = found.remove(&name),
        }
    }
    let message =
        |(name, description): (Option<String>, String)| Message { name: name.unwrap_or_default(), description };
    found.into_iter().map(message).collect()
}

/// A value as JSON, whatever the program's values are written in: tools read it.
pub(crate) fn json(value: &impl Serialize) -> Payload {
    // What is written here is text, numbers and lists of them, which JSON can express.
    PayloadConverter::default().encode(value).unwrap_or_default()
}

/// Marks JSON as that of a protobuf message.
fn as_protobuf(mut json: Payload, message: &'static str) -> Payload {
    json.metadata.insert(Payload::ENCODING, Bytes::from_static(b"json/protobuf"));
    json.metadata.insert("messageType", Bytes::from_static(message.as_bytes()));
    json
}
