//! Servers that are killed again and again.

use std::time::Duration;

use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::command::{
    Command, ContinueAsNewWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
};
use perpetua_proto::common::{RetryPolicy, WorkflowType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::query::WorkflowQuery;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{CallId, Kind, Reply};

use crate::bench::{
    Bench, activity, activity_with, command, complete, execution, queue, seconds, start, timer, value, words,
};

fn child() -> Command {
    let asked = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "child".into(),
        workflow_type: Some(WorkflowType { name: "helper".into() }),
        ..Default::default()
    };
    command(CommandAttributes::StartChildWorkflowExecutionCommandAttributes(Box::new(asked)))
}

fn continue_as_new() -> Command {
    let asked = ContinueAsNewWorkflowExecutionCommandAttributes { input: Some(value("next")), ..Default::default() };
    command(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(asked)))
}

/// What becomes of a workflow and its child, where the server is killed between any two steps, or is not.
fn play(kill: impl Fn(&mut Bench)) -> Vec<Vec<String>> {
    let mut bench = Bench::new();
    let mut seen = Vec::new();
    bench.start();
    kill(&mut bench);
    let task = bench.task();
    kill(&mut bench);
    let retried = activity_with("retried", |asked| {
        asked.heartbeat_timeout = seconds(5);
        asked.retry_policy = Some(RetryPolicy { initial_interval: seconds(3), ..Default::default() });
    });
    bench.answer(&task, vec![child(), timer("t", 60), retried]).expect("it can be done");
    kill(&mut bench);

    // The child is there, and its first task with it; the parent hears that it has started.
    let (one, other) = (bench.task(), bench.task());
    kill(&mut bench);
    let is_parent = |task: &PollWorkflowTaskQueueResponse| {
        task.workflow_execution.as_ref().is_some_and(|execution| execution.workflow_id == "w")
    };
    let (parent, child) = if is_parent(&one) { (one, other) } else { (other, one) };
    bench.answer(&child, vec![activity("only")]).expect("it can be done");
    kill(&mut bench);

    // An attempt beats, fails, and is tried again when its time has come.
    let (first, second) = (bench.activity().expect("it waits"), bench.activity().expect("it waits"));
    let (work, of_child) = if first.activity_id == "retried" { (first, second) } else { (second, first) };
    kill(&mut bench);
    let beat = RecordActivityTaskHeartbeatRequest {
        task_token: work.task_token.clone(),
        details: Some(value("half")),
        ..Default::default()
    };
    bench.world.heartbeat(beat).expect("it is running");
    kill(&mut bench);
    let failure_info = Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default()));
    let failed = RespondActivityTaskFailedRequest {
        task_token: work.task_token,
        failure: Some(Failure { failure_info, ..Default::default() }),
        ..Default::default()
    };
    bench.world.respond_activity_failed(failed).expect("it is running");
    kill(&mut bench);
    assert!(bench.activity().is_none(), "it is too early");
    bench.pass(Duration::from_secs(3));
    kill(&mut bench);
    let again = bench.activity().expect("its time has come");
    assert_eq!((again.attempt, again.heartbeat_details.clone()), (2, Some(value("half"))));
    kill(&mut bench);

    // What comes while the parent's task is being worked on is held back; completions come last.
    bench.complete(&again).expect("it is running");
    kill(&mut bench);
    bench.signal("hello").expect("it runs");
    kill(&mut bench);
    bench.complete(&of_child).expect("it is running");
    kill(&mut bench);
    bench.answer(&parent, vec![]).expect("it can be done");
    kill(&mut bench);

    // Both tasks are worked on at the same time. The child ends, the timer fires, and the parent hears of both.
    let (one, other) = (bench.task(), bench.task());
    let (parent, child) = if is_parent(&one) { (one, other) } else { (other, one) };
    bench.answer(&child, vec![complete()]).expect("it can be done");
    kill(&mut bench);
    bench.answer(&parent, vec![]).expect("it can be done");
    kill(&mut bench);
    let parent = bench.task();
    bench.answer(&parent, vec![]).expect("it can be done");
    bench.pass(Duration::from_secs(60));
    kill(&mut bench);
    let parent = bench.task();
    seen.push(bench.history());
    bench.answer(&parent, vec![continue_as_new()]).expect("it can be done");
    kill(&mut bench);
    let parent = bench.task();
    kill(&mut bench);
    bench.pass(Duration::from_secs(11));
    kill(&mut bench);
    assert!(bench.answer(&parent, vec![]).is_err(), "that was too late");
    let parent = bench.task();
    assert_eq!(parent.attempt, 2);
    kill(&mut bench);
    bench.answer(&parent, vec![complete()]).expect("it can be done");
    kill(&mut bench);
    seen.push(bench.history());
    seen
}

