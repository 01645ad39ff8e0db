//! Histories, page by page.

use perpetua_client::WorkflowHandle;
use perpetua_contract::NamedWorkflow;
use perpetua_proto::history::History;
use perpetua_proto::workflowservice::{GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse};
use prost::Message;
use tonic::Status;

use crate::mock::Mock;
use crate::result::completed;

type Get = GetWorkflowExecutionHistoryRequest;

/// Two pages, of which the first one says where the second begins.
fn pages() -> (Mock, WorkflowHandle<NamedWorkflow>) {
    let mock = Mock::new();
    mock.on(|request: Get| match &request.next_page_token[..] {
        b"" => Ok(GetWorkflowExecutionHistoryResponse { next_page_token: "two".into(), ..completed("1", "") }),
        b"two" => Ok(completed("2", "")),
        other => Err(Status::invalid_argument(format!("token {other:?}"))),
    });
    let handle = mock.client().handle::<NamedWorkflow>("order-7");
    (mock, handle)
}

#[tokio::test]
async fn a_history_is_all_its_pages() {
    let (mock, handle) = pages();
    assert_eq!(handle.history().await.expect("a history").events.len(), 2);
    assert!(mock.requests::<Get>().iter().all(|request| !request.wait_new_event));
}

#[tokio::test]
async fn pages_come_one_by_one_and_end() {
    let (mock, handle) = pages();
    let mut pages = handle.history().until_closed().page_size(7).skip_archive().pages();
    assert_eq!(pages.next().await.expect("a page").map(|events| events.len()), Some(1));
    assert_eq!(mock.seen::<Get>().len(), 1);
    assert_eq!(pages.next().await.expect("a page").map(|events| events.len()), Some(1));
    assert!(pages.next().await.expect("the end").is_none());
    assert!(pages.next().await.expect("still the end").is_none());
    let requests = mock.requests::<Get>();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.wait_new_event && request.skip_archival));
    assert_eq!(requests[1].maximum_page_size, 7);
}

#[tokio::test]
async fn after_an_error_the_same_page_is_tried_again() {
    let (mock, handle) = pages();
    let mut pages = handle.history().pages();
    pages.next().await.expect("the first page");
    mock.in_turn::<Get>([Err(Status::permission_denied("not now")), Ok(completed("2", ""))]);
    pages.next().await.expect_err("not now");
    assert_eq!(pages.next().await.expect("the second page").map(|events| events.len()), Some(1));
    assert!(mock.requests::<Get>().iter().skip(1).all(|request| request.next_page_token == "two"));
}

#[tokio::test]
async fn raw_is_the_protobuf_message() {
    let (_, handle) = pages();
    let bytes = handle.history().raw().await.expect("a history");
    assert_eq!(History::decode(bytes).expect("a history").events.len(), 2);
}
