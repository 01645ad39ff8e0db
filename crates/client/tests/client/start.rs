//! Starting workflows.

use std::collections::BTreeMap;
use std::time::Duration;

use perpetua_client::{IdConflict, IdReuse, StartError};
use perpetua_contract::{NamedWorkflow, SignalCall, Workflow, WorkflowCall};
use perpetua_convert::{Bool, Double, Keyword, SearchAttributeKey};
use perpetua_proto::deployment::WorkerDeploymentVersion as DeploymentVersion;
use perpetua_proto::enums::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy};
use perpetua_proto::errordetails::WorkflowExecutionAlreadyStartedFailure;
use perpetua_proto::workflow;
use perpetua_proto::workflow::versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior};
use perpetua_proto::workflowservice::{
    SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse, StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
};
use perpetua_vocab::{Priority, RetryPolicy, VersioningOverride, WorkerDeploymentVersion};
use tonic::{Code, Status};

use crate::mock::{Mock, status_with};

type Start = StartWorkflowExecutionRequest;

const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomerId");
const PAID: SearchAttributeKey<Bool> = SearchAttributeKey::bool("Paid");
const RATE: SearchAttributeKey<Double> = SearchAttributeKey::double("Rate");

fn call() -> WorkflowCall<NamedWorkflow<(String, u32), String>> {
    Workflow::named("Order").args(("ann".to_owned(), 7)).returning()
}

fn started(run: &str, first: &str, started: bool) -> StartWorkflowExecutionResponse {
    let (run_id, first_execution_run_id) = (run.to_owned(), first.to_owned());
    StartWorkflowExecutionResponse { run_id, first_execution_run_id, started, ..Default::default() }
}

fn mock() -> Mock {
    let mock = Mock::new();
    mock.on(|_: Start| Ok(started("r1", "r1", true)));
    mock
}

#[tokio::test]
async fn what_is_said_is_sent_and_nothing_else() {
    let mock = mock();
    let handle = mock.client().start(call()).task_queue("orders").id("order-7").await.expect("started");
    assert_eq!(handle.id(), &"order-7");
    assert_eq!(handle.run_id().map(|run| run.as_str()), Some("r1"));
    assert_eq!(handle.first_run_id().map(|run| run.as_str()), Some("r1"));

    let [request] = &mock.requests::<Start>()[..] else { panic!("one start") };
    let input = request.input.as_ref().expect("arguments");
    let arguments: Vec<_> = input.payloads.iter().map(|payload| &payload.data[..]).collect();
    assert_eq!(arguments, [&b"\"ann\""[..], b"7"]);
    assert!(!request.request_id.is_empty());
    let expected = Start {
        namespace: "default".to_owned(),
        workflow_id: "order-7".to_owned(),
        workflow_type: Some(perpetua_proto::common::WorkflowType { name: "Order".to_owned() }),
        task_queue: request.task_queue.clone(),
        input: request.input.clone(),
        identity: "tester".to_owned(),
        request_id: request.request_id.clone(),
        workflow_id_reuse_policy: WorkflowIdReusePolicy::AllowDuplicate.into(),
        ..Default::default()
    };
    assert_eq!(request, &expected);
    assert_eq!(request.task_queue.as_ref().map(|queue| queue.name.as_str()), Some("orders"));
}