#[test]
fn nothing_changes_where_the_server_is_killed_after_every_step() {
    let expected = play(|_| ());
    assert_eq!(expected.iter().map(Vec::len).collect::<Vec<_>>(), [24, 8], "{expected:#?}");
    assert_eq!(play(Bench::restart), expected);
}

#[test]
fn a_start_that_waits_still_waits_after_a_restart() {
    for (delay, cron) in [(seconds(90), ""), (None, "*/5 * * * *")] {
        let mut bench = Bench::new();
        let request =
            StartWorkflowExecutionRequest { workflow_start_delay: delay, cron_schedule: cron.into(), ..start("w") };
        bench.world.start_workflow(request).expect("it starts");
        bench.restart();
        assert!(bench.is_idle());
        bench.pass(Duration::from_secs(300));
        let task = bench.task();
        bench.answer(&task, vec![complete()]).expect("it can be done");
        bench.restart();
        assert!(bench.is_idle(), "the next run, if there is one, waits for its time");
        if !cron.is_empty() {
            bench.pass(Duration::from_secs(300));
            assert_eq!(bench.task().attempt, 1);
        }
    }
}

#[test]
fn a_request_that_was_done_is_not_done_again_after_a_restart() {
    let mut bench = Bench::new();
    let request = StartWorkflowExecutionRequest { request_id: "first".into(), ..start("w") };
    let started = bench.world.start_workflow(request.clone()).expect("it starts");
    let signal = SignalWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        signal_name: "hello".into(),
        request_id: "second".into(),
        ..Default::default()
    };
    bench.world.signal_workflow(signal.clone()).expect("it runs");
    bench.restart();
    assert_eq!(bench.world.start_workflow(request).expect("it is the same").run_id, started.run_id);
    bench.world.signal_workflow(signal).expect("it runs");
    assert_eq!(bench.history().iter().filter(|name| name.contains("signaled")).count(), 1);
}

#[test]
fn what_was_deleted_stays_so_and_its_place_is_not_given_out_again() {
    let mut bench = Bench::new();
    bench.start();
    let request =
        DeleteWorkflowExecutionRequest { namespace: "default".into(), workflow_execution: Some(execution("w")) };
    bench.world.delete_workflow(&request).expect("it is there");
    bench.restart();
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution("w")) };
    assert_eq!(words(bench.world.describe_workflow(&request)), "NotFound: workflow not found for ID: w");
    assert!(bench.everything().batches.is_empty(), "its history is gone as well");
    assert!(bench.everything().records.iter().all(|record| record.kind != Kind::Run));
}

#[test]
fn worlds_with_the_same_seed_give_out_other_ids_after_a_restart() {
    let mut ids = std::collections::BTreeSet::new();
    let mut bench = Bench::new();
    for id in ["a", "b", "c", "d"] {
        let started = bench.world.start_workflow(start(id)).expect("it starts");
        assert!(ids.insert(started.run_id));
        bench.restart();
    }
}

#[test]
fn who_only_waits_or_asks_changes_nothing() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 1000)]).expect("it can be done");
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        wait_new_event: true,
        history_event_filter_type: 2,
        ..Default::default()
    };
    let (reads, asks, polls) = (CallId(91), CallId(92), CallId(93));
    let world = &mut bench.world;
    world.take_changes();
    world.history(reads, request).expect("it is there");
    let query = QueryWorkflowRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        query: Some(WorkflowQuery { query_type: "state".into(), ..Default::default() }),
        ..Default::default()
    };
    world.query_workflow(asks, query).expect("it is there");
    let poll =
        PollWorkflowTaskQueueRequest { namespace: "default".into(), task_queue: Some(queue()), ..Default::default() };
    world.poll_workflow_task(polls, poll).expect("a worker may poll");
    let replies = world.take_replies();
    let [(_, Ok(Reply::WorkflowTask(task)))] = &*replies else { panic!("there is a query: {replies:?}") };
    let answer = RespondQueryTaskCompletedRequest { task_token: task.task_token.clone(), ..Default::default() };
    world.respond_query_task_completed(answer).expect("it is asked for");
    world.expire(reads);
    assert_eq!(world.take_replies().len(), 2);
    assert!(world.take_changes().is_empty());
}
