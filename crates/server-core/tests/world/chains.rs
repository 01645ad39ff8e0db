//! Runs that follow each other, children, and what becomes of them.

use std::time::Duration;

use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::command::{
    Command, ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
    ModifyWorkflowPropertiesCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
};
use perpetua_proto::common::{Memo, Payload, RetryPolicy, WorkflowType};
use perpetua_proto::enums::{EventType, ParentClosePolicy};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, WorkflowExecutionStartedEventAttributes};
use perpetua_proto::workflowservice::{StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest};

use crate::bench::{Bench, command, complete, execution, last, seconds, start, value};

fn started(events: &[HistoryEvent]) -> WorkflowExecutionStartedEventAttributes {
    match last(events, EventType::WorkflowExecutionStarted).attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(it)) => *it,
        _ => panic!("it is what its type says"),
    }
}

fn fail() -> Command {
    let failure = Some(Failure { message: "no luck".into(), ..Default::default() });
    let asked = FailWorkflowExecutionCommandAttributes { failure };
    command(CommandAttributes::FailWorkflowExecutionCommandAttributes(Box::new(asked)))
}

fn child(policy: ParentClosePolicy) -> Command {
    let asked = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "child".into(),
        workflow_type: Some(WorkflowType { name: "helper".into() }),
        parent_close_policy: policy.into(),
        ..Default::default()
    };
    command(CommandAttributes::StartChildWorkflowExecutionCommandAttributes(Box::new(asked)))
}

#[test]
fn a_workflow_continues_as_new() {
    let mut bench = Bench::new();
    let first = bench.start();
    let task = bench.task();
    let asked = ContinueAsNewWorkflowExecutionCommandAttributes { input: Some(value("next")), ..Default::default() };
    let next = command(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(asked)));
    bench.answer(&task, vec![next]).expect("it can be done");
    let started = started(&bench.events());
    assert_eq!(started.continued_execution_run_id, first.run_id);
    assert_eq!(started.first_execution_run_id, first.run_id);
    assert_eq!(started.input, Some(value("next")));
    assert!(bench.is_idle(), "it begins no sooner than a second after the first");
    bench.pass(Duration::from_secs(1));
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
}

#[test]
fn the_wait_of_the_next_run_is_in_the_last_event_as_it_was_asked_for() {
    for wait in [None, seconds(0), seconds(2)] {
        let mut bench = Bench::new();
        let first = bench.start();
        let task = bench.task();
        let asked =
            ContinueAsNewWorkflowExecutionCommandAttributes { backoff_start_interval: wait, ..Default::default() };
        let next = command(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(asked)));
        bench.answer(&task, vec![next]).expect("it can be done");
        let waits = started(&bench.events()).first_workflow_task_backoff;
        assert_eq!(waits, seconds(wait.map_or(1, |wait| wait.seconds.max(1))), "no less than a second");
        match last(&bench.events_of(first.run_id), EventType::WorkflowExecutionContinuedAsNew).attributes {
            Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(it)) => {
                assert_eq!(it.backoff_start_interval, wait);
            }
            other => panic!("this is no end: {other:?}"),
        }
    }
}

#[test]
fn a_failed_workflow_is_tried_again_if_its_policy_says_so() {
    let mut bench = Bench::new();
    let retry_policy = Some(RetryPolicy { maximum_attempts: 2, ..Default::default() });
    bench.world.start_workflow(StartWorkflowExecutionRequest { retry_policy, ..start("w") }).expect("the id is free");
    let task = bench.task();
    bench.answer(&task, vec![fail()]).expect("it can be done");
    assert!(bench.is_idle(), "it waits");
    bench.pass(Duration::from_secs(1));
    let again = started(&bench.events());
    assert_eq!((again.attempt, again.continued_failure.map(|it| it.message)), (2, Some("no luck".into())));
    let task = bench.task();
    bench.answer(&task, vec![fail()]).expect("it can be done");
    assert_eq!(bench.world.next_awaited(), None);
}

