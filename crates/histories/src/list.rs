//! The runs that a server lists.

use std::time::{Duration, SystemTime};

use perpetua_client::{Client, RpcError};
use perpetua_proto::workflow::WorkflowExecutionInfo;
use perpetua_proto::workflowservice::ListWorkflowExecutionsRequest;

use crate::choose::Listed;

/// How many runs a page has.
const PAGE: usize = 1000;

/// What was listed.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) runs: Vec<Listed>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// Lists up to `at_most` runs that match a query; all of them, if it is empty.
pub(crate) async fn list(client: &Client, query: &str, at_most: usize) -> Result<List, RpcError> {
    let mut list = List::default();
    let mut request = ListWorkflowExecutionsRequest {
        namespace: client.namespace().to_string(),
        query: query.to_owned(),
        ..Default::default()
    };
    loop {
        let page = (at_most - list.runs.len()).min(PAGE);
        if page == 0 {
            list.more = true;
            return Ok(list);
        }
        request.page_size = i32::try_from(page).unwrap_or(i32::MAX);
        let answer = client.rpc(&request).await?;
        list.runs.extend(answer.executions.into_iter().filter_map(listed));
        if answer.next_page_token.is_empty() {
            return Ok(list);
        }
        request.next_page_token = answer.next_page_token;
    }
}

/// A run; none where the server does not say which one it is.
fn listed(info: WorkflowExecutionInfo) -> Option<Listed> {
    let execution = info.execution?;
    let started = info.start_time.and_then(|time| {
        let (seconds, nanos) = (u64::try_from(time.seconds).ok()?, u32::try_from(time.nanos).ok()?);
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos.min(999_999_999)))
    });
    Some(Listed {
        workflow_type: info.r#type.map(|named| named.name).unwrap_or_default(),
        workflow_id: execution.workflow_id.into(),
        run_id: execution.run_id.into(),
        status: info.status.into(),
        events: u64::try_from(info.history_length).unwrap_or_default(),
        started: started.unwrap_or(SystemTime::UNIX_EPOCH),
    })
}
