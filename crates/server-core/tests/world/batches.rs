//! Batch operations: one thing that is done to many workflows, a few at a time.

use std::time::Duration;

use perpetua_proto::batch::*;
use perpetua_proto::common::reset_options::Target;
use perpetua_proto::common::{Execution, ResetOptions, WorkflowExecution, WorkflowType};
use perpetua_proto::enums::{BatchOperationState as State, BatchOperationType as Kind, ExecutionType};
use perpetua_proto::workflowservice::start_batch_operation_request::Operation;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;

use crate::bench::{Bench, complete, execution, start, words};

const A_WHILE: Duration = Duration::from_secs(1);

fn request(id: &str, operation: Operation) -> StartBatchOperationRequest {
    StartBatchOperationRequest {
        namespace: "default".into(),
        job_id: id.into(),
        reason: "why".into(),
        visibility_query: "WorkflowType = 'many'".into(),
        operation: Some(operation),
        ..Default::default()
    }
}

fn describe(bench: &Bench, id: &str) -> Answer<DescribeBatchOperationResponse> {
    bench.world.describe_batch(&DescribeBatchOperationRequest { namespace: "default".into(), job_id: id.into() })
}

/// The state of an operation, with how many are completed and failed.
fn state(bench: &Bench, id: &str) -> (State, i64, i64) {
    let job = describe(bench, id).expect("it is known");
    (job.state(), job.complete_operation_count, job.failure_operation_count)
}

fn named(execution: WorkflowExecution) -> Execution {
    let WorkflowExecution { workflow_id, run_id } = execution;
    Execution { r#type: ExecutionType::Workflow.into(), business_id: workflow_id, run_id }
}

/// So many workflows of the type `many`; their ids are numbers.
fn many(bench: &mut Bench, count: usize) {
    for id in 0..count {
        let kind = WorkflowType { name: "many".into() };
        let request = StartWorkflowExecutionRequest { workflow_type: Some(kind), ..start(&id.to_string()) };
        bench.world.start_workflow(request).expect("it starts");
    }
}

fn count(bench: &Bench, query: &str) -> i64 {
    let request = CountWorkflowExecutionsRequest { namespace: "default".into(), query: query.into() };
    bench.world.count_workflows(&request).expect("it is right").count
}

fn terminate() -> Operation {
    Operation::TerminationOperation(BatchOperationTermination { identity: "me".into(), ..Default::default() })
}

#[test]
fn an_operation_is_done_to_what_its_query_finds() {
    let mut bench = Bench::new();
    many(&mut bench, 3);
    bench.start();
    let signal = BatchOperationSignal { signal: "hello".into(), ..Default::default() };
    for (id, operation, kind, left) in [
        ("1", Operation::SignalOperation(signal), Kind::SignalWorkflow, 3),
        ("2", Operation::CancellationOperation(BatchOperationCancellation::default()), Kind::CancelWorkflow, 3),
        ("3", terminate(), Kind::TerminateWorkflow, 0),
        ("4", Operation::DeletionOperation(BatchOperationDeletion::default()), Kind::DeleteWorkflow, 0),
    ] {
        bench.world.start_batch(request(id, operation)).expect("nothing is wrong");
        assert_eq!(state(&bench, id), (State::Running, 0, 0));
        bench.pass(A_WHILE);
        assert_eq!(state(&bench, id), (State::Completed, 3, 0));
        assert_eq!(describe(&bench, id).expect("it is known").operation_type(), kind);
        assert_eq!(count(&bench, "WorkflowType = 'many' AND ExecutionStatus = 'Running'"), left, "{kind:?}");
    }
    assert_eq!((count(&bench, ""), count(&bench, "WorkflowId = 'w'")), (1, 1));
    let list = ListBatchOperationsRequest { namespace: "default".into(), page_size: 3, ..Default::default() };
    let page = bench.world.list_batches(&list).expect("it is right");
    let ids: Vec<_> = page.operation_info.iter().map(|it| it.job_id.as_str()).collect();
    assert_eq!(ids, ["4", "3", "2"]);
    assert!(!page.next_page_token.is_empty());
}

#[test]
fn named_workflows_that_are_not_there_need_nothing_done() {
    let mut bench = Bench::new();
    bench.start();
    let wrong = WorkflowExecution { workflow_id: "w".into(), run_id: "no run".into() };
    let request = StartBatchOperationRequest {
        visibility_query: String::new(),
        target_executions: [execution("w"), execution("gone"), wrong].map(named).into(),
        ..request("1", terminate())
    };
    bench.world.start_batch(request).expect("nothing is wrong");
    bench.pass(A_WHILE);
    assert_eq!(state(&bench, "1"), (State::Completed, 2, 1));
}

#[test]
fn many_workflows_take_many_steps_and_a_restart_between_them_changes_nothing() {
    let mut bench = Bench::new();
    many(&mut bench, 250);
    for id in 0..250 {
        let request = SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution(&id.to_string())),
            signal_name: "hello".into(),
            ..Default::default()
        };
        bench.world.signal_workflow(request).expect("it runs");
    }
    let reset = BatchOperationReset {
        options: Some(ResetOptions { target: Some(Target::FirstWorkflowTask(())), ..Default::default() }),
        ..Default::default()
    };
    bench.world.start_batch(request("1", Operation::ResetOperation(reset))).expect("nothing is wrong");
    bench.pass(Duration::from_millis(1));
    assert_eq!(state(&bench, "1"), (State::Running, 100, 0));
    bench.restart();
    bench.pass(A_WHILE);
    // What it has made is not reset again.
    assert_eq!(state(&bench, "1"), (State::Completed, 250, 0));
    assert_eq!(count(&bench, "ExecutionStatus = 'Running'"), 250);
    assert_eq!(count(&bench, ""), 500);
}

