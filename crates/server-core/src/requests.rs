//! Requests: one file for what belongs together. Each checks, changes the world, and lets it come to rest.

pub(crate) mod activity;
mod activity_control;
mod activity_execution;
mod activity_list;
mod activity_start;
mod batch;
pub(crate) mod check_start;
mod clock;
pub(crate) mod deployment;
mod deployment_list;
mod describe;
mod endpoints;
mod history;
mod linger;
mod list;
mod list_by_filter;
mod messages;
mod namespace_deletion;
mod namespaces;
mod nexus_operation_ends;
mod nexus_operation_list;
mod nexus_operations;
mod nexus_tasks;
mod options;
mod poll;
mod query;
mod reset;
mod schedule;
mod schedules;
mod search_attributes;
mod standalone_control;
pub(crate) mod start;
mod stop;
mod system;
mod task;
pub(crate) mod task_queue;
mod time_skipping;
mod update;
pub(crate) mod versioning_override;
pub(crate) mod worker;

pub use linger::Lingered;

use bytes::Bytes;
use perpetua_proto::common::{Payload, Payloads, WorkflowExecution};

use crate::world::is_uuid;
use crate::{Answer, Refusal, World, limits};

/// A text as a payload of JSON.
pub(crate) fn text(text: &str) -> Payload {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| json += &format!("\\u{unit:04x}"))
            }
            c => json.push(c),
        }
    }
    json.push('"');
    let metadata = [("encoding".to_owned(), Bytes::from_static(b"json/plain"))].into();
    Payload { metadata, data: json.into(), ..Payload::default() }
}

/// Checks that an id is there, in the words of newer requests.
pub(crate) fn require_id(what: &str, id: &str) -> Answer<()> {
    if id.is_empty() {
        return Err(Refusal::invalid(format!("{what} is required")));
    }
    check_length(what, id)
}

/// Checks that an id is not too long, in the words of newer requests.
pub(crate) fn check_length(what: &str, id: &str) -> Answer<()> {
    let (length, limit) = (id.len(), limits::ID_LENGTH);
    if length > limit {
        return Err(Refusal::invalid(format!("{what} exceeds length limit. Length={length} Limit={limit}")));
    }
    Ok(())
}

/// Checks that an id is not too long, in the words of requests to start workflows.
pub(crate) fn check_start_length(what: &str, id: &str) -> Answer<()> {
    let (length, limit) = (id.len(), limits::ID_LENGTH);
    if length > limit {
        return Err(Refusal::invalid(format!("{what} exceeds maximum allowed length ({length}/{limit})")));
    }
    Ok(())
}

impl World {
    /// Checks how much a request brings.
    pub(crate) fn check_blob(&self, payloads: Option<&Payloads>) -> Answer<()> {
        if payloads.map_or(0, prost::Message::encoded_len) > self.settings.blob_bytes {
            return Err(Refusal::invalid("Blob data size exceeds limit."));
        }
        Ok(())
    }
}

/// Checks an id or a name.
pub(crate) fn check_id(what: &str, id: &str) -> Answer<()> {
    if id.is_empty() {
        return Err(Refusal::invalid(format!("{what} is not set on request.")));
    }
    if id.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid(format!("{what} length exceeds limit.")));
    }
    Ok(())
}

/// Checks that a request names a workflow, and a run only by what can be one.
pub(crate) fn check_execution(execution: Option<&WorkflowExecution>) -> Answer<&WorkflowExecution> {
    let execution = execution.ok_or_else(|| Refusal::invalid("Execution is not set on request."))?;
    if execution.workflow_id.is_empty() {
        return Err(Refusal::invalid("WorkflowId is not set on request."));
    }
    if !execution.run_id.is_empty() && !is_uuid(&execution.run_id) {
        return Err(Refusal::invalid("Invalid RunId."));
    }
    Ok(execution)
}

/// The same, in the words of requests that go straight to the workflow.
fn check_loadable(workflow_id: &str, run_id: &str) -> Answer<()> {
    if workflow_id.is_empty() {
        return Err(Refusal::invalid("Can't load workflow execution.  WorkflowId not set."));
    }
    check_run_id(run_id)
}

/// Checks the id of a run, if there is one, in the same words.
fn check_run_id(run_id: &str) -> Answer<()> {
    if !run_id.is_empty() && !is_uuid(run_id) {
        return Err(Refusal::invalid("RunId is not valid UUID."));
    }
    Ok(())
}

/// Checks the id that a client gives a request, if it does.
fn check_request_id(id: &str) -> Answer<()> {
    if id.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid("RequestId length exceeds limit."));
    }
    Ok(())
}
