//! Servers that keep what they know in a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use perpetua_proto::common::{WorkflowExecution, WorkflowType};
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_proto::workflowservice::*;
use perpetua_server::{Server, ServerError, StorageError, Transport};
use tonic::Code;

/// A folder of a test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("perpetua-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).expect("the folder is new");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("server.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> Result<Server, ServerError> {
    Server::builder().namespace("other").search_attribute("Colour", "Keyword").file(path).start()
}

fn refused(path: &Path) -> StorageError {
    match open(path) {
        Err(ServerError::Storage(error)) => error,
        other => panic!("it is not refused: {other:?}"),
    }
}

fn client(server: &Server) -> WorkflowServiceClient<Transport> {
    WorkflowServiceClient::new(server.transport())
}

fn start(id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(TaskQueue { name: "queue".into(), ..Default::default() }),
        request_id: uuid::Uuid::new_v4().to_string(),
        ..Default::default()
    }
}

fn poll() -> PollWorkflowTaskQueueRequest {
    PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(TaskQueue { name: "queue".into(), ..Default::default() }),
        ..Default::default()
    }
}

async fn describe(server: &Server, id: &str) -> Result<DescribeWorkflowExecutionResponse, tonic::Status> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: "default".into(),
        execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: String::new() }),
    };
    client(server).describe_workflow_execution(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn what_was_answered_is_there_when_the_file_is_opened_again() {
    let folder = Folder::new();
    let first = open(&folder.file()).expect("the file is new");
    let started = client(&first).start_workflow_execution(start("w")).await.expect("it starts").into_inner();
    let task = client(&first).poll_workflow_task_queue(poll()).await.expect("there is a task").into_inner();
    drop(first);
    let second = open(&folder.file()).expect("the first server is gone");
    let described = describe(&second, "w").await.expect("it is there");
    let execution = described.workflow_execution_info.and_then(|info| info.execution).unwrap_or_default();
    assert_eq!(execution.run_id, started.run_id);
    let answer = RespondWorkflowTaskFailedRequest { task_token: task.task_token, ..Default::default() };
    client(&second).respond_workflow_task_failed(answer).await.expect("the worker still has its task");
}

#[tokio::test]
async fn no_id_is_given_out_twice_whatever_the_seed() {
    let folder = Folder::new();
    let mut ids = std::collections::BTreeSet::new();
    for round in 0..4 {
        let server = Server::builder().seed(1).file(folder.file()).start().expect("nobody has the file");
        let started = client(&server).start_workflow_execution(start(&format!("w{round}"))).await.expect("it starts");
        // The part of an id that is not its time.
        assert!(ids.insert(started.into_inner().run_id.split_off(14)));
    }
}

#[tokio::test]
async fn a_server_that_is_shut_down_answers_those_who_wait_and_takes_no_more() {
    let folder = Folder::new();
    let server = open(&folder.file()).expect("the file is new");
    let listening = server.listen(([127, 0, 0, 1], 0).into()).await.expect("a port is free");
    client(&server).start_workflow_execution(start("w")).await.expect("it starts");
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(WorkflowExecution { workflow_id: "w".into(), run_id: String::new() }),
        wait_new_event: true,
        history_event_filter_type: 2,
        ..Default::default()
    };
    client(&server).poll_workflow_task_queue(poll()).await.expect("there is a task");
    let (mut poller, mut reader) = (client(&server), client(&server));
    let waits = tokio::spawn(async move { poller.poll_workflow_task_queue(poll()).await });
    let reads = tokio::spawn(async move { reader.get_workflow_execution_history(request).await });
    while server.waiting_calls() < 2 {
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
    let empty = waits.await.expect("it does not panic").expect("it is answered").into_inner();
    assert!(empty.task_token.is_empty());
    let news = reads.await.expect("it does not panic").expect("it is answered").into_inner();
    assert!(!news.next_page_token.is_empty(), "there is more to come");
    let refused = client(&server).start_workflow_execution(start("late")).await.expect_err("it is too late");
    assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "the server is being stopped"));
    assert!(tokio::net::TcpStream::connect(listening.address()).await.is_err(), "the port is closed");
    assert!(!folder.0.join("server.db-wal").exists(), "everything is in the one file");
    let again = open(&folder.file()).expect("the file is closed");
    assert!(describe(&again, "w").await.is_ok());
    assert_eq!(describe(&again, "late").await.map_err(|status| status.code()).err(), Some(Code::NotFound));
}