#[test]
fn a_next_run_is_told_what_the_first_was_told_or_what_the_workflow_says() {
    let memo = |name: &str| Some(Memo { fields: [(name.to_owned(), Payload::default())].into() });
    let mut bench = Bench::new();
    let retry_policy = Some(RetryPolicy { maximum_attempts: 2, ..Default::default() });
    let request = StartWorkflowExecutionRequest { retry_policy, memo: memo("first"), ..start("w") };
    bench.world.start_workflow(request).expect("the id is free");
    let task = bench.task();
    let note = ModifyWorkflowPropertiesCommandAttributes { upserted_memo: memo("later") };
    let note = command(CommandAttributes::ModifyWorkflowPropertiesCommandAttributes(Box::new(note)));
    bench.answer(&task, vec![note, fail()]).expect("it can be done");
    let again = started(&bench.events());
    assert_eq!((again.memo, again.identity.as_str()), (memo("first"), ""));
    bench.pass(Duration::from_secs(1));
    let task = bench.task();
    let asked = ContinueAsNewWorkflowExecutionCommandAttributes::default();
    let next = command(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(asked)));
    bench.answer(&task, vec![next]).expect("it can be done");
    let next = started(&bench.events());
    assert_eq!((next.memo, next.retry_policy), (None, None));
}

#[test]
fn a_cron_workflow_runs_at_its_times_with_the_result_before() {
    let mut bench = Bench::new();
    let request = StartWorkflowExecutionRequest { cron_schedule: "@every 60s".into(), ..start("w") };
    bench.world.start_workflow(request).expect("the id is free");
    for _ in 0..3 {
        assert!(bench.is_idle());
        bench.pass(Duration::from_secs(60));
        let task = bench.task();
        bench.answer(&task, vec![complete()]).expect("it can be done");
    }
    assert_eq!(started(&bench.events()).last_completion_result, Some(value("result")));
}

#[test]
fn a_run_that_takes_too_long_is_over() {
    let mut bench = Bench::new();
    let request = StartWorkflowExecutionRequest { workflow_run_timeout: seconds(5), ..start("w") };
    bench.world.start_workflow(request).expect("the id is free");
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.history()[2..], ["3 workflow_execution_timed_out"]);
}

#[test]
fn a_parent_hears_of_its_child() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![child(ParentClosePolicy::Terminate)]).expect("it can be done");
    assert_eq!(
        bench.history()[4..],
        [
            "5 start_child_workflow_execution_initiated",
            "6 child_workflow_execution_started",
            "7 workflow_task_scheduled",
        ]
    );
    for _ in 0..2 {
        let task = bench.task();
        let id = task.workflow_execution.as_ref().map(|it| it.workflow_id.clone()).unwrap_or_default();
        let commands = if id == "child" { vec![complete()] } else { vec![] };
        bench.answer(&task, commands).expect("it can be done");
    }
    assert_eq!(bench.history()[9..], ["10 child_workflow_execution_completed", "11 workflow_task_scheduled"]);
}

#[test]
fn children_end_with_their_parent_as_was_agreed() {
    for (policy, expected) in [
        (ParentClosePolicy::Terminate, "3 workflow_execution_terminated"),
        (ParentClosePolicy::RequestCancel, "3 workflow_execution_cancel_requested"),
        (ParentClosePolicy::Abandon, "2 workflow_task_scheduled"),
    ] {
        let mut bench = Bench::new();
        bench.start();
        let task = bench.task();
        bench.answer(&task, vec![child(policy)]).expect("it can be done");
        let request = TerminateWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution("w")),
            ..Default::default()
        };
        bench.world.terminate_workflow(request).expect("it runs");
        let request = perpetua_proto::workflowservice::GetWorkflowExecutionHistoryReverseRequest {
            namespace: "default".into(),
            execution: Some(execution("child")),
            ..Default::default()
        };
        let history = bench.world.history_reverse(&request).expect("it is there").history.unwrap_or_default();
        assert_eq!(crate::bench::names(&history.events)[0], expected, "{policy:?}");
    }
}
