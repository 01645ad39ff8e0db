//! Search attributes: which there are, and what they may be.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_proto::common::{Payload, SearchAttributes};
use perpetua_proto::enums::IndexedValueType as Kind;
use prost::Message;
use serde_json::Value as Json;

use crate::limits;
use crate::visibility::Value;

/// Attributes that can be queried of workflows without being added, with their types.
pub(crate) const KNOWN: [(&str, Kind); SYSTEM.len() + PREDEFINED.len()] = {
    let mut known = [("", Kind::Unspecified); SYSTEM.len() + PREDEFINED.len()];
    let mut at = 0;
    while at < known.len() {
        known[at] = if at < SYSTEM.len() { SYSTEM[at] } else { PREDEFINED[at - SYSTEM.len()] };
        at += 1;
    }
    known
};

/// Attributes that the server itself sets, with their types.
pub(crate) const SYSTEM: [(&str, Kind); 22] = [
    ("WorkflowId", Kind::Keyword),
    ("RunId", Kind::Keyword),
    ("WorkflowType", Kind::Keyword),
    ("StartTime", Kind::Datetime),
    ("ExecutionTime", Kind::Datetime),
    ("CloseTime", Kind::Datetime),
    ("ExecutionStatus", Kind::Keyword),
    ("TaskQueue", Kind::Keyword),
    ("HistoryLength", Kind::Int),
    ("HistorySizeBytes", Kind::Int),
    ("ExecutionDuration", Kind::Int),
    ("StateTransitionCount", Kind::Int),
    ("ParentWorkflowId", Kind::Keyword),
    ("ParentRunId", Kind::Keyword),
    ("RootWorkflowId", Kind::Keyword),
    ("RootRunId", Kind::Keyword),
    ("TemporalExternalPayloadCount", Kind::Int),
    ("TemporalExternalPayloadSizeBytes", Kind::Int),
    ("TemporalUsedWorkerDeploymentVersions", Kind::KeywordList),
    ("TemporalWorkerDeployment", Kind::Keyword),
    ("TemporalWorkerDeploymentVersion", Kind::Keyword),
    ("TemporalWorkflowVersioningBehavior", Kind::Keyword),
];

/// Attributes that every namespace knows and that others can set, too, with their types.
pub(crate) const PREDEFINED: [(&str, Kind); 11] = [
    ("BatcherNamespace", Kind::Keyword),
    ("BatcherUser", Kind::Keyword),
    ("BinaryChecksums", Kind::KeywordList),
    ("BuildIds", Kind::KeywordList),
    ("TemporalChangeVersion", Kind::KeywordList),
    ("TemporalNamespaceDivision", Kind::Keyword),
    ("TemporalPauseInfo", Kind::KeywordList),
    ("TemporalReportedProblems", Kind::KeywordList),
    ("TemporalScheduledById", Kind::Keyword),
    ("TemporalScheduledStartTime", Kind::Datetime),
    ("TemporalSchedulePaused", Kind::Bool),
];

/// The type that the payload of a search attribute notes.
pub(crate) fn type_of(payload: &Payload) -> Option<Kind> {
    let noted = payload.metadata.get("type")?;
    TYPES.into_iter().find(|kind| type_name(*kind).as_bytes() == noted.as_ref())
}

/// The types that search attributes have.
pub(crate) const TYPES: [Kind; 7] =
    [Kind::Text, Kind::Keyword, Kind::Int, Kind::Double, Kind::Bool, Kind::Datetime, Kind::KeywordList];

/// What a type is called in payloads.
pub(crate) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "Text",
        Kind::Keyword => "Keyword",
        Kind::Int => "Int",
        Kind::Double => "Double",
        Kind::Bool => "Bool",
        Kind::Datetime => "Datetime",
        Kind::KeywordList => "KeywordList",
        Kind::Unspecified => "Unspecified",
    }
}

/// Checks search attributes against what a namespace knows, and notes their types.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check(
    namespace: &str,
    custom: &BTreeMap<String, i32>,
    fields: &mut BTreeMap<String, Payload>,
) -> Result<(), String> {
    let (count, most) = (fields.len(), limits::SEARCH_ATTRIBUTES);
    if count > most {
        return Err(format!("number of search attributes {count} exceeds limit {most}"));
    }
    for (name, value) in &mut *fields {
        if SYSTEM.iter().any(|(system, _)| system == name) {
            return Err(format!("{name} attribute can't be set in SearchAttributes"));
        }
        let predefined = || PREDEFINED.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let custom = custom.get(name).and_then(|kind| Kind::try_from(*kind).ok());
        let Some(kind) = custom.or_else(predefined) else {
            return Err(format!("Namespace {namespace} has no mapping defined for search attribute {name}"));
        };
        check_value(name, kind, value)?;
        // Who notes another type is answered with it.
        let noted = || Bytes::from_static(type_name(kind).as_bytes());
        value.metadata.entry("type".to_owned()).or_insert_with(noted);
    }
    let size = SearchAttributes { indexed_fields: fields.clone() }.encoded_len();
    let most = limits::SEARCH_ATTRIBUTES_BYTES;
    if size > most {
        return Err(format!("total size of search attributes {size} exceeds size limit {most}"));
    }
    Ok(())
}

fn check_value(name: &str, kind: Kind, value: &Payload) -> Result<(), String> {
    let is_json = value.metadata.get("encoding").is_some_and(|encoding| encoding == "json/plain");
    // A list must be one, also of one word.
    let is_list = kind != Kind::KeywordList || value.data.trim_ascii_start().starts_with(b"[");
    let is_type = || is_json && is_list && Value::of(value, kind).is_some();
    if !is_nothing(value) && !is_type() {
        let (kind, shown) = (type_name(kind), shown(value));
        return Err(format!("invalid value for search attribute {name} of type {kind}: {shown}"));
    }
    let (size, most) = (value.data.len(), limits::SEARCH_ATTRIBUTE_BYTES);
    if size > most {
        return Err(format!("search attribute {name} value size {size} exceeds size limit {most}"));
    }
    Ok(())
}

/// Whether a payload stands for no value.
pub(crate) fn is_nothing(value: &Payload) -> bool {
    match value.metadata.get("encoding").map(AsRef::as_ref) {
        Some(b"binary/null") => true,
        Some(_) => matches!(value.data.trim_ascii(), b"null" | b"[]"),
        None => false,
    }
}

/// A value as the real server shows one that is wrong.
fn shown(value: &Payload) -> String {
    match serde_json::from_slice(&value.data) {
        Ok(json) if value.metadata.contains_key("encoding") => shown_json(&json),
        _ => format!("value from <data:{:?}>", String::from_utf8_lossy(&value.data)),
    }
}

fn shown_json(json: &Json) -> String {
    let all = |items: Vec<String>| items.join(" ");
    match json {
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", all(items.iter().map(shown_json).collect())),
        Json::Object(fields) => {
            format!("map[{}]", all(fields.iter().map(|(key, value)| format!("{key}:{}", shown_json(value))).collect()))
        }
        Json::Number(number) if number.is_f64() => number.as_f64().map_or_else(String::new, |value| {
            if value.abs() >= 1e21 { format!("{value:e}") } else { value.to_string() }
        }),
        other => other.to_string(),
    }
}

/// A list of keywords, as the value of an attribute.
pub(crate) fn keywords(entries: &[String]) -> Payload {
    let metadata = [("encoding", "json/plain"), ("type", "KeywordList")];
    Payload {
        metadata: metadata.map(|(name, value)| (name.to_owned(), value.into())).into(),
        data: serde_json::to_vec(entries).unwrap_or_default().into(),
        ..Payload::default()
    }
}
