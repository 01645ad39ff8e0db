//! Waiting for workflows to end.

use std::time::Duration;

use perpetua_client::{StartError, WorkflowFailure, WorkflowHandle};
use perpetua_contract::{NamedWorkflow, Workflow};
use perpetua_proto::enums::{EventType, HistoryEventFilterType};
use perpetua_proto::history::{self, HistoryEvent, history_event::Attributes};
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
};
use perpetua_proto::{common, failure};
use perpetua_vocab::TimeoutKind;
use prost::Message;
use tokio::time::Instant;
use tonic::Status;

use crate::mock::Mock;

type Wait = GetWorkflowExecutionHistoryRequest;
type Named = NamedWorkflow<(), String>;

pub(crate) fn json(text: &'static str) -> common::Payloads {
    let payload = common::Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: text.into(),
        external_payloads: Vec::new(),
    };
    common::Payloads { payloads: vec![payload] }
}

fn page(event_type: EventType, attributes: Attributes) -> GetWorkflowExecutionHistoryResponse {
    let event = HistoryEvent {
        event_id: 5,
        event_time: Some(perpetua_proto::protobuf::Timestamp::default()),
        event_type: event_type.into(),
        attributes: Some(attributes),
        ..Default::default()
    };
    let history = Some(history::History { events: vec![event] });
    GetWorkflowExecutionHistoryResponse { history, ..Default::default() }
}

pub(crate) fn completed(result: &'static str, next: &str) -> GetWorkflowExecutionHistoryResponse {
    page(
        EventType::WorkflowExecutionCompleted,
        Attributes::WorkflowExecutionCompletedEventAttributes(Box::new(
            history::WorkflowExecutionCompletedEventAttributes {
                result: Some(json(result)),
                workflow_task_completed_event_id: 4,
                new_execution_run_id: next.to_owned(),
            },
        )),
    )
}

pub(crate) fn failed(failure: failure::Failure, next: &str) -> GetWorkflowExecutionHistoryResponse {
    page(
        EventType::WorkflowExecutionFailed,
        Attributes::WorkflowExecutionFailedEventAttributes(Box::new(history::WorkflowExecutionFailedEventAttributes {
            failure: Some(failure),
            retry_state: 1,
            workflow_task_completed_event_id: 4,
            new_execution_run_id: next.to_owned(),
        })),
    )
}

fn timed_out(next: &str) -> GetWorkflowExecutionHistoryResponse {
    let attributes =
        history::WorkflowExecutionTimedOutEventAttributes { retry_state: 3, new_execution_run_id: next.to_owned() };
    page(
        EventType::WorkflowExecutionTimedOut,
        Attributes::WorkflowExecutionTimedOutEventAttributes(Box::new(attributes)),
    )
}

fn continued(next: &str) -> GetWorkflowExecutionHistoryResponse {
    let attributes = history::WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id: next.to_owned(),
        workflow_type: Some(common::WorkflowType { name: "Order".to_owned() }),
        workflow_task_completed_event_id: 4,
        ..Default::default()
    };
    page(
        EventType::WorkflowExecutionContinuedAsNew,
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(Box::new(attributes)),
    )
}

