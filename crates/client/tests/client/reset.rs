//! Resets, as the server gets them.

use std::time::Duration;

use perpetua_client::ResetPoint;
use perpetua_contract::NamedWorkflow;
use perpetua_proto::enums::{EventType, ResetReapplyExcludeType};
use perpetua_proto::history::{History, HistoryEvent, WorkflowTaskCompletedEventAttributes, history_event::Attributes};
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest as Get, GetWorkflowExecutionHistoryResponse,
    ResetWorkflowExecutionRequest as Reset, ResetWorkflowExecutionResponse,
};
use perpetua_vocab::EventId;

use crate::mock::Mock;

fn event(id: i64, event_type: EventType, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        event_time: Some(perpetua_proto::protobuf::Timestamp::default()),
        event_type: event_type.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}

fn scheduled(id: i64) -> HistoryEvent {
    let attributes = Attributes::WorkflowTaskScheduledEventAttributes(Default::default());
    event(id, EventType::WorkflowTaskScheduled, attributes)
}

fn completed(id: i64) -> HistoryEvent {
    let attributes = WorkflowTaskCompletedEventAttributes { scheduled_event_id: 1, ..Default::default() };
    let attributes = Attributes::WorkflowTaskCompletedEventAttributes(Box::new(attributes));
    event(id, EventType::WorkflowTaskCompleted, attributes)
}

/// The event that the server is told, given what the history has.
async fn finish_event(point: ResetPoint, events: Vec<HistoryEvent>) -> i64 {
    let mock = Mock::new();
    mock.on(move |_: Get| {
        let history = Some(History { events: events.clone() });
        Ok(GetWorkflowExecutionHistoryResponse { history, ..Default::default() })
    });
    mock.on(|_: Reset| Ok(ResetWorkflowExecutionResponse { run_id: "r2".into() }));
    let handle = mock.client().handle::<NamedWorkflow<(), ()>>("order-7");
    let again = handle.reset(point).await.expect("it is reset");
    assert_eq!(again.run_id().map(|run| run.as_str()), Some("r2"));
    mock.requests::<Reset>()[0].workflow_task_finish_event_id
}

#[tokio::test]
async fn the_first_and_the_last_task_are_looked_up() {
    let history = || vec![scheduled(2), completed(4), scheduled(7), completed(9), scheduled(11)];
    assert_eq!(finish_event(ResetPoint::FirstTask, history()).await, 4);
    assert_eq!(finish_event(ResetPoint::LastTask, history()).await, 9);
    assert_eq!(finish_event(ResetPoint::LastTask, vec![scheduled(2)]).await, 3, "the one under way");
    assert_eq!(finish_event(ResetPoint::FirstTask, Vec::new()).await, 0, "the server says what is wrong");
}

#[tokio::test]
async fn all_that_was_said_is_sent() {
    let mock = Mock::new();
    mock.on(|_: Reset| Ok(ResetWorkflowExecutionResponse { run_id: "r2".into() }));
    let handle = mock.client().handle::<NamedWorkflow<(), ()>>("order-7").at_run("r1");
    let point = ResetPoint::Event(EventId::new(14).expect("it is positive"));
    let reset = handle.reset(point).reason("a wrong price").without_signals().without_updates();
    reset.timeout(Duration::from_secs(5)).await.expect("it is reset");
    let request = &mock.requests::<Reset>()[0];
    let execution = request.workflow_execution.as_ref().expect("it names the workflow");
    assert_eq!((execution.workflow_id.as_str(), execution.run_id.as_str()), ("order-7", "r1"));
    assert_eq!((request.workflow_task_finish_event_id, request.reason.as_str()), (14, "a wrong price"));
    let excluded = [ResetReapplyExcludeType::Signal, ResetReapplyExcludeType::Update].map(i32::from);
    assert_eq!(request.reset_reapply_exclude_types, excluded);
    assert!(!request.request_id.is_empty(), "a call that is tried again resets once");
}