#[tokio::test]
async fn every_option_has_its_field() {
    let mock = mock();
    let second = Duration::from_secs(1);
    let start = mock.client().start(call()).task_queue("orders").id_reuse(IdReuse::AllowDuplicateFailedOnly);
    let start = start.id_conflict(IdConflict::UseExisting).execution_timeout(second * 3).run_timeout(second * 2);
    let start = start.task_timeout(second).retry(RetryPolicy::exponential().max_attempts(4)).start_delay(second * 4);
    let start = start.search_attribute(CUSTOMER, "ann").search_attribute(PAID, true);
    let start = start.memo("note", "fragile").summary("one line").details("more").request_id("q1");
    start.priority(Priority { key: 2, ..Priority::default() }).await.expect("started");

    let [request] = &mock.requests::<Start>()[..] else { panic!("one start") };
    let seconds =
        |duration: &Option<perpetua_proto::protobuf::Duration>| duration.as_ref().map(|duration| duration.seconds);
    assert_eq!(request.workflow_id_reuse_policy(), WorkflowIdReusePolicy::AllowDuplicateFailedOnly);
    assert_eq!(request.workflow_id_conflict_policy(), WorkflowIdConflictPolicy::UseExisting);
    assert_eq!(seconds(&request.workflow_execution_timeout), Some(3));
    assert_eq!(seconds(&request.workflow_run_timeout), Some(2));
    assert_eq!(seconds(&request.workflow_task_timeout), Some(1));
    assert_eq!(seconds(&request.workflow_start_delay), Some(4));
    assert_eq!(request.retry_policy.as_ref().map(|policy| policy.maximum_attempts), Some(4));
    assert_eq!(&request.memo.as_ref().expect("a memo").fields["note"].data[..], b"\"fragile\"");
    let attributes = &request.search_attributes.as_ref().expect("search attributes").indexed_fields;
    assert_eq!((&attributes["CustomerId"].data[..], &attributes["Paid"].data[..]), (&b"\"ann\""[..], &b"true"[..]));
    assert_eq!(&attributes["CustomerId"].metadata["type"][..], b"Keyword");
    let metadata = request.user_metadata.as_ref().expect("metadata");
    assert_eq!(metadata.summary.as_ref().map(|payload| &payload.data[..]), Some(&b"\"one line\""[..]));
    assert_eq!(metadata.details.as_ref().map(|payload| &payload.data[..]), Some(&b"\"more\""[..]));
    assert_eq!(request.request_id, "q1");
    assert_eq!(request.priority.as_ref().map(|priority| priority.priority_key), Some(2));
    assert_eq!(request.workflow_id.len(), 36, "a random UUID");
}

#[tokio::test]
async fn a_search_attribute_that_cannot_be_sent_is_found_before_anything_is_sent() {
    let mock = mock();
    let start = mock.client().start(call()).task_queue("orders").search_attribute(RATE, f64::NAN);
    let error = start.await.expect_err("JSON has no such number");
    assert!(matches!(error, StartError::Unencodable { .. }), "{error:?}");
    assert_eq!(mock.requests::<Start>(), []);
}