pub(crate) fn application(failure_type: &str, message: &str) -> failure::Failure {
    failure::Failure {
        message: message.to_owned(),
        failure_info: Some(failure::failure::FailureInfo::ApplicationFailureInfo(failure::ApplicationFailureInfo {
            r#type: failure_type.to_owned(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn mock(pages: impl IntoIterator<Item = GetWorkflowExecutionHistoryResponse>) -> (Mock, WorkflowHandle<Named>) {
    let mock = Mock::new();
    mock.in_turn::<Wait>(pages.into_iter().map(Ok));
    let handle = mock.client().handle::<Named>("order-7");
    (mock, handle)
}

fn runs_asked(mock: &Mock) -> Vec<String> {
    mock.requests::<Wait>().into_iter().map(|request| request.execution.unwrap_or_default().run_id).collect()
}

#[tokio::test]
async fn a_result_is_the_value() {
    let (mock, handle) = mock([completed("\"done\"", "")]);
    assert_eq!(handle.result().await.expect("completed"), "done");
    let [request] = &mock.requests::<Wait>()[..] else { panic!("one wait") };
    assert!(request.wait_new_event && request.skip_archival);
    assert_eq!(request.history_event_filter_type(), HistoryEventFilterType::CloseEvent);
    assert_eq!(request.execution.as_ref().map(|execution| execution.workflow_id.as_str()), Some("order-7"));
}

#[tokio::test]
async fn a_result_is_that_of_the_last_run_of_the_chain() {
    let pages =
        [continued("r2"), failed(application("Flaky", "again"), "r3"), timed_out("r4"), completed("\"1\"", "r5")];
    let (mock, handle) = mock(pages.into_iter().chain([completed("\"done\"", "")]));
    assert_eq!(handle.result().await.expect("completed"), "done");
    assert_eq!(runs_asked(&mock), ["", "r2", "r3", "r4", "r5"]);
}

#[tokio::test]
async fn a_started_workflow_is_followed_from_the_run_that_was_started() {
    let (mock, _) = mock([continued("r2"), completed("\"done\"", "")]);
    mock.on(|_: StartWorkflowExecutionRequest| {
        Ok(StartWorkflowExecutionResponse { run_id: "r1".to_owned(), started: true, ..Default::default() })
    });
    let call = Workflow::named("Order").args(()).returning::<String>();
    assert_eq!(mock.client().run(call).task_queue("orders").await.expect("completed"), "done");
    assert_eq!(runs_asked(&mock), ["r1", "r2"]);
}

#[tokio::test]
async fn a_handle_at_a_run_is_of_that_run_only() {
    let (mock, handle) = mock([completed("\"first\"", "r2"), continued("r2")]);
    let pinned = handle.at_run("r1");
    assert_eq!(pinned.result().await.expect("completed"), "first");
    let failure = pinned.result().await.expect_err("continued");
    assert!(matches!(&failure, WorkflowFailure::ContinuedAsNew { run_id, .. } if run_id == "r2"), "{failure:?}");
    assert_eq!(runs_asked(&mock), ["r1", "r1"]);
}

#[tokio::test]
async fn the_first_run_only_is_an_option() {
    let (_, handle) = mock([continued("r2")]);
    let failure = handle.result().first_run_only().await.expect_err("continued");
    assert_eq!(failure.to_string(), "the run continued as new, as run r2");
}

#[tokio::test]
async fn nothing_yet_means_to_wait_again_where_the_answer_left_off() {
    let nothing = GetWorkflowExecutionHistoryResponse { next_page_token: "token".into(), ..Default::default() };
    let (mock, handle) = mock([nothing.clone(), nothing, completed("\"done\"", "")]);
    assert_eq!(handle.result().await.expect("completed"), "done");
    let tokens: Vec<_> = mock.requests::<Wait>().into_iter().map(|request| request.next_page_token).collect();
    assert_eq!(tokens, ["", "token", "token"]);
}

#[tokio::test]
async fn events_that_are_encoded_already_are_read() {
    let mut encoded = completed("\"done\"", "");
    let data = encoded.history.take().expect("a history").encode_to_vec().into();
    encoded.raw_history = vec![common::DataBlob { encoding_type: 1, data }];
    let (_, handle) = mock([encoded]);
    assert_eq!(handle.result().await.expect("completed"), "done");
}

#[tokio::test]
async fn each_way_to_end_has_its_variant() {
    let canceled = page(
        EventType::WorkflowExecutionCanceled,
        Attributes::WorkflowExecutionCanceledEventAttributes(Box::new(
            history::WorkflowExecutionCanceledEventAttributes {
                workflow_task_completed_event_id: 4,
                details: Some(json("1")),
            },
        )),
    );
    let terminated = page(
        EventType::WorkflowExecutionTerminated,
        Attributes::WorkflowExecutionTerminatedEventAttributes(Box::new(
            history::WorkflowExecutionTerminatedEventAttributes {
                reason: "enough".to_owned(),
                details: Some(json("2")),
                identity: "ann".to_owned(),
            },
        )),
    );
    let pages = [timed_out(""), canceled, terminated, failed(application("Declined", "no"), "")];
    let (_, handle) = mock(pages.into_iter().chain([failed(application("Elapsed", "too slow"), "")]));

    let failure = handle.result().await.expect_err("timed out");
    assert!(matches!(&failure, WorkflowFailure::Timeout(TimeoutKind::StartToClose, _)), "{failure:?}");
    assert!(failure.is_timeout() && !failure.is_canceled());
    assert_eq!(failure.to_string(), "the workflow took longer than it was given");

    let failure = handle.result().await.expect_err("canceled");
    assert!(failure.is_canceled() && failure.remote().is_some(), "{failure:?}");

    let failure = handle.result().await.expect_err("terminated");
    let WorkflowFailure::Terminated { reason, details, identity, .. } = &failure else { panic!("{failure:?}") };
    assert_eq!((reason.as_str(), &details[0].data[..], identity.as_str()), ("enough", &b"2"[..], "ann"));

    let failure = handle.result().await.expect_err("failed");
    assert!(failure.application().is_some() && !failure.is_timeout());
    assert_eq!(failure.to_string(), "Declined: no");

    let failure = handle.result().await.expect_err("a wait in it elapsed");
    assert!(failure.is_timeout(), "{failure:?}");
}

#[tokio::test]
async fn a_result_of_another_type_is_undecodable() {
    let (_, handle) = mock([completed("{}", "")]);
    let failure = handle.result().await.expect_err("no string");
    assert!(matches!(failure, WorkflowFailure::Undecodable(_)), "{failure:?}");
    assert_eq!(failure.to_string(), "the result of the workflow cannot be read");
    let source = std::error::Error::source(&failure).expect("a reason").to_string();
    assert!(source.contains("String"), "{source}");
}

#[tokio::test]
async fn a_workflow_that_does_not_exist_is_not_waited_for() {
    let mock = Mock::new();
    mock.in_turn::<Wait>([Err(Status::not_found("workflow not found for ID: order-7"))]);
    let failure = mock.client().handle::<Named>("order-7").result().await.expect_err("not found");
    assert!(failure.rpc().is_some_and(|error| error.is_not_found()), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn the_callers_time_is_over_when_it_is_over() {
    let mock = Mock::new();
    mock.silent::<Wait>();
    let start = Instant::now();
    let handle = mock.client().handle::<Named>("order-7");
    let failure = handle.result().timeout(Duration::from_secs(200)).await.expect_err("silence");
    assert_eq!(start.elapsed().as_secs(), 200);
    assert!(failure.rpc().is_some_and(|error| error.is_timeout()), "{failure:?}");
    assert!(!failure.is_timeout(), "the workflow goes on");
    assert_eq!(failure.to_string(), "GetWorkflowExecutionHistory at mock failed: no answer within 200s");
}

#[tokio::test]
async fn what_was_not_started_has_no_result() {
    let (_, handle) = mock([]);
    let call = Workflow::named("Order").args(()).returning::<String>();
    let failure = handle.client().run(call).await.expect_err("no task queue");
    assert!(matches!(&failure, WorkflowFailure::NotStarted(StartError::Invalid { .. })), "{failure:?}");
}