#[tokio::test]
async fn a_file_belongs_to_one_server() {
    let folder = Folder::new();
    let first = open(&folder.file()).expect("the file is new");
    assert!(
        refused(&folder.file())
            .to_string()
            .ends_with("is in use by another server; stop that one, or choose another file")
    );
    client(&first).start_workflow_execution(start("w")).await.expect("the first goes on");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(open(&folder.file()).expect("the file is new"));
    let change = |sql: &str| {
        rusqlite::Connection::open(folder.file())
            .and_then(|file| file.execute_batch(sql))
            .expect("nobody has the file");
    };
    change("INSERT INTO records VALUES (200, 'key', x'00')");
    assert!(refused(&folder.file()).to_string().contains("newer version of the server (records of kind 200"));
    change("DELETE FROM records WHERE kind = 200; PRAGMA user_version = 7");
    assert!(refused(&folder.file()).to_string().contains("newer version of the server (schema 7, this one knows"));
}

#[tokio::test]
async fn what_a_server_has_left_in_its_journal_is_taken_up() {
    let folder = Folder::new();
    let server = open(&folder.file()).expect("the file is new");
    client(&server).start_workflow_execution(start("w")).await.expect("it starts");
    // A copy of the file and its log is what is left when the server is killed now.
    let copy = folder.0.join("copy.db");
    for suffix in ["", "-wal"] {
        let from = folder.0.join(format!("server.db{suffix}"));
        std::fs::copy(from, folder.0.join(format!("copy.db{suffix}"))).expect("it is there");
    }
    drop(server);
    let rows = |path: &Path, table: &str| -> i64 {
        let file = rusqlite::Connection::open(path).expect("nobody has the file");
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("there is such a table")
    };
    assert_eq!(
        (rows(&folder.file(), "journal"), rows(&folder.file(), "history")),
        (0, 1),
        "nothing is left at its end"
    );
    assert_eq!(rows(&copy, "history"), 0);
    assert_ne!(rows(&copy, "journal"), 0);
    let again = open(&copy).expect("it can be read");
    assert!(describe(&again, "w").await.is_ok());
    drop(again);
    assert_eq!((rows(&copy, "journal"), rows(&copy, "history")), (0, 1));
}

#[tokio::test]
async fn much_that_is_written_goes_into_the_tables_and_is_there_again() {
    let folder = Folder::new();
    let server = open(&folder.file()).expect("the file is new");
    for number in 0..600 {
        client(&server).start_workflow_execution(start(&format!("w{number}"))).await.expect("it starts");
    }
    drop(server);
    let again = open(&folder.file()).expect("nobody has the file");
    for number in [0, 300, 599] {
        assert!(describe(&again, &format!("w{number}")).await.is_ok());
    }
}

#[tokio::test]
async fn a_file_in_which_runs_are_kept_by_their_ids_is_taken_over() {
    let folder = Folder::new();
    let server = open(&folder.file()).expect("the file is new");
    let started = client(&server).start_workflow_execution(start("w")).await.expect("it starts").into_inner();
    drop(server);
    let file = rusqlite::Connection::open(folder.file()).expect("nobody has the file");
    let id = &started.run_id;
    let as_of_old = format!(
        "UPDATE records SET key = '{id}' WHERE kind = 3; UPDATE history SET run = '{id}'; DROP TABLE journal;
         PRAGMA user_version = 1"
    );
    file.execute_batch(&as_of_old).expect("it is ours");
    drop(file);
    let server = open(&folder.file()).expect("it is of an older version");
    let described = describe(&server, "w").await.expect("it is there").workflow_execution_info.unwrap_or_default();
    assert_eq!((described.execution.unwrap_or_default().run_id, described.history_length), (started.run_id, 2));
    let task = client(&server).poll_workflow_task_queue(poll()).await.expect("its task is there").into_inner();
    assert_eq!(task.started_event_id, 3);
    drop(server);
    let server = open(&folder.file()).expect("what was added fits to what was there");
    let described = describe(&server, "w").await.expect("it is there").workflow_execution_info.unwrap_or_default();
    assert_eq!(described.history_length, 3);
}

