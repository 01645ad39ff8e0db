//! Signals, queries, cancellation and termination.

use std::collections::BTreeMap;
use std::time::Duration;

use perpetua_client::{QueryFailure, QueryReject, RequestError, WorkflowHandle, WorkflowStatus};
use perpetua_contract::{NamedWorkflow, QueryCall, QueryTarget, SignalCall, SignalTarget};
use perpetua_proto::enums::QueryRejectCondition;
use perpetua_proto::errordetails::QueryFailedFailure;
use perpetua_proto::query::QueryRejected;
use perpetua_proto::workflowservice::{
    QueryWorkflowRequest, QueryWorkflowResponse, RequestCancelWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionResponse, SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse,
    TerminateWorkflowExecutionRequest, TerminateWorkflowExecutionResponse,
};
use tonic::{Code, Status};

use crate::mock::{Mock, status_with};
use crate::result::{application, json};

type Query = QueryWorkflowRequest;
type Signal = SignalWorkflowExecutionRequest;
type Cancel = RequestCancelWorkflowExecutionRequest;
type Terminate = TerminateWorkflowExecutionRequest;

fn handle(mock: &Mock) -> WorkflowHandle<NamedWorkflow> {
    mock.client().handle::<NamedWorkflow>("order-7")
}

fn count() -> QueryCall<NamedWorkflow, (u8,), u32> {
    QueryCall::new("count", (1,))
}

#[tokio::test]
async fn a_signal_goes_to_the_current_run() {
    let mock = Mock::new();
    mock.on(|_: Signal| Ok(SignalWorkflowExecutionResponse::default()));
    let handle = handle(&mock);
    handle.signal(SignalCall::new("approve", ("ann".to_owned(),))).await.expect("delivered");
    handle.at_run("r2").signal_named("approve", ()).request_id("q").await.expect("delivered");
    let [first, second] = &mock.requests::<Signal>()[..] else { panic!("two signals") };
    assert_eq!((first.signal_name.as_str(), first.identity.as_str()), ("approve", "tester"));
    assert_eq!(&first.input.as_ref().expect("arguments").payloads[0].data[..], b"\"ann\"");
    let run = |request: &Signal| request.workflow_execution.clone().unwrap_or_default().run_id;
    assert_eq!((run(first).as_str(), run(second).as_str()), ("", "r2"));
    assert_eq!((first.request_id.len(), second.request_id.as_str()), (36, "q"));
}

#[tokio::test]
async fn a_signal_that_cannot_be_sent_is_not() {
    let mock = Mock::new();
    let error = handle(&mock).signal_named("map", (BTreeMap::from([((1, 2), 3)]),)).await.expect_err("not JSON");
    assert!(matches!(&error, RequestError::Unencodable(_)), "{error:?}");
    assert!(mock.seen::<Signal>().is_empty());
}

#[tokio::test]
async fn a_query_has_an_answer() {
    let mock = Mock::new();
    mock.on(|_: Query| Ok(QueryWorkflowResponse { query_result: Some(json("4")), ..Default::default() }));
    assert_eq!(handle(&mock).query(count()).await.expect("answered"), 4);
    let [request] = &mock.requests::<Query>()[..] else { panic!("one query") };
    let query = request.query.as_ref().expect("a query");
    assert_eq!(query.query_type, "count");
    assert_eq!(&query.query_args.as_ref().expect("arguments").payloads[0].data[..], b"1");
    assert_eq!(request.query_reject_condition(), QueryRejectCondition::None);
}

#[tokio::test]
async fn a_handler_that_failed_says_why() {
    let mock = Mock::new();
    let detail = QueryFailedFailure { failure: Some(application("Broken", "no count")) };
    let status = status_with(Code::InvalidArgument, "no count", "QueryFailedFailure", &detail);
    let old = status_with(Code::InvalidArgument, "in words", "QueryFailedFailure", &QueryFailedFailure::default());
    mock.in_turn::<Query>([Err(status), Err(old), Err(Status::invalid_argument("Invalid RunId."))]);
    let handle = handle(&mock);
    let failure = handle.query(count()).await.expect_err("failed");
    assert!(matches!(&failure, QueryFailure::Failed(remote) if remote.failure_type() == Some("Broken")), "{failure:?}");
    let failure = handle.query(count()).await.expect_err("failed, told in words only");
    assert!(matches!(&failure, QueryFailure::Failed(remote) if remote.message() == "in words"), "{failure:?}");
    let failure = handle.query(count()).await.expect_err("a bad request");
    assert!(matches!(&failure, QueryFailure::Rpc(_)), "{failure:?}");
}

#[tokio::test]
async fn a_closed_workflow_may_be_left_alone() {
    let mock = Mock::new();
    mock.on(|_: Query| {
        let query_rejected = Some(QueryRejected { status: 2 });
        Ok(QueryWorkflowResponse { query_rejected, ..Default::default() })
    });
    let failure = handle(&mock).query(count()).reject_if(QueryReject::NotOpen).await.expect_err("rejected");
    assert!(matches!(&failure, QueryFailure::Rejected { status: WorkflowStatus::Completed, .. }), "{failure:?}");
    assert_eq!(failure.to_string(), "the workflow is completed, so it was not queried");
    assert_eq!(mock.requests::<Query>()[0].query_reject_condition(), QueryRejectCondition::NotOpen);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_no_worker_answers_says_what_to_look_at() {
    let mock = Mock::new();
    mock.silent::<Query>();
    let failure = handle(&mock).query(count()).timeout(Duration::from_secs(3)).await.expect_err("silence");
    assert_eq!(
        failure.to_string(),
        "QueryWorkflow at mock failed: no answer within 3s; queries are answered by workers: check that one polls the \
         workflow's task queue"
    );
}

#[tokio::test]
async fn an_answer_of_another_type_is_undecodable() {
    let mock = Mock::new();
    mock.on(|_: Query| Ok(QueryWorkflowResponse { query_result: Some(json("{}")), ..Default::default() }));
    let failure = handle(&mock).query(count()).await.expect_err("no number");
    assert!(matches!(&failure, QueryFailure::Undecodable(_)), "{failure:?}");
}

#[tokio::test]
async fn stopping_spares_another_workflow_of_the_same_id() {
    let mock = Mock::new();
    mock.on(|_: Cancel| Ok(RequestCancelWorkflowExecutionResponse::default()));
    mock.on(|_: Terminate| Ok(TerminateWorkflowExecutionResponse::default()));
    let handle = handle(&mock);
    let chain = handle.of_chain("r1");
    chain.cancel().reason("changed my mind").await.expect("asked");
    chain.terminate().reason("enough").details(7).await.expect("ended");
    handle.cancel().await.expect("asked");
    handle.at_run("r3").terminate().await.expect("ended");

    let [first, second] = &mock.requests::<Cancel>()[..] else { panic!("two cancellations") };
    assert_eq!((first.first_execution_run_id.as_str(), first.reason.as_str()), ("r1", "changed my mind"));
    assert_eq!(first.workflow_execution.as_ref().map(|execution| execution.run_id.as_str()), Some(""));
    assert_eq!(second.first_execution_run_id, "");
    let [first, second] = &mock.requests::<Terminate>()[..] else { panic!("two terminations") };
    assert_eq!((first.first_execution_run_id.as_str(), first.reason.as_str()), ("r1", "enough"));
    assert_eq!(&first.details.as_ref().expect("details").payloads[0].data[..], b"7");
    assert_eq!(second.workflow_execution.as_ref().map(|execution| execution.run_id.as_str()), Some("r3"));
    assert!(second.details.is_none());
}
