//! Updates.

use std::time::Duration;

use perpetua_client::{RequestError, UpdateFailure, WorkflowHandle};
use perpetua_contract::{NamedWorkflow, UpdateCall, UpdateTarget};
use perpetua_convert::AnyError;
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::UpdateWorkflowExecutionLifecycleStage as Stage;
use perpetua_proto::update::{Outcome, UpdateRef, outcome};
use perpetua_proto::workflowservice::{
    PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse, StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse, UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
};
use tokio::time::Instant;
use tonic::Status;

use crate::mock::Mock;
use crate::result::{application, json};

type Update = UpdateWorkflowExecutionRequest;
type Poll = PollWorkflowExecutionUpdateRequest;

fn reached(stage: Stage, outcome: Option<Outcome>) -> UpdateWorkflowExecutionResponse {
    let execution = WorkflowExecution { workflow_id: "order-7".to_owned(), run_id: "r2".to_owned() };
    UpdateWorkflowExecutionResponse {
        update_ref: Some(UpdateRef { workflow_execution: Some(execution), update_id: "u1".to_owned() }),
        outcome,
        stage: stage.into(),
        link: None,
    }
}

fn polled(outcome: Option<Outcome>) -> PollWorkflowExecutionUpdateResponse {
    PollWorkflowExecutionUpdateResponse { outcome, ..Default::default() }
}

fn success() -> Option<Outcome> {
    Some(Outcome { value: Some(outcome::Value::Success(json("3"))) })
}

fn failure() -> Option<Outcome> {
    Some(Outcome { value: Some(outcome::Value::Failure(application("Refused", "no"))) })
}

fn handle(mock: &Mock) -> WorkflowHandle<NamedWorkflow> {
    mock.client().handle::<NamedWorkflow>("order-7")
}

fn note() -> UpdateCall<NamedWorkflow, (String,), u32, AnyError> {
    UpdateCall::new("note", ("fragile".to_owned(),))
}

#[tokio::test]
async fn an_answer_may_come_at_once() {
    let mock = Mock::new();
    mock.in_turn::<Update>([Ok(reached(Stage::Completed, success()))]);
    assert_eq!(handle(&mock).update(note()).id("u1").await.expect("answered"), 3);
    let [request] = &mock.requests::<Update>()[..] else { panic!("one request") };
    assert_eq!(request.wait_policy.as_ref().map(|policy| policy.lifecycle_stage()), Some(Stage::Completed));
    let update = request.request.as_ref().expect("a request");
    let (meta, input) = (update.meta.as_ref().expect("meta"), update.input.as_ref().expect("input"));
    assert_eq!((meta.update_id.as_str(), meta.identity.as_str(), input.name.as_str()), ("u1", "tester", "note"));
    assert_eq!(&input.args.as_ref().expect("arguments").payloads[0].data[..], b"\"fragile\"");
}

#[tokio::test]
async fn a_request_is_repeated_until_the_update_is_accepted() {
    let mock = Mock::new();
    let answers = [reached(Stage::Unspecified, None), reached(Stage::Admitted, None), reached(Stage::Accepted, None)];
    mock.in_turn::<Update>(answers.map(Ok));
    let update = handle(&mock).update(note()).start().await.expect("accepted");
    assert_eq!(update.run_id().map(|run| run.as_str()), Some("r2"));
    let requests = mock.requests::<Update>();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request == &requests[0]), "the id makes them one");
    assert_eq!(requests[0].wait_policy.as_ref().map(|policy| policy.lifecycle_stage()), Some(Stage::Accepted));
    assert!(mock.seen::<Poll>().is_empty());
}

#[tokio::test]
async fn an_answer_that_takes_its_time_is_polled_for() {
    let mock = Mock::new();
    mock.in_turn::<Update>([Ok(reached(Stage::Accepted, None))]);
    mock.in_turn::<Poll>([Ok(polled(None)), Ok(polled(None)), Ok(polled(success()))]);
    assert_eq!(handle(&mock).update(note()).id("u1").await.expect("answered"), 3);
    let requests = mock.requests::<Poll>();
    assert_eq!(requests.len(), 3);
    let reference = requests[0].update_ref.as_ref().expect("a reference");
    let run = reference.workflow_execution.as_ref().map(|execution| execution.run_id.as_str());
    assert_eq!((reference.update_id.as_str(), run), ("u1", Some("r2")));
}

#[tokio::test]
async fn a_failure_is_the_updates_own() {
    let mock = Mock::new();
    mock.in_turn::<Update>([Ok(reached(Stage::Completed, failure()))]);
    let error = handle(&mock).update(note()).await.expect_err("refused");
    assert!(error.application().is_some(), "{error:?}");
    assert_eq!(error.to_string(), "Refused: no");
}

#[tokio::test]
async fn a_refusal_shows_when_the_result_is_awaited() {
    let mock = Mock::new();
    mock.in_turn::<Update>([Ok(reached(Stage::Completed, failure()))]);
    let update = handle(&mock).update(note()).start().await.expect("the server has answered");
    update.result().await.expect_err("refused");
    assert!(mock.seen::<Poll>().is_empty(), "the answer is known");
}

#[tokio::test]
async fn an_update_that_was_sent_before_is_found_by_its_id() {
    let mock = Mock::new();
    mock.in_turn::<Poll>([Ok(polled(success()))]);
    let update = handle(&mock).update_handle::<u32, AnyError>("u1");
    assert_eq!((update.id().as_str(), update.run_id()), ("u1", None));
    assert_eq!(update.result().await.expect("answered"), 3);
}

#[tokio::test(start_paused = true)]
async fn the_callers_time_is_not_the_updates() {
    let mock = Mock::new();
    mock.in_turn::<Update>([Ok(reached(Stage::Accepted, None))]);
    mock.silent::<Poll>();
    let start = Instant::now();
    let error = handle(&mock).update(note()).timeout(Duration::from_secs(90)).await.expect_err("silence");
    assert_eq!(start.elapsed().as_secs(), 90);
    assert!(matches!(&error, UpdateFailure::Rpc(error) if error.is_timeout()), "{error:?}");
    assert!(!error.is_timeout());
    assert_eq!(error.to_string(), "PollWorkflowExecutionUpdate at mock failed: no answer within 90s");
}

#[tokio::test]
async fn an_update_guards_the_chain_that_was_started() {
    let mock = Mock::new();
    mock.on(|_: StartWorkflowExecutionRequest| {
        Ok(StartWorkflowExecutionResponse { run_id: "r1".to_owned(), started: true, ..Default::default() })
    });
    mock.in_turn::<Update>([Err(Status::not_found("closed"))]);
    let call = perpetua_contract::Workflow::named("Order").args(());
    let handle = mock.client().start(call).task_queue("orders").id("order-7").await.expect("started");
    let error = handle.update_named::<_, (), AnyError>("note", ()).start().await.expect_err("closed");
    assert!(matches!(&error, RequestError::Rpc(error) if error.is_not_found()), "{error:?}");
    let request = &mock.requests::<Update>()[0];
    assert_eq!(request.first_execution_run_id, "r1");
    assert_eq!(request.workflow_execution.as_ref().map(|execution| execution.run_id.as_str()), Some(""));
}

#[test]
fn what_is_awaited_may_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let mock = Mock::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let _guard = runtime.enter();
    is_send(handle(&mock).update(note()).start());
    is_send(handle(&mock).update_handle::<u32, AnyError>("u1"));
    is_send(async move { handle(&mock).history().pages().next().await.is_ok() });
}