#[tokio::test]
async fn a_file_that_is_no_server_s_is_refused_and_left_alone() {
    let folder = Folder::new();
    let text = folder.0.join("letter.txt");
    std::fs::write(&text, "Dear reader, this is not a database; ".repeat(100)).expect("there is room");
    assert!(matches!(refused(&text), StorageError::Foreign { .. }));
    let other = folder.0.join("other.db");
    let table =
        rusqlite::Connection::open(&other).and_then(|file| file.execute_batch("CREATE TABLE cakes (name TEXT)"));
    table.expect("there is room");
    let before = std::fs::read(&other).expect("it is there");
    assert!(matches!(refused(&other), StorageError::Foreign { .. }));
    assert_eq!(std::fs::read(&other).expect("it is there"), before);
}

#[tokio::test]
async fn a_place_where_no_file_can_be_is_refused() {
    let folder = Folder::new();
    let nowhere = folder.0.join("missing").join("server.db");
    assert!(matches!(refused(&nowhere), StorageError::NoFolder { .. }));
    assert!(matches!(refused(&folder.0), StorageError::Unwritable { .. }));
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    let server = open(&folder.file()).expect("the file is new");
    client(&server).start_workflow_execution(start("w")).await.expect("it starts");
    drop(server);
    let file = rusqlite::Connection::open(folder.file()).expect("nobody has the file");
    file.execute_batch("UPDATE history SET first = first + 1").expect("it is ours");
    drop(file);
    let error = refused(&folder.file());
    assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn skipped_time_does_not_come_back() {
    let folder = Folder::new();
    let server = Server::builder().skip_time().file(folder.file()).start().expect("the file is new");
    let month = Duration::from_secs(30 * 24 * 3600);
    let late = StartWorkflowExecutionRequest {
        workflow_run_timeout: Some(perpetua_proto::protobuf::Duration { seconds: 60 * 24 * 3600, nanos: 0 }),
        workflow_start_delay: Some(perpetua_proto::protobuf::Duration { seconds: 30 * 24 * 3600, nanos: 0 }),
        ..start("w")
    };
    let before = server.now();
    client(&server).start_workflow_execution(late).await.expect("it starts");
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(WorkflowExecution { workflow_id: "w".into(), run_id: String::new() }),
        wait_new_event: true,
        history_event_filter_type: 2,
        ..Default::default()
    };
    let mut waiting = client(&server);
    let waiting = tokio::spawn(async move { waiting.get_workflow_execution_history(request).await });
    client(&server).poll_workflow_task_queue(poll()).await.expect("its time comes");
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    assert!(server.now() >= before + month);
    drop(server);
    let again = Server::builder().file(folder.file()).start().expect("nobody has the file");
    assert!(again.now() >= before + month);
}

#[tokio::test]
async fn a_server_that_cannot_write_promises_nothing_more() {
    let folder = Folder::new();
    let change = |sql: &str| {
        let file = rusqlite::Connection::open(folder.file()).expect("nobody has the file");
        file.execute_batch(sql).expect("it is ours");
    };
    let server = open(&folder.file()).expect("the file is new");
    client(&server).start_workflow_execution(start("kept")).await.expect("it starts");
    drop(server);
    // There is room for one more: that it was started again.
    change(
        "CREATE TRIGGER full BEFORE INSERT ON journal WHEN (SELECT count(*) FROM journal) > 0
         BEGIN SELECT RAISE(ABORT, 'there is no room'); END",
    );
    let server = open(&folder.file()).expect("it is not full yet");
    client(&server).poll_workflow_task_queue(poll()).await.expect_err("that the task was started is an event");
    let waits = client(&server).poll_workflow_task_queue(poll()).await.expect_err("nobody waits in vain");
    let lost = client(&server).start_workflow_execution(start("lost")).await.expect_err("it is not stored");
    for refused in [waits, lost, describe(&server, "kept").await.expect_err("nothing is promised")] {
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(refused.message().contains("cannot store what happens"), "{refused}");
        assert!(refused.message().ends_with("there is no room"), "{refused}");
    }
    drop(server);
    change("DROP TRIGGER full");
    let server = open(&folder.file()).expect("nobody has the file");
    assert!(describe(&server, "kept").await.is_ok());
    assert_eq!(describe(&server, "lost").await.map_err(|status| status.code()).err(), Some(Code::NotFound));
    client(&server).poll_workflow_task_queue(poll()).await.expect("the task waits again");
}
