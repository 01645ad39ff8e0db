//! Descriptions.

use std::time::{Duration, UNIX_EPOCH};

use perpetua_client::{PayloadError, PendingActivityState, RequestError, WorkflowStatus};
use perpetua_contract::NamedWorkflow;
use perpetua_convert::SearchAttributeKey;
use perpetua_proto::workflow::{
    PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo, WorkflowExecutionConfig,
    WorkflowExecutionExtendedInfo, WorkflowExecutionInfo,
};
use perpetua_proto::workflowservice::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse};
use perpetua_proto::{common, sdk};

use crate::mock::Mock;
use crate::result::{application, json};

fn payload(text: &'static str) -> common::Payload {
    json(text).payloads.remove(0)
}

fn response() -> DescribeWorkflowExecutionResponse {
    let time = |seconds| Some(perpetua_proto::protobuf::Timestamp { seconds, nanos: 0 });
    let duration = |seconds| Some(perpetua_proto::protobuf::Duration { seconds, nanos: 0 });
    DescribeWorkflowExecutionResponse {
        execution_config: Some(WorkflowExecutionConfig {
            workflow_execution_timeout: duration(0),
            workflow_run_timeout: duration(60),
            user_metadata: Some(sdk::UserMetadata { summary: Some(payload("\"one line\"")), details: None }),
            ..Default::default()
        }),
        workflow_execution_info: Some(WorkflowExecutionInfo {
            execution: Some(common::WorkflowExecution { workflow_id: "order-7".to_owned(), run_id: "r2".to_owned() }),
            first_run_id: "r1".to_owned(),
            r#type: Some(common::WorkflowType { name: "Order".to_owned() }),
            task_queue: "orders".to_owned(),
            status: 1,
            start_time: time(5),
            history_length: 9,
            memo: Some(common::Memo { fields: [("note".to_owned(), payload("\"fragile\""))].into() }),
            search_attributes: Some(common::SearchAttributes {
                indexed_fields: [("CustomerId".to_owned(), payload("\"ann\""))].into(),
            }),
            ..Default::default()
        }),
        pending_activities: vec![PendingActivityInfo {
            activity_id: "1".to_owned(),
            activity_type: Some(common::ActivityType { name: "charge".to_owned() }),
            state: 2,
            attempt: 3,
            heartbeat_details: Some(json("50")),
            last_failure: Some(application("Down", "bank is down")),
            ..Default::default()
        }],
        pending_children: vec![PendingChildExecutionInfo {
            workflow_id: "child".to_owned(),
            initiated_id: 7,
            ..Default::default()
        }],
        pending_workflow_task: Some(PendingWorkflowTaskInfo { state: 2, attempt: 1, ..Default::default() }),
        workflow_extended_info: Some(WorkflowExecutionExtendedInfo { cancel_requested: true, ..Default::default() }),
        ..Default::default()
    }
}

#[tokio::test]
async fn what_the_server_says_has_types() {
    let mock = Mock::new();
    mock.in_turn::<DescribeWorkflowExecutionRequest>([Ok(response())]);
    let description = mock.client().handle::<NamedWorkflow>("order-7").describe().await.expect("described");
    assert_eq!((description.id.as_str(), description.run_id.as_str()), ("order-7", "r2"));
    assert_eq!(description.first_run_id.as_ref().map(|run| run.as_str()), Some("r1"));
    assert_eq!((description.workflow_type.as_str(), description.task_queue.as_str()), ("Order", "orders"));
    assert!(description.status == WorkflowStatus::Running && description.status.is_open());
    assert_eq!(description.start_time, Some(UNIX_EPOCH + Duration::from_secs(5)));
    assert_eq!((description.close_time, description.history_length), (None, 9));
    assert_eq!((description.execution_timeout, description.run_timeout), (None, Some(Duration::from_secs(60))));
    assert_eq!(description.summary.as_deref(), Some("one line"));
    assert!(description.cancel_requested);
    assert_eq!(description.memo::<String>("note").expect("text").as_deref(), Some("fragile"));
    assert_eq!(description.memo::<String>("other").expect("nothing to read"), None);
    assert!(matches!(description.memo::<u32>("note"), Err(PayloadError::Conversion(_))));
    let customer = SearchAttributeKey::keyword("CustomerId");
    assert_eq!(description.search_attribute(customer).expect("text").as_deref(), Some("ann"));
    let as_number = description.search_attribute(SearchAttributeKey::int("CustomerId"));
    assert!(matches!(as_number, Err(PayloadError::Conversion(_))));
    assert_eq!(description.search_attributes().names().collect::<Vec<_>>(), ["CustomerId"]);

    let [activity] = &description.pending_activities[..] else { panic!("one activity") };
    assert_eq!((activity.activity_type.as_str(), activity.attempt), ("charge", 3));
    assert_eq!(activity.state, PendingActivityState::Started);
    assert_eq!(&activity.heartbeat_details[0].data[..], b"50");
    assert_eq!(activity.last_failure.as_ref().map(ToString::to_string).as_deref(), Some("Down: bank is down"));
    assert_eq!(description.pending_children[0].id, "child");
    assert!(description.pending_workflow_task.as_ref().is_some_and(|task| task.started && task.attempt == 1));
    assert_eq!(description.raw(), &response());
}

#[tokio::test]
async fn a_description_without_a_workflow_is_malformed() {
    let mock = Mock::new();
    mock.in_turn::<DescribeWorkflowExecutionRequest>([Ok(DescribeWorkflowExecutionResponse::default())]);
    let error = mock.client().handle::<NamedWorkflow>("order-7").describe().await.expect_err("nothing described");
    assert!(matches!(&error, RequestError::Undecodable(PayloadError::Malformed(_))), "{error:?}");
}
