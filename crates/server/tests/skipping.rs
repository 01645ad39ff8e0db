//! When time is skipped, by the machine's clock.

use std::time::Duration;

use perpetua_proto::common::{WorkflowExecution, WorkflowType};
use perpetua_proto::enums::TaskQueueKind;
use perpetua_proto::taskqueue::{StickyExecutionAttributes, TaskQueue};
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_proto::workflowservice::*;
use perpetua_server::Server;
use tokio::time::{Instant, timeout};

fn poll(task_queue: TaskQueue) -> PollWorkflowTaskQueueRequest {
    PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(task_queue),
        identity: "worker".into(),
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_has_gone_without_a_word_is_not_waited_for() {
    let server = Server::builder().skip_time_unless_locked(0).start().expect("a server can be made");
    let mut client = WorkflowServiceClient::new(server.transport());
    let queue = TaskQueue { name: "queue".into(), ..Default::default() };
    let own = TaskQueue { name: "own".into(), kind: TaskQueueKind::Sticky.into(), normal_name: "queue".into() };
    let start = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(queue.clone()),
        ..Default::default()
    };
    client.start_workflow_execution(start).await.expect("it starts");
    let task = client.poll_workflow_task_queue(poll(queue.clone())).await.expect("there is a task").into_inner();
    let timeout_of_sticky = perpetua_proto::protobuf::Duration { seconds: 9, nanos: 0 };
    let answer = RespondWorkflowTaskCompletedRequest {
        task_token: task.task_token,
        sticky_attributes: Some(StickyExecutionAttributes {
            worker_task_queue: Some(own.clone()),
            schedule_to_start_timeout: Some(timeout_of_sticky),
        }),
        ..Default::default()
    };
    client.respond_workflow_task_completed(answer).await.expect("the answer is taken");
    let polled = timeout(Duration::from_millis(1), client.poll_workflow_task_queue(poll(own))).await;
    assert!(polled.is_err(), "there is nothing for the worker, which goes");

    let (before, begun) = (server.now(), Instant::now());
    let signal = SignalWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".into(), run_id: String::new() }),
        signal_name: "news".into(),
        ..Default::default()
    };
    client.signal_workflow_execution(signal).await.expect("it runs");
    let task = client.poll_workflow_task_queue(poll(queue)).await.expect("another worker takes it").into_inner();
    assert_eq!(task.workflow_execution.expect("it is of a workflow").workflow_id, "w");
    let waited = server.now().duration_since(before).expect("time goes on");
    assert!(waited >= Duration::from_secs(9), "the worker had its time: {waited:?}");
    assert!(begun.elapsed() < Duration::from_secs(1), "which was skipped: {:?}", begun.elapsed());
}
