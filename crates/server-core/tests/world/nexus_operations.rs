//! Nexus operations that clients start.

use std::time::Duration;

use perpetua_proto::common::Payload;
use perpetua_proto::enums::{
    NexusOperationCancellationState as Canceling, NexusOperationExecutionStatus as Status,
    NexusOperationIdConflictPolicy as Conflict, NexusOperationIdReusePolicy as Reuse, NexusOperationWaitStage as Stage,
};
use perpetua_proto::nexus::response::Variant as ResponseVariant;
use perpetua_proto::nexus::start_operation_response::{Async, Sync, Variant};
use perpetua_proto::nexus::{NexusOperationExecutionInfo, Response, StartOperationResponse};
use perpetua_proto::workflowservice::poll_nexus_operation_execution_response::Outcome;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, CallId, Reply};

use crate::bench::{Bench, seconds, words};

fn request(id: &str) -> StartNexusOperationExecutionRequest {
    StartNexusOperationExecutionRequest {
        namespace: "default".into(),
        operation_id: id.into(),
        request_id: format!("request of {id}"),
        endpoint: "shop".into(),
        service: "orders".into(),
        operation: "place".into(),
        ..Default::default()
    }
}

fn response(variant: Variant) -> Option<Response> {
    let response = StartOperationResponse { variant: Some(variant) };
    Some(Response { variant: Some(ResponseVariant::StartOperation(response)) })
}

fn succeeded() -> Option<Response> {
    let payload = Some(Payload { data: "done".into(), ..Default::default() });
    response(Variant::SyncSuccess(Sync { payload, ..Default::default() }))
}

fn running() -> Option<Response> {
    response(Variant::AsyncSuccess(Async { operation_token: "token".into(), ..Default::default() }))
}

impl Bench {
    fn begin_operation(
        &mut self,
        request: StartNexusOperationExecutionRequest,
    ) -> Answer<StartNexusOperationExecutionResponse> {
        self.world.start_nexus_operation(request)
    }

    fn describe_operation(&mut self, id: &str) -> Answer<DescribeNexusOperationExecutionResponse> {
        let request = DescribeNexusOperationExecutionRequest {
            namespace: "default".into(),
            operation_id: id.into(),
            ..Default::default()
        };
        let call = self.call(|world, call| world.describe_nexus_operation(call, request))?;
        match self.reply(call) {
            Some(Ok(Reply::Operation(response))) => Ok(*response),
            other => panic!("this describes nothing: {other:?}"),
        }
    }

    fn operation_info(&mut self, id: &str) -> NexusOperationExecutionInfo {
        self.describe_operation(id).expect("it is there").info.expect("something is known of it")
    }

    fn wait_for_operation(&mut self, id: &str, stage: Stage) -> CallId {
        let request = PollNexusOperationExecutionRequest {
            namespace: "default".into(),
            operation_id: id.into(),
            wait_stage: stage.into(),
            ..Default::default()
        };
        self.call(|world, call| world.poll_nexus_operation(call, request)).expect("it is there")
    }

    fn polled_operation(&mut self, call: CallId) -> Option<PollNexusOperationExecutionResponse> {
        match self.reply(call)? {
            Ok(Reply::PolledOperation(response)) => Some(*response),
            other => panic!("this is no outcome: {other:?}"),
        }
    }

    fn cancel_operation(&mut self, id: &str, request_id: &str) -> Answer<()> {
        self.world.cancel_nexus_operation(RequestCancelNexusOperationExecutionRequest {
            namespace: "default".into(),
            operation_id: id.into(),
            request_id: request_id.into(),
            reason: "enough".into(),
            ..Default::default()
        })
    }

    fn terminate_operation(&mut self, id: &str) -> Answer<()> {
        self.world.terminate_nexus_operation(&TerminateNexusOperationExecutionRequest {
            namespace: "default".into(),
            operation_id: id.into(),
            reason: "too much".into(),
            ..Default::default()
        })
    }
}

#[test]
fn who_waits_hears_that_an_operation_runs_and_that_it_is_over() {
    let mut bench = Bench::with_endpoint();
    let begun = bench.begin_operation(request("o")).expect("the id is free");
    let (runs, over) = (bench.wait_for_operation("o", Stage::Started), bench.wait_for_operation("o", Stage::Closed));
    let task = bench.nexus_task().expect("there is a request");
    bench.respond(&task, running()).expect("the request is the worker's");
    let started = bench.polled_operation(runs).expect("it runs");
    assert_eq!((started.wait_stage(), started.operation_token.as_str()), (Stage::Started, "token"));
    assert_eq!(bench.polled_operation(over), None);
    bench.terminate_operation("o").expect("it runs");
    let closed = bench.polled_operation(over).expect("it is over");
    assert_eq!((closed.wait_stage(), closed.run_id), (Stage::Closed, begun.run_id));
    match closed.outcome {
        Some(Outcome::Failure(failure)) => assert_eq!(failure.message, "too much"),
        other => panic!("this is no failure: {other:?}"),
    }
    assert_eq!(words(bench.terminate_operation("o")), "FailedPrecondition: invalid transition from Terminated");
    assert_eq!(words(bench.cancel_operation("o", "r")), "FailedPrecondition: operation already completed");
}