#[test]
fn an_operation_is_no_faster_than_it_may_be_and_can_be_stopped() {
    let mut bench = Bench::new();
    many(&mut bench, 5);
    let slow = StartBatchOperationRequest { max_operations_per_second: 0.5, ..request("1", terminate()) };
    bench.world.start_batch(slow).expect("nothing is wrong");
    bench.pass(Duration::from_secs(3));
    assert_eq!(state(&bench, "1"), (State::Running, 2, 0));
    let refused = words(bench.world.start_batch(request("2", terminate())));
    assert_eq!(refused, "ResourceExhausted: Max concurrent batch operations is reached");
    let mut stop = || {
        let namespace = "default".into();
        let request =
            StopBatchOperationRequest { namespace, job_id: "1".into(), reason: "enough".into(), ..Default::default() };
        bench.world.stop_batch(&request)
    };
    stop().expect("it runs");
    assert_eq!(words(stop()), "NotFound: workflow execution already completed");
    bench.pass(A_WHILE * 10);
    assert_eq!(state(&bench, "1"), (State::Failed, 2, 0));
    let refused = words(bench.world.start_batch(request("1", terminate())));
    assert!(refused.starts_with("AlreadyExists: Workflow execution already finished. WorkflowId: 1"), "{refused}");
    bench.pass(Duration::from_secs(24 * 3600));
    assert_eq!(words(describe(&bench, "1")), "NotFound: workflow not found for ID: 1");
}

#[test]
fn a_wrong_operation_is_refused_or_fails() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    let incomplete = "InvalidArgument: must provide required parameters: BatchType,Reason,Namespace, AND one of (Query \
                      OR Executions OR TargetExecutions)";
    let good = || request("1", terminate());
    let signal = Operation::SignalOperation(BatchOperationSignal::default());
    let reset = Operation::ResetOperation(BatchOperationReset::default());
    for (wrong, problem) in [
        (
            StartBatchOperationRequest { job_id: String::new(), ..good() },
            "InvalidArgument: JobId is not set on request.",
        ),
        (StartBatchOperationRequest { reason: String::new(), ..good() }, incomplete),
        (StartBatchOperationRequest { operation: None, ..good() }, incomplete),
        (StartBatchOperationRequest { visibility_query: String::new(), ..good() }, incomplete),
        (
            StartBatchOperationRequest { target_executions: vec![named(execution("w"))], ..good() },
            "InvalidArgument: visibility query, executions, and target executions are mutually exclusive",
        ),
        (
            StartBatchOperationRequest { visibility_query: "(((".into(), ..good() },
            "InvalidArgument: invalid visibility query: syntax error at position 30",
        ),
        (request("1", signal), "InvalidArgument: must provide signal name"),
        (
            StartBatchOperationRequest {
                visibility_query: String::new(),
                target_executions: vec![Execution { r#type: ExecutionType::Activity.into(), ..named(execution("w")) }],
                ..good()
            },
            "InvalidArgument: target_executions[0] has type Activity, but operation \
             *workflowservice.StartBatchOperationRequest_TerminationOperation requires Workflow",
        ),
        (request("1", reset), "InvalidArgument: unknown batch reset type Unspecified"),
    ] {
        assert_eq!(words(bench.world.start_batch(wrong)), problem);
    }
    let unknown = StartBatchOperationRequest { visibility_query: "Unknown = 1".into(), ..good() };
    bench.world.start_batch(unknown).expect("that is seen when it runs");
    bench.pass(A_WHILE);
    assert_eq!(state(&bench, "1"), (State::Failed, 0, 0));
}
