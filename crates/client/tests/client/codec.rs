//! Codecs: everything that carries a user's value passes them, in both directions.

use perpetua_client::{Client, IdConflict, QueryFailure, StartError, WorkflowFailure};
use perpetua_contract::{NamedWorkflow, SignalCall, Workflow};
use perpetua_convert::{AnyError, BoxFuture, CodecError, DataConverter, PayloadCodec};
use perpetua_proto::common::Payload as Wire;
use perpetua_proto::errordetails::QueryFailedFailure;
use perpetua_proto::update::{Outcome, outcome};
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest, QueryWorkflowRequest, QueryWorkflowResponse,
    SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse, SignalWorkflowExecutionRequest,
    SignalWorkflowExecutionResponse, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    TerminateWorkflowExecutionResponse, UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
};
use perpetua_vocab::{EventKind, Payload};
use tonic::Code;

use crate::mock::{Mock, status_with};
use crate::result::{application, completed, failed, json};

/// Turns the bytes around.
#[derive(Debug)]
struct Reverse;

impl PayloadCodec for Reverse {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async move { Ok(payloads.into_iter().map(reversed).collect()) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        self.encode(payloads)
    }
}

fn reversed(mut payload: Payload) -> Payload {
    payload.data = payload.data.iter().rev().copied().collect();
    payload
}

fn backwards(mock: &Mock) -> Client {
    mock.builder().converter(DataConverter::default().with_codec(Reverse)).lazy().expect("valid")
}

fn data(payload: Option<&Wire>) -> &str {
    payload.map_or("none", |payload| std::str::from_utf8(&payload.data).expect("text"))
}

#[tokio::test]
async fn a_start_passes_them_out() {
    let mock = Mock::new();
    mock.on(|_: SignalWithStartWorkflowExecutionRequest| Ok(SignalWithStartWorkflowExecutionResponse::default()));
    let call = Workflow::named("Order").args(("abc".to_owned(),));
    let start = backwards(&mock).start(call).task_queue("q").memo("m", 12).summary("one").details("two");
    start.with_signal(SignalCall::new("s", (34,))).id_conflict(IdConflict::UseExisting).await.expect("started");
    let request = &mock.requests::<SignalWithStartWorkflowExecutionRequest>()[0];
    assert_eq!(data(request.input.as_ref().and_then(|input| input.payloads.first())), "\"cba\"");
    assert_eq!(data(request.signal_input.as_ref().and_then(|input| input.payloads.first())), "43");
    assert_eq!(data(request.memo.as_ref().and_then(|memo| memo.fields.get("m"))), "21");
    let metadata = request.user_metadata.as_ref().expect("metadata");
    assert_eq!((data(metadata.summary.as_ref()), data(metadata.details.as_ref())), ("\"eno\"", "\"owt\""));
}

#[tokio::test]
async fn messages_pass_them_out_and_answers_in() {
    let mock = Mock::new();
    mock.on(|_: SignalWorkflowExecutionRequest| Ok(SignalWorkflowExecutionResponse::default()));
    mock.on(|_: QueryWorkflowRequest| {
        Ok(QueryWorkflowResponse { query_result: Some(json("12")), ..Default::default() })
    });
    mock.on(|_: UpdateWorkflowExecutionRequest| {
        let outcome = Some(Outcome { value: Some(outcome::Value::Success(json("34"))) });
        Ok(UpdateWorkflowExecutionResponse { outcome, ..Default::default() })
    });
    mock.on(|_: TerminateWorkflowExecutionRequest| Ok(TerminateWorkflowExecutionResponse::default()));
    let handle = backwards(&mock).handle::<NamedWorkflow>("order-7");
    handle.signal_named("s", (56,)).await.expect("delivered");
    assert_eq!(handle.query_named::<_, u32>("q", (78,)).await.expect("answered"), 21);
    assert_eq!(handle.update_named::<_, u32, AnyError>("u", (90,)).await.expect("answered"), 43);
    handle.terminate().details(13).await.expect("ended");

    let signal = &mock.requests::<SignalWorkflowExecutionRequest>()[0];
    assert_eq!(data(signal.input.as_ref().and_then(|input| input.payloads.first())), "65");
    let query = &mock.requests::<QueryWorkflowRequest>()[0];
    let arguments = query.query.as_ref().and_then(|query| query.query_args.as_ref());
    assert_eq!(data(arguments.and_then(|input| input.payloads.first())), "87");
    let update = &mock.requests::<UpdateWorkflowExecutionRequest>()[0];
    let input = update.request.as_ref().and_then(|request| request.input.as_ref());
    assert_eq!(data(input.and_then(|input| input.args.as_ref()).and_then(|args| args.payloads.first())), "09");
    let terminate = &mock.requests::<TerminateWorkflowExecutionRequest>()[0];
    assert_eq!(data(terminate.details.as_ref().and_then(|details| details.payloads.first())), "31");
}

