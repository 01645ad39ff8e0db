//! Workflow tasks: events and their order, further attempts, what is held back.

use std::time::Duration;

use perpetua_proto::enums::{EventType, WorkflowTaskFailedCause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::workflowservice::{DescribeWorkflowExecutionRequest, RespondWorkflowTaskFailedRequest};

use crate::bench::{Bench, activity, activity_with, complete, last, names, timer, value, words};

#[test]
fn a_workflow_runs_from_start_to_end() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    assert_eq!((task.started_event_id, task.previous_started_event_id, task.attempt), (3, 0, 1));
    bench.answer(&task, vec![activity("a"), timer("t", 60)]).expect("it can be done");
    let work = bench.activity().expect("there is an activity");
    bench.complete(&work).expect("it is running");
    let task = bench.task();
    assert_eq!(task.previous_started_event_id, 3);
    bench.answer(&task, vec![complete()]).expect("it can be done");
    assert_eq!(
        bench.history(),
        [
            "1 workflow_execution_started",
            "2 workflow_task_scheduled",
            "3 workflow_task_started",
            "4 workflow_task_completed",
            "5 activity_task_scheduled",
            "6 timer_started",
            "7 activity_task_started",
            "8 activity_task_completed",
            "9 workflow_task_scheduled",
            "10 workflow_task_started",
            "11 workflow_task_completed",
            "12 workflow_execution_completed",
        ]
    );
    assert_eq!(bench.world.next_awaited(), None);
}

#[test]
fn what_comes_while_a_worker_is_at_it_waits_and_completions_come_last() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![activity("a"), activity("b"), timer("t", 1)]).expect("it can be done");
    bench.signal("begin").expect("it runs");
    let task = bench.task();
    let (first, second) = (bench.activity().expect("a"), bench.activity().expect("b"));
    bench.complete(&first).expect("it runs");
    bench.signal("go").expect("it runs");
    bench.complete(&second).expect("it runs");
    bench.pass(Duration::from_secs(1));
    let before = bench.history();
    bench.answer(&task, vec![]).expect("it can be done");
    assert_eq!(
        bench.history()[before.len()..],
        [
            "11 workflow_task_completed",
            "12 activity_task_started",
            "13 workflow_execution_signaled",
            "14 activity_task_started",
            "15 timer_fired",
            "16 activity_task_completed",
            "17 activity_task_completed",
            "18 workflow_task_scheduled",
        ]
    );
}

#[test]
fn a_workflow_does_not_end_before_it_has_seen_everything() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.signal("wait").expect("it runs");
    assert_eq!(words(bench.answer(&task, vec![complete()])), "InvalidArgument: UnhandledCommand");
    assert_eq!(
        bench.history()[3..],
        ["4 workflow_task_failed", "5 workflow_execution_signaled", "6 workflow_task_scheduled"]
    );
    let task = bench.task();
    assert_eq!(task.attempt, 1);
    bench.answer(&task, vec![complete()]).expect("it can be done");
}

#[test]
fn further_attempts_leave_no_trace_until_one_succeeds() {
    let mut bench = Bench::new();
    bench.start();
    for attempt in 1..=3 {
        let task = bench.task();
        assert_eq!(task.attempt, attempt);
        fail(&mut bench, &task.task_token);
    }
    assert_eq!(bench.history().last().map(String::as_str), Some("4 workflow_task_failed"));
    let task = bench.task();
    assert_eq!((task.attempt, task.started_event_id), (4, 6));
    let shown = names(&task.history.clone().unwrap_or_default().events);
    assert_eq!(shown[4..], ["5 workflow_task_scheduled", "6 workflow_task_started"]);
    bench.answer(&task, vec![complete()]).expect("it can be done");
    assert_eq!(
        bench.history()[4..],
        [
            "5 workflow_task_scheduled",
            "6 workflow_task_started",
            "7 workflow_task_completed",
            "8 workflow_execution_completed",
        ]
    );
}

#[test]
fn a_worker_that_is_silent_loses_the_task() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.pass(Duration::from_secs(10));
    assert_eq!(bench.history()[3..], ["4 workflow_task_timed_out"]);
    assert_eq!(words(bench.answer(&task, vec![complete()])), "NotFound: Workflow task not found.");
    assert_eq!(bench.task().attempt, 2);
}

#[test]
fn a_command_that_cannot_be_done_takes_the_whole_answer_back() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let refused = bench.answer(&task, vec![activity("a"), timer("t", 1), timer("t", 2)]);
    assert!(words(refused).starts_with("InvalidArgument: StartTimerDuplicateId"));
    let events = bench.events();
    let failed = last(&events, EventType::WorkflowTaskFailed);
    assert_eq!(names(&events)[3..], ["4 workflow_task_failed"]);
    let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = failed.attributes else {
        panic!("it is what its type says")
    };
    assert_eq!(failed.cause(), WorkflowTaskFailedCause::StartTimerDuplicateId);
    assert!(bench.activity().is_none(), "nothing of the answer is left");
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 1)]).expect("the id is free");
}