#[tokio::test]
async fn a_version_of_the_workers_is_sent() {
    let mock = mock();
    let client = mock.client();
    let start = || client.start(call()).task_queue("orders");
    start().await.expect("started");
    start().versioning_override(VersioningOverride::AutoUpgrade).await.expect("started");
    let version = WorkerDeploymentVersion { deployment_name: "shop".to_owned(), build_id: "7".to_owned() };
    start().versioning_override(VersioningOverride::Pinned(version)).await.expect("started");
    let sent: Vec<_> = mock.requests::<Start>().into_iter().map(|request| request.versioning_override).collect();
    let version = DeploymentVersion { deployment_name: "shop".to_owned(), build_id: "7".to_owned() };
    let pinned = PinnedOverride { behavior: PinnedOverrideBehavior::Pinned.into(), version: Some(version) };
    let said = |said| Some(workflow::VersioningOverride { r#override: Some(said), ..Default::default() });
    assert_eq!(sent, [None, said(Override::AutoUpgrade(true)), said(Override::Pinned(pinned))]);
}

#[tokio::test]
async fn cron_is_sent() {
    let mock = mock();
    mock.client().start(call()).task_queue("orders").cron("0 * * * *").await.expect("started");
    assert_eq!(mock.requests::<Start>()[0].cron_schedule, "0 * * * *");
}

#[tokio::test]
async fn options_that_do_not_fit_together_are_found_before_anything_is_sent() {
    let mock = mock();
    let client = mock.client();
    let start = || client.start(call()).task_queue("orders");
    for (start, words) in [
        (client.start(call()), "it has no task queue; add `.task_queue(\"..\")`"),
        (start().task_queue(""), "it has no task queue"),
        (start().id(""), "its id is empty"),
        (start().cron("* * * * *").start_delay(Duration::from_secs(1)), "exclude each other"),
        (start().run_timeout(Duration::ZERO), "it has a timeout of zero"),
        (start().id_reuse(IdReuse::RejectDuplicate).id_conflict(IdConflict::TerminateExisting), "exclude each other"),
    ] {
        let error = start.await.expect_err(words);
        assert!(matches!(error, StartError::Invalid { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(mock.seen::<Start>().is_empty());
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_is_found_where_the_call_is_awaited() {
    let mock = mock();
    let bad = BTreeMap::from([((1, 2), 3)]); // JSON has no such keys
    let error = mock.client().start(call()).task_queue("orders").memo("bad", bad).await.expect_err("not JSON");
    assert!(matches!(&error, StartError::Unencodable { workflow_type, .. } if workflow_type == "Order"), "{error:?}");
    assert!(mock.seen::<Start>().is_empty());
}

#[tokio::test(start_paused = true)]
async fn all_attempts_are_one_request() {
    let mock = Mock::new();
    mock.in_turn::<Start>([Err(Status::unavailable("gone")), Ok(started("r1", "r1", true))]);
    mock.client().start(call()).task_queue("orders").await.expect("the second attempt");
    let requests = mock.requests::<Start>();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1]);
}

#[tokio::test]
async fn an_id_in_use_names_the_run_that_has_it() {
    let mock = Mock::new();
    let detail = WorkflowExecutionAlreadyStartedFailure { run_id: "r0".to_owned(), ..Default::default() };
    let status = status_with(Code::AlreadyExists, "running", "WorkflowExecutionAlreadyStartedFailure", &detail);
    mock.in_turn::<Start>([Err(status), Err(Status::already_exists("something else"))]);
    let client = mock.client();
    let error = client.start(call()).task_queue("orders").id("order-7").await.expect_err("in use");
    assert_eq!(error.to_string(), "workflow `order-7` has been started before, as run r0");
    assert!(matches!(error, StartError::AlreadyStarted { .. }));
    let error = client.start(call()).task_queue("orders").await.expect_err("something else");
    assert!(matches!(error, StartError::Rpc(_)), "only the detail tells: {error:?}");
}

#[tokio::test]
async fn an_old_server_does_not_name_the_first_run() {
    let mock = Mock::new();
    mock.in_turn::<Start>([Ok(started("r1", "", true)), Ok(started("r5", "", false))]);
    let client = mock.client();
    let new = client.start(call()).task_queue("orders").await.expect("started");
    assert_eq!(new.first_run_id().map(|run| run.as_str()), Some("r1"));
    let found = client.start(call()).task_queue("orders").await.expect("found running");
    assert_eq!(found.first_run_id(), None);
}

#[tokio::test]
async fn a_signal_goes_with_the_start() {
    type SignalWithStart = SignalWithStartWorkflowExecutionRequest;
    let mock = Mock::new();
    mock.on(|_: SignalWithStart| {
        let (run_id, first_execution_run_id) = ("r3".to_owned(), "r1".to_owned());
        Ok(SignalWithStartWorkflowExecutionResponse { run_id, first_execution_run_id, ..Default::default() })
    });
    let start = mock.client().start(call()).task_queue("orders").id("order-7").memo("note", 1);
    let signal = SignalCall::new("approve", ("ann".to_owned(),));
    let handle = start.with_signal(signal).await.expect("signaled");
    assert_eq!(handle.first_run_id().map(|run| run.as_str()), Some("r1"));
    let [request] = &mock.requests::<SignalWithStart>()[..] else { panic!("one request") };
    assert_eq!((request.workflow_id.as_str(), request.signal_name.as_str()), ("order-7", "approve"));
    assert_eq!(&request.signal_input.as_ref().expect("arguments").payloads[0].data[..], b"\"ann\"");
    assert_eq!(request.input.as_ref().expect("arguments").payloads.len(), 2);
    assert!(request.memo.is_some() && !request.request_id.is_empty());
}