#[test]
fn an_id_is_used_again_as_the_policies_say() {
    let mut bench = Bench::with_endpoint();
    let first = bench.begin_operation(request("o")).expect("the id is free");
    let again = bench.begin_operation(request("o")).expect("it is the same request");
    assert_eq!(again.run_id, first.run_id);
    let another = || StartNexusOperationExecutionRequest { request_id: "another".into(), ..request("o") };
    let taken = format!(
        "AlreadyExists: nexus operation execution already started: request_id=request of o, run_id={}",
        first.run_id
    );
    assert_eq!(words(bench.begin_operation(another())), taken);
    let joining = StartNexusOperationExecutionRequest { id_conflict_policy: Conflict::UseExisting.into(), ..another() };
    let joined = bench.begin_operation(joining).expect("it may be joined");
    assert_eq!((joined.run_id, joined.started), (first.run_id.clone(), false));
    let task = bench.nexus_task().expect("there is a request");
    bench.respond(&task, succeeded()).expect("the request is the worker's");
    let failed_only =
        StartNexusOperationExecutionRequest { id_reuse_policy: Reuse::AllowDuplicateFailedOnly.into(), ..another() };
    assert_eq!(words(bench.begin_operation(failed_only)), taken);
    let second = bench.begin_operation(another()).expect("the first is over");
    assert_ne!(second.run_id, first.run_id);
    assert_eq!(bench.operation_info("o").run_id, second.run_id);
}

#[test]
fn an_operation_goes_on_after_a_restart() {
    let mut bench = Bench::with_endpoint();
    let begun = bench
        .begin_operation(StartNexusOperationExecutionRequest { start_to_close_timeout: seconds(60), ..request("o") });
    begun.expect("the id is free");
    bench.restart();
    let task = bench.nexus_task().expect("the request is there again");
    bench.respond(&task, running()).expect("the request is the worker's");
    bench.cancel_operation("o", "r").expect("it runs");
    bench.cancel_operation("o", "r").expect("it is the same request");
    let other = "FailedPrecondition: cancellation already requested with request ID r";
    assert_eq!(words(bench.cancel_operation("o", "s")), other);
    let cancellation = bench.operation_info("o").cancellation_info.expect("it was asked to stop");
    assert_eq!((cancellation.state(), cancellation.reason.as_str()), (Canceling::Scheduled, "enough"));
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.operation_info("o").status(), Status::TimedOut);
    bench.pass(Duration::from_secs(24 * 3600));
    assert_eq!(words(bench.describe_operation("o")), "NotFound: operation not found for ID: o");
}

#[test]
fn a_description_waits_for_a_change_of_what_was_described() {
    let mut bench = Bench::with_endpoint();
    bench.begin_operation(request("o")).expect("the id is free");
    let seen = bench.describe_operation("o").expect("it is there");
    let wait = DescribeNexusOperationExecutionRequest {
        namespace: "default".into(),
        operation_id: "o".into(),
        run_id: seen.run_id,
        long_poll_token: seen.long_poll_token,
        ..Default::default()
    };
    let call = bench.call(|world, call| world.describe_nexus_operation(call, wait.clone())).expect("it is there");
    assert_eq!(bench.reply(call), None);
    let task = bench.nexus_task().expect("there is a request");
    bench.respond(&task, succeeded()).expect("the request is the worker's");
    match bench.reply(call) {
        Some(Ok(Reply::Operation(it))) => assert_eq!(it.info.map(|info| info.status()), Some(Status::Completed)),
        other => panic!("this describes nothing: {other:?}"),
    }
    let anywhere = DescribeNexusOperationExecutionRequest { run_id: String::new(), ..wait };
    let refused = bench.call(|world, call| world.describe_nexus_operation(call, anywhere));
    assert_eq!(words(refused), "InvalidArgument: run_id is required when long_poll_token is provided");
}

#[test]
fn operations_are_listed_and_counted_by_what_is_known_of_them() {
    let mut bench = Bench::with_endpoint();
    for id in ["a", "b", "c"] {
        bench.begin_operation(request(id)).expect("the id is free");
    }
    bench.terminate_operation("b").expect("it runs");
    let list = |query: &str| ListNexusOperationExecutionsRequest {
        namespace: "default".into(),
        query: query.into(),
        ..Default::default()
    };
    let running = list("ExecutionStatus = 'Running' AND Endpoint = 'shop'");
    let found = bench.world.list_nexus_operations(&running).expect("the query is fine").operations;
    let ids: Vec<_> = found.iter().map(|operation| operation.operation_id.as_str()).collect();
    assert_eq!(ids, ["c", "a"]);
    let count = CountNexusOperationExecutionsRequest {
        namespace: "default".into(),
        query: "Service = 'orders' GROUP BY ExecutionStatus".into(),
    };
    let counted = bench.world.count_nexus_operations(&count).expect("the query is fine");
    assert_eq!((counted.count, counted.groups.len()), (3, 2));
    let unknown = bench.world.list_nexus_operations(&list("WorkflowId = 'w'"));
    assert_eq!(words(unknown), "InvalidArgument: invalid query: invalid search attribute: WorkflowId");
}