#[test]
fn tokens_of_others_and_of_the_past_change_nothing() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let mut other = Bench::new();
    other.world = perpetua_server_core::World::new(8, other.world.now());
    for (token, expected) in [
        (bytes::Bytes::new(), "InvalidArgument: Task token not set on request."),
        (bytes::Bytes::from_static(b"\xff\xff"), "InvalidArgument: Error deserializing task token."),
    ] {
        let wrong =
            perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse { task_token: token, ..task.clone() };
        assert_eq!(words(bench.answer(&wrong, vec![complete()])), expected);
    }
    assert!(words(other.answer(&task, vec![complete()])).contains("another server"));
    bench.answer(&task, vec![timer("t", 1)]).expect("it can be done");
    assert_eq!(words(bench.answer(&task, vec![complete()])), "NotFound: Workflow task not found.");
    assert_eq!(bench.history().len(), 5);
}

fn fail(bench: &mut Bench, token: &bytes::Bytes) {
    let request = RespondWorkflowTaskFailedRequest {
        task_token: token.clone(),
        cause: WorkflowTaskFailedCause::NonDeterministicError.into(),
        ..Default::default()
    };
    bench.world.respond_workflow_task_failed(request).expect("the task is the worker's");
}

#[test]
fn a_workflow_is_told_when_its_history_is_long() {
    let mut bench = Bench::new();
    bench.world.set("limit.historyCount.suggestContinueAsNew", "5").expect("it is a number");
    bench.start();
    let suggested = |bench: &mut Bench| match last(&bench.events(), EventType::WorkflowTaskStarted).attributes {
        Some(Attributes::WorkflowTaskStartedEventAttributes(it)) => it.suggest_continue_as_new,
        other => panic!("it is another event: {other:?}"),
    };
    let task = bench.task();
    assert!(!suggested(&mut bench));
    bench.answer(&task, vec![]).expect("it can be done");
    bench.signal("more").expect("it runs");
    bench.task();
    assert!(suggested(&mut bench));
}

#[test]
fn what_is_too_large_ends_the_run() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let large = activity_with("a", |asked| asked.input = Some(value(&"x".repeat(2 * 1024 * 1024))));
    let refused = words(bench.answer(&task, vec![large]));
    let expected = "BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit.";
    assert_eq!(refused, format!("InvalidArgument: {expected}"));
    assert_eq!(bench.history()[3..], ["4 workflow_task_failed", "5 workflow_execution_terminated"]);
}

#[test]
fn an_answer_that_goes_on_after_its_end_is_none() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let refused = words(bench.answer(&task, vec![complete(), timer("t", 1)]));
    assert!(refused.ends_with("command CompleteWorkflowExecution must be the last command."), "{refused}");
    bench.answer(&task, vec![complete()]).expect("the task is still the worker's");
}

#[test]
fn a_workflow_that_cannot_go_on_is_found_until_it_can() {
    let mut bench = Bench::new();
    bench.start();
    let shown = |bench: &Bench| {
        let execution = Some(crate::bench::execution("w"));
        let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution };
        let info = bench.world.describe_workflow(&request).expect("it is there").workflow_execution_info;
        let attributes = info.and_then(|info| info.search_attributes).unwrap_or_default().indexed_fields;
        attributes.get("TemporalReportedProblems").map(|payload| payload.data.clone())
    };
    for _ in 0..5 {
        assert_eq!(shown(&bench), None);
        let task = bench.task();
        let request = RespondWorkflowTaskFailedRequest {
            task_token: task.task_token,
            cause: WorkflowTaskFailedCause::NonDeterministicError.into(),
            ..Default::default()
        };
        bench.world.respond_workflow_task_failed(request).expect("the task is the worker's");
    }
    let expected = r#"["category=WorkflowTaskFailed","cause=WorkflowTaskFailedCauseNonDeterministicError"]"#;
    assert_eq!(shown(&bench).as_deref(), Some(expected.as_bytes()));
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    assert_eq!(shown(&bench), None);
}

#[test]
fn a_failure_that_is_not_the_workers_fault_begins_with_the_first_attempt_again() {
    use WorkflowTaskFailedCause as Cause;
    for (cause, attempt) in [(Cause::FailoverCloseCommand, 1), (Cause::ResetWorkflow, 1), (Cause::ForceCloseCommand, 2)]
    {
        let mut bench = Bench::new();
        bench.start();
        let task = bench.task();
        let request =
            RespondWorkflowTaskFailedRequest { task_token: task.task_token, cause: cause.into(), ..Default::default() };
        bench.world.respond_workflow_task_failed(request).expect("the task is the worker's");
        assert_eq!(bench.task().attempt, attempt, "{cause:?}");
    }
}
