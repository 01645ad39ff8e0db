//! Starts: ids that are in use, requests that come twice, waits before the first task.

use std::time::Duration;

use perpetua_proto::common::WorkflowType;
use perpetua_proto::enums::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse};
use perpetua_proto::workflowservice::{SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest};

use crate::bench::{Bench, complete, queue, seconds, start, words};

#[test]
fn an_id_in_use_is_refused_shared_or_taken_over() {
    let mut bench = Bench::new();
    let first = bench.start();
    assert!(first.started);
    let refused = bench.world.start_workflow(start("w")).expect_err("it runs");
    assert!(refused.message.starts_with("Workflow execution is already running. WorkflowId: w, RunId: "));
    assert!(refused.detail.is_some_and(|it| it.type_url.ends_with("WorkflowExecutionAlreadyStartedFailure")));
    let with = |conflict: Conflict| StartWorkflowExecutionRequest {
        workflow_id_conflict_policy: conflict.into(),
        ..start("w")
    };
    let joined = bench.world.start_workflow(with(Conflict::UseExisting)).expect("it is allowed");
    assert_eq!((joined.run_id, joined.started), (first.run_id.clone(), false));
    let next = bench.world.start_workflow(with(Conflict::TerminateExisting)).expect("it is allowed");
    assert!(next.started && next.run_id != first.run_id);
}

#[test]
fn a_finished_id_is_free_if_the_policy_says_so() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    let with = |reuse: Reuse| StartWorkflowExecutionRequest { workflow_id_reuse_policy: reuse.into(), ..start("w") };
    let refused = words(bench.world.start_workflow(with(Reuse::RejectDuplicate)));
    assert!(refused.contains("Workflow Id reuse policy: reject duplicate workflow Id."), "{refused}");
    let refused = words(bench.world.start_workflow(with(Reuse::AllowDuplicateFailedOnly)));
    assert!(refused.contains("finished successfully"), "{refused}");
    bench.world.start_workflow(with(Reuse::AllowDuplicate)).expect("the id is free");
}

#[test]
fn a_request_that_comes_twice_is_done_once() {
    let mut bench = Bench::new();
    let request = StartWorkflowExecutionRequest { request_id: "once".into(), ..start("w") };
    let first = bench.world.start_workflow(request.clone()).expect("the id is free");
    let again = bench.world.start_workflow(request).expect("it is the same request");
    assert_eq!((again.run_id, again.started), (first.run_id, true));
}

#[test]
fn a_start_can_wait_and_signals_do_not_hurry_it() {
    let mut bench = Bench::new();
    let request = StartWorkflowExecutionRequest { workflow_start_delay: seconds(60), ..start("w") };
    bench.world.start_workflow(request).expect("the id is free");
    bench.signal("early").expect("it runs");
    assert!(bench.is_idle());
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.history()[1..], ["2 workflow_execution_signaled", "3 workflow_task_scheduled"]);
}

#[test]
fn a_signal_with_a_start_ends_the_wait() {
    let mut bench = Bench::new();
    let base = StartWorkflowExecutionRequest { workflow_start_delay: seconds(60), ..start("w") };
    bench.world.start_workflow(base.clone()).expect("the id is free");
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: base.namespace,
        workflow_id: base.workflow_id,
        workflow_type: base.workflow_type,
        task_queue: base.task_queue,
        signal_name: "now".into(),
        ..Default::default()
    };
    assert!(!bench.world.signal_with_start(request).expect("it runs").started);
    assert_eq!(bench.history()[1..], ["2 workflow_execution_signaled", "3 workflow_task_scheduled"]);
}

#[test]
fn a_signal_starts_what_does_not_run() {
    let mut bench = Bench::new();
    let base = start("w");
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: base.namespace,
        workflow_id: base.workflow_id,
        workflow_type: base.workflow_type,
        task_queue: Some(queue()),
        signal_name: "hello".into(),
        ..Default::default()
    };
    assert!(bench.world.signal_with_start(request.clone()).expect("the id is free").started);
    assert!(!bench.world.signal_with_start(request).expect("it runs").started);
    assert_eq!(
        bench.history(),
        [
            "1 workflow_execution_started",
            "2 workflow_execution_signaled",
            "3 workflow_task_scheduled",
            "4 workflow_execution_signaled",
        ]
    );
}

#[test]
fn a_signal_waits_for_a_delayed_start_and_a_signal_with_start_does_not() {
    let mut bench = Bench::new();
    let request = StartWorkflowExecutionRequest { workflow_start_delay: seconds(60), ..start("w") };
    bench.world.start_workflow(request).expect("the id is free");
    bench.signal("s").expect("it runs");
    assert!(bench.is_idle());
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(queue()),
        signal_name: "now".into(),
        ..Default::default()
    };
    bench.world.signal_with_start(request).expect("it can be done");
    bench.task();
    let timeout = bench.world.now().plus(Duration::from_secs(10));
    assert_eq!(bench.world.next_due(), Some(timeout), "only the task can run out of time");
}

#[test]
fn a_wrong_start_is_refused_and_leaves_the_id_free() {
    let mut bench = Bench::new();
    for (wrong, expected) in [
        (
            StartWorkflowExecutionRequest { namespace: "nowhere".into(), ..start("w") },
            "Namespace nowhere is not found.",
        ),
        (start(""), "WorkflowId is not set on request."),
        (start(&"x".repeat(1001)), "WorkflowId exceeds maximum allowed length (1001/1000)"),
        (StartWorkflowExecutionRequest { workflow_type: None, ..start("w") }, "WorkflowType is not set on request."),
        (StartWorkflowExecutionRequest { task_queue: None, ..start("w") }, "taskQueue is not set"),
        (StartWorkflowExecutionRequest { cron_schedule: "soon".into(), ..start("w") }, "invalid CronSchedule."),
        (
            StartWorkflowExecutionRequest { workflow_run_timeout: seconds(-1), ..start("w") },
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
    ] {
        let refused = words(bench.world.start_workflow(wrong));
        assert!(refused.contains(expected), "{refused}");
    }
    bench.start();
}
