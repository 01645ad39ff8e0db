//! Servers that crash in their process.

use std::time::{Duration, SystemTime};

use perpetua_proto::common::{WorkflowExecution, WorkflowType};
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_proto::workflowservice::*;
use perpetua_server::{Server, ServerError, Transport};
use tonic::Code;

fn client(server: &Server) -> WorkflowServiceClient<Transport> {
    WorkflowServiceClient::new(server.transport())
}

async fn start(server: &Server, id: &str) -> Result<(), Code> {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(queue()),
        request_id: uuid::Uuid::new_v4().to_string(),
        ..Default::default()
    };
    client(server).start_workflow_execution(request).await.map(drop).map_err(|status| status.code())
}

fn queue() -> TaskQueue {
    TaskQueue { name: "queue".into(), ..Default::default() }
}

async fn poll(server: Server, identity: &str) -> Result<PollWorkflowTaskQueueResponse, Code> {
    let request = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        identity: identity.into(),
        ..Default::default()
    };
    let polled = client(&server).poll_workflow_task_queue(request).await;
    polled.map(tonic::Response::into_inner).map_err(|status| status.code())
}

async fn is_there(server: &Server, id: &str) -> bool {
    let execution = Some(WorkflowExecution { workflow_id: id.into(), run_id: String::new() });
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution };
    client(server).describe_workflow_execution(request).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_is_there_after_a_crash_and_whoever_waits_is_cut_off() {
    let server = Server::builder().crashable().start().expect("it starts");
    let waiting = tokio::spawn(poll(server.clone(), "worker"));
    tokio::task::yield_now().await;
    server.crash().expect("it is crashable");
    assert_eq!(waiting.await.expect("it ends").map(drop), Err(Code::Unavailable));
    assert_eq!(start(&server, "refused").await, Err(Code::Unavailable));
    server.restart().expect("it starts again");
    start(&server, "first").await.expect("it is acknowledged");
    server.crash().expect("it is crashable");
    server.crash().expect("twice is once");
    assert!(!is_there(&server, "first").await);
    server.restart().expect("it starts again");
    assert!(is_there(&server, "first").await);
    assert!(!is_there(&server, "refused").await);
    let task = poll(server, "worker").await.expect("its task is offered again");
    assert_eq!(task.workflow_execution.expect("it has one").workflow_id, "first");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_time_waits_through_a_crash() {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
    let server = Server::builder().crashable().starts_at(begin).start().expect("it starts");
    let (sleeper, day) = (server.clone(), Duration::from_secs(86_400));
    let asleep = tokio::spawn(async move { sleeper.sleep(day).await });
    tokio::time::sleep(Duration::from_secs(60)).await;
    server.crash().expect("it is crashable");
    tokio::time::sleep(Duration::from_secs(60)).await;
    server.restart().expect("it starts again");
    asleep.await.expect("it ends").expect("the server is there");
    let passed = server.now().duration_since(begin).expect("time goes on");
    assert!(passed >= day && passed < day + Duration::from_secs(1), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn skipped_time_waits_for_a_worker_at_work_but_not_for_a_dead_one() {
    let server = Server::builder().crashable().skip_time().start().expect("it starts");
    start(&server, "first").await.expect("it is acknowledged");
    poll(server.clone(), "dead").await.expect("there is a task");
    let (begun, begun_here) = (server.now(), tokio::time::Instant::now());
    let sleep = tokio::spawn({
        let server = server.clone();
        async move { server.sleep(Duration::from_secs(3600)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(server.now().duration_since(begun).expect("time goes on") < Duration::from_secs(2), "it is held");
    server.forget_worker("dead");
    sleep.await.expect("it ends").expect("the server is there");
    assert!(begun_here.elapsed() < Duration::from_secs(10), "{:?}", begun_here.elapsed());
}

#[tokio::test]
async fn a_server_that_keeps_nothing_cannot_crash() {
    let server = Server::builder().start().expect("it starts");
    assert!(matches!(server.crash(), Err(ServerError::NotCrashable)));
    start(&server, "first").await.expect("it goes on");
}
