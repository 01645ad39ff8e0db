//! Runs that are made of the beginning of others.

use std::time::Duration;

use perpetua_proto::command::StartChildWorkflowExecutionCommandAttributes;
use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::common::WorkflowType;
use perpetua_proto::enums::{EventType, ResetReapplyExcludeType};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::protocol::Message;
use perpetua_proto::update::{Acceptance, Input, Meta, Request};
use perpetua_proto::workflowservice::*;
use prost::Message as _;

use crate::bench::{Bench, activity, command, complete, execution, last, names, timer, words};

fn reset(bench: &mut Bench, finish: i64) -> perpetua_server_core::Answer<String> {
    reset_with(bench, finish, |_| ())
}

fn reset_with(
    bench: &mut Bench,
    finish: i64,
    change: impl FnOnce(&mut ResetWorkflowExecutionRequest),
) -> perpetua_server_core::Answer<String> {
    let mut request = ResetWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        reason: "why".into(),
        workflow_task_finish_event_id: finish,
        request_id: "request".into(),
        ..Default::default()
    };
    change(&mut request);
    let reset = bench.world.reset_workflow(request).map(|response| response.run_id);
    bench.everything();
    reset
}

#[test]
fn a_run_begins_where_another_was_and_gets_its_signals_again() {
    let mut bench = Bench::new();
    let first = bench.start();
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 100)]).expect("it can be done");
    bench.signal("later").expect("it runs");
    let new = reset(&mut bench, 4).expect("it can begin there");
    assert_eq!(
        bench.history()[2..],
        [
            "3 workflow_task_started",
            "4 workflow_task_failed",
            "5 workflow_execution_signaled",
            "6 workflow_task_scheduled",
        ]
    );
    match last(&bench.events(), EventType::WorkflowTaskFailed).attributes {
        Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
            assert_eq!((failed.base_run_id, failed.new_run_id), (first.run_id.clone(), new.clone()));
        }
        other => panic!("it is what its type says: {other:?}"),
    }
    let mut old = execution("w");
    old.run_id = first.run_id;
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(old) };
    let described = bench.world.describe_workflow(&request).expect("it is there");
    assert_eq!(described.workflow_extended_info.map(|info| info.reset_run_id), Some(new));
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
}

#[test]
fn what_was_pending_is_pending_again_with_what_is_left_of_timers() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 10), activity("a")]).expect("it can be done");
    let worked_on = bench.activity().expect("it is there");
    bench.pass(Duration::from_secs(4));
    bench.signal("s").expect("it runs");
    let task = bench.task();
    bench.answer(&task, vec![]).expect("it can be done");
    reset(&mut bench, 9).expect("it can begin there");
    assert!(bench.complete(&worked_on).is_err(), "that run is over");
    let again = bench.activity().expect("it is there again");
    assert_eq!((again.activity_id.as_str(), again.attempt), ("a", 1));
    bench.complete(&again).expect("it is the new run's");
    let task = bench.task();
    bench.answer(&task, vec![]).expect("it can be done");
    bench.pass(Duration::from_secs(6));
    assert_eq!(bench.history().last().map(String::as_str), Some("17 workflow_task_scheduled"));
}

#[test]
fn a_run_begins_only_where_a_worker_was_to_go_on() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 100)]).expect("it can be done");
    bench.signal("s").expect("it runs");
    for (finish, expected) in [
        (1, "InvalidArgument: Workflow task finish ID must be > 1 && <= workflow last event ID."),
        (8, "InvalidArgument: Workflow task finish ID must be > 1 && <= workflow last event ID."),
        (
            5,
            "InvalidArgument: StateRebuilder unable to Rebuild mutable state to event ID: 4, version: 0, this event must \
             be at the boundary",
        ),
        (
            6,
            "InvalidArgument: Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, \
             WorkflowTaskStarted + 1]: 6",
        ),
    ] {
        assert_eq!(words(reset(&mut bench, finish)), expected);
    }
    reset(&mut bench, 3).expect("the task had been scheduled");
    assert_eq!(bench.history()[2..4], ["3 workflow_task_started", "4 workflow_task_failed"]);
}

#[test]
fn what_is_not_wanted_does_not_come_again() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![]).expect("it can be done");
    bench.signal("s").expect("it runs");
    let signal = ResetReapplyExcludeType::Signal.into();
    reset_with(&mut bench, 4, |request| request.reset_reapply_exclude_types = vec![signal]).expect("it can");
    assert_eq!(bench.history()[4..], ["5 workflow_task_scheduled"]);
}

#[test]
fn a_child_answers_to_the_run_that_was_made_of_its_parent() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let asked = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "child".into(),
        workflow_type: Some(WorkflowType { name: "helper".into() }),
        task_queue: Some(crate::bench::queue()),
        ..Default::default()
    };
    let child = command(CommandAttributes::StartChildWorkflowExecutionCommandAttributes(Box::new(asked)));
    bench.answer(&task, vec![child]).expect("it can be done");
    for _ in 0..2 {
        let task = bench.task();
        bench.answer(&task, vec![]).expect("it can be done");
    }
    reset(&mut bench, 9).expect("it can begin there");
    let signal = SignalWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("child")),
        signal_name: "end".into(),
        ..Default::default()
    };
    bench.world.signal_workflow(signal).expect("the child goes on");
    for _ in 0..2 {
        let task = bench.task();
        let id = task.workflow_execution.as_ref().map(|it| it.workflow_id.clone()).unwrap_or_default();
        let commands = if id == "child" { vec![complete()] } else { vec![] };
        bench.answer(&task, commands).expect("it can be done");
    }
    let events = bench.events();
    assert!(names(&events).iter().any(|name| name.ends_with("child_workflow_execution_completed")));
}

#[test]
fn an_update_comes_again_in_history_and_leaves_it_when_it_is_rejected() {
    let mut bench = Bench::new();
    bench.start();
    let request = UpdateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        request: Some(Request {
            meta: Some(Meta { update_id: "u".into(), ..Default::default() }),
            input: Some(Input { name: "change".into(), ..Default::default() }),
            ..Default::default()
        }),
        ..Default::default()
    };
    bench.call(|world, call| world.update_workflow(call, request)).expect("it runs");
    let task = bench.task();
    let sent = task.messages.first().expect("the task brings it");
    let acceptance = perpetua_proto::protobuf::Any {
        type_url: "type.googleapis.com/temporal.api.update.v1.Acceptance".into(),
        value: Acceptance::default().encode_to_vec().into(),
    };
    let mut answer = crate::bench::answer(&task, vec![]);
    answer.messages = vec![Message { body: Some(acceptance), id: "a".into(), ..sent.clone() }];
    bench.world.respond_workflow_task_completed(answer).expect("it can be done");
    reset(&mut bench, 4).expect("it can begin there");
    assert_eq!(bench.history()[4..], ["5 workflow_execution_update_admitted", "6 workflow_task_scheduled"]);
    let task = bench.task();
    assert_eq!(task.messages, [], "history brings it");
    bench.answer(&task, vec![]).expect("the worker does not know it");
    bench.restart();
    assert!(bench.is_idle());
}
