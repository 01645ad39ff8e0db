//! Requests: one file for what belongs together. Each checks, changes the world, and lets it come to rest.

pub(crate) mod activity;
mod describe;
mod history;
mod list;
mod list_by_filter;
mod messages;
mod namespaces;
mod poll;
mod query;
pub(crate) mod start;
mod stop;
mod system;
mod task;
mod update;

use crate::{Answer, Refusal, limits};

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