#[tokio::test]
async fn results_histories_and_failures_pass_them_in() {
    let mock = Mock::new();
    let mut hidden = application("Declined", "Encoded failure");
    hidden.encoded_attributes = json(r#"}"":"ecart_kcats","on":"egassem"{"#).payloads.pop();
    let detail = QueryFailedFailure { failure: Some(hidden.clone()) };
    let status = status_with(Code::InvalidArgument, "Encoded failure", "QueryFailedFailure", &detail);
    mock.in_turn::<QueryWorkflowRequest>([Err(status)]);
    mock.in_turn::<GetWorkflowExecutionHistoryRequest>(
        [completed("21", ""), failed(hidden.clone(), ""), completed("21", ""), failed(hidden, "")].map(Ok),
    );
    let handle = backwards(&mock).handle::<NamedWorkflow<(), u32>>("order-7");
    assert_eq!(handle.result().await.expect("completed"), 12);
    let failure = handle.result().await.expect_err("failed");
    assert!(matches!(&failure, WorkflowFailure::Application(..)), "{failure:?}");
    assert_eq!(failure.to_string(), "Declined: no");

    let EventKind::WorkflowCompleted(event) = &handle.history().await.expect("a history").events[0].kind.clone() else {
        panic!("no completion")
    };
    assert_eq!(&event.result.as_ref().expect("a result")[0].data[..], b"12");
    let EventKind::WorkflowFailed(event) = &handle.history().await.expect("a history").events[0].kind.clone() else {
        panic!("no failure")
    };
    assert_eq!(event.failure.as_ref().expect("a failure").message, "no");

    let failure = handle.query_named::<_, u32>("q", ()).await.expect_err("failed");
    assert!(matches!(&failure, QueryFailure::Failed(remote) if remote.message() == "no"), "{failure:?}");
}

/// Gives up.
#[derive(Debug)]
struct Broken;

impl PayloadCodec for Broken {
    fn encode(&self, _payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Err(CodecError::new("no key")) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        self.encode(payloads)
    }
}

#[tokio::test]
async fn a_codec_that_gives_up_stops_the_call() {
    let mock = Mock::new();
    mock.in_turn::<GetWorkflowExecutionHistoryRequest>([Ok(completed("1", ""))]);
    let client = mock.builder().converter(DataConverter::default().with_codec(Broken)).lazy().expect("valid");
    let call = Workflow::named("Order").args((1,));
    let error = client.start(call).task_queue("q").await.expect_err("no key");
    assert!(matches!(&error, StartError::Unencodable { .. }), "{error:?}");
    assert!(mock.seen::<StartWorkflowExecutionRequest>().is_empty());
    let failure = client.handle::<NamedWorkflow<(), u32>>("order-7").result().await.expect_err("no key");
    assert!(matches!(&failure, WorkflowFailure::Undecodable(_)), "{failure:?}");
}
