//! The binary as whoever launches it sees it: what it prints, how it is reached, how it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use perpetua_proto::testservice::test_service_client::TestServiceClient;
use perpetua_proto::testservice::{LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest};
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_proto::workflowservice::{DescribeNamespaceRequest, GetSystemInfoRequest, PollWorkflowTaskQueueRequest};
use perpetua_proto::{common, taskqueue, workflowservice};
use tonic::Code;
use tonic::transport::Channel;

/// A server that runs; killed when dropped.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn perpetua(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perpetua"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Starts a server and waits until it says where it is.
fn start(arguments: &[&str]) -> Running {
    let mut child = perpetua(arguments).stdout(Stdio::piped()).spawn().expect("the binary is there");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let first = lines.next().expect("it says something").expect("it is text");
    let address = first.split_whitespace().last().expect("there are words").to_owned();
    assert!(first.starts_with("Server: "), "{first}");
    Running { child, address }
}

fn run(arguments: &[&str]) -> Output {
    perpetua(arguments).output().expect("the binary is there")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn channel(server: &Running) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{}", server.address)).expect("it is an address");
    endpoint.connect().await.expect("what says that it is ready is ready")
}

fn signal(server: &Running, name: &str) {
    let done = Command::new("kill").args([name, &server.child.id().to_string()]).status();
    assert!(done.expect("there is a kill").success());
}

#[tokio::test]
async fn a_development_server_is_ready_when_it_says_so_and_has_what_was_asked_for() {
    let server = start(&["server", "start-dev", "--port", "0", "--headless", "--namespace", "billing"]);
    let mut client = WorkflowServiceClient::new(channel(&server).await);
    client.get_system_info(GetSystemInfoRequest {}).await.expect("it answers");
    for namespace in ["default", "billing"] {
        let request = DescribeNamespaceRequest { namespace: namespace.into(), ..Default::default() };
        client.describe_namespace(request).await.expect("the namespace is there");
    }
    let mut test = TestServiceClient::new(channel(&server).await);
    let refused = test.lock_time_skipping(LockTimeSkippingRequest {}).await.expect_err("its time does not skip");
    assert_eq!(refused.code(), Code::Unimplemented);
}

#[tokio::test]
async fn it_stops_when_it_is_told_to_and_lets_nobody_wait() {
    for name in ["-INT", "-TERM"] {
        let mut server = start(&["server", "start-dev", "--port", "0"]);
        let mut client = WorkflowServiceClient::new(channel(&server).await);
        let request = PollWorkflowTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(taskqueue::TaskQueue { name: "queue".into(), ..Default::default() }),
            ..Default::default()
        };
        let mut waiting = client.clone();
        let poll = tokio::spawn(async move { waiting.poll_workflow_task_queue(request).await });
        client.get_system_info(GetSystemInfoRequest {}).await.expect("it answers");
        let begun = Instant::now();
        signal(&server, name);
        // Answered with nothing, or cut off where it had not arrived yet.
        let _ = poll.await.expect("it does not panic");
        let status = server.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_connection_carries_as_many_polls_as_a_client_likes_and_survives_when_all_are_given_up() {
    let server = start(&["server", "start-dev", "--port", "0"]);
    let mut client = WorkflowServiceClient::new(channel(&server).await);
    let mut polls = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let mut client = client.clone();
        let request = PollWorkflowTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(taskqueue::TaskQueue { name: format!("queue-{number}"), ..Default::default() }),
            ..Default::default()
        };
        polls.spawn(async move { client.poll_workflow_task_queue(request).await });
    }
    for _ in 0..2 {
        let answered = tokio::time::timeout(Duration::from_secs(20), client.get_system_info(GetSystemInfoRequest {}));
        answered.await.expect("the polls are not in the way").expect("it answers");
        polls.abort_all();
    }
}

#[test]
fn what_is_wrong_is_said_on_standard_error_and_in_the_exit_code() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let port = taken.local_addr().expect("it has an address").port().to_string();
    let output = run(&["server", "start-dev", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("cannot listen"), "{}", errors(&output));

    let output = run(&["server", "start-dev", "--no-such-flag"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("--no-such-flag"), "{}", errors(&output));

    let output = run(&["server", "start-dev", "--port", "0", "--search-attribute", "Color=Colour"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("Colour"), "{}", errors(&output));

    let output = run(&["server", "start-dev", "--port", "0", "--config", "/no/such/file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("/no/such/file"), "{}", errors(&output));
}

#[test]
fn a_flag_without_effect_is_said_to_have_none() {
    let mut child = perpetua(&["server", "start-dev", "--port", "0", "--ui-port", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is there");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut first).expect("it is text");
    child.kill().expect("it runs");
    let mut errors = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut errors).expect("it is text");
    child.wait().expect("it ends");
    assert!(errors.contains("--ui-port has no effect"), "{errors}");
}

#[tokio::test]
async fn a_file_has_everything_after_the_server_was_started_anew() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("world.db");
    let arguments = ["server", "start-dev", "--port", "0", "--db-filename", file.to_str().expect("it is unicode")];
    let first = start(&arguments);
    let request = workflowservice::StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        workflow_type: Some(common::WorkflowType { name: "greeting".into() }),
        task_queue: Some(taskqueue::TaskQueue { name: "queue".into(), ..Default::default() }),
        ..Default::default()
    };
    let mut client = WorkflowServiceClient::new(channel(&first).await);
    let started = client.start_workflow_execution(request).await.expect("it starts").into_inner();
    drop(first);
    let second = start(&arguments);
    let mut client = WorkflowServiceClient::new(channel(&second).await);
    let request = workflowservice::DescribeWorkflowExecutionRequest {
        namespace: "default".into(),
        execution: Some(common::WorkflowExecution { workflow_id: "w".into(), run_id: started.run_id }),
    };
    client.describe_workflow_execution(request).await.expect("it is there");
}

#[tokio::test]
async fn the_time_of_a_test_server_skips_while_it_is_not_locked() {
    for arguments in [&["server", "test", "0"][..], &["0"]] {
        let server = start(arguments);
        let mut client = TestServiceClient::new(channel(&server).await);
        let before = client.get_current_time(()).await.expect("it answers").into_inner().time.expect("it has a time");
        let month = perpetua_proto::protobuf::Duration { seconds: 30 * 24 * 3600, nanos: 0 };
        let slept = client.unlock_time_skipping_with_sleep(SleepRequest { duration: Some(month) });
        slept.await.expect("the time skips");
        let after = client.get_current_time(()).await.expect("it answers").into_inner().time.expect("it has a time");
        assert!((0..60).contains(&(after.seconds - before.seconds - month.seconds)), "{before:?} {after:?}");

        client.unlock_time_skipping(UnlockTimeSkippingRequest {}).await.expect("it was locked");
        let refused = client.unlock_time_skipping(UnlockTimeSkippingRequest {}).await.expect_err("it is not locked");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        client.sleep(SleepRequest { duration: Some(month) }).await.expect("the time skips");
    }
}
