//! `handle.history()`: what has happened to a workflow.

use perpetua_proto::{enums::EncodingType, history, workflowservice as wire};
use perpetua_vocab::{Event, Malformed};
use prost::Message;

/// The events of a page. Some servers send them in batches that are encoded already.
pub(crate) fn events_of(response: wire::GetWorkflowExecutionHistoryResponse) -> Result<Vec<Event>, Malformed> {
    perpetua_vocab::wire::history(history_of(response)?)
}

fn history_of(response: wire::GetWorkflowExecutionHistoryResponse) -> Result<history::History, Malformed> {
    let wire::GetWorkflowExecutionHistoryResponse { history, raw_history, next_page_token: _, archived: _ } = response;
    let mut history = history.unwrap_or_default();
    for batch in raw_history {
        const FIELD: &str = "GetWorkflowExecutionHistoryResponse.raw_history";
        if batch.encoding_type() != EncodingType::Proto3 {
            return Err(Malformed::new(FIELD, format!("has the encoding {}", batch.encoding_type)));
        }
        history.merge(batch.data).map_err(|error| Malformed::new(FIELD, format!("cannot be read: {error}")))?;
    }
    Ok(history)
}
