//! Answers of workers: in pages, with groups of events, and polls of workers that have gone.

use std::time::Duration;

use perpetua_proto::command::Command;
use perpetua_proto::sdk::{EventGroupMarker, event_group_marker};
use perpetua_proto::taskqueue::{StickyExecutionAttributes, TaskQueue};
use perpetua_proto::worker::WorkerHeartbeat;
use perpetua_proto::workflowservice::{
    ListWorkersRequest, PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse, RecordWorkerHeartbeatRequest,
    RespondWorkflowTaskCompletedRequest, ShutdownWorkerRequest,
};
use perpetua_server_core::Reply;

use crate::bench::{Bench, answer, complete, names, queue, seconds, timer, words};

fn page(
    task: &PollWorkflowTaskQueueResponse,
    number: i32,
    commands: Vec<Command>,
    is_last: bool,
) -> RespondWorkflowTaskCompletedRequest {
    RespondWorkflowTaskCompletedRequest { page_number: number, intermediate_page: !is_last, ..answer(task, commands) }
}

#[test]
fn pages_of_an_answer_count_when_the_last_one_is_there() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.world.respond_workflow_task_completed(page(&task, 1, vec![timer("b", 5)], false)).expect("it is kept");
    bench.world.respond_workflow_task_completed(page(&task, 0, vec![timer("a", 5)], false)).expect("it is kept");
    bench.world.respond_workflow_task_completed(page(&task, 1, vec![timer("b", 5)], false)).expect("it is the same");
    assert_eq!(bench.history().len(), 3, "nothing is done yet");
    bench.world.respond_workflow_task_completed(page(&task, 2, vec![timer("c", 5)], true)).expect("it can be done");
    let expected = ["4 workflow_task_completed", "5 timer_started", "6 timer_started", "7 timer_started"];
    assert_eq!(bench.history()[3..], expected);
}

#[test]
fn an_answer_without_its_first_pages_is_none() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let refused = bench.world.respond_workflow_task_completed(page(&task, 1, vec![timer("b", 5)], true));
    assert_eq!(words(refused), "Aborted: The last page of an answer names 1 before it, of which 0 are here.");
    bench.answer(&task, vec![complete()]).expect("the task is still there");
}

#[test]
fn events_belong_to_the_groups_of_the_commands_that_made_them() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let grouped = |command: Command, id: &str| {
        let label = event_group_marker::Label { id: id.into(), ..Default::default() };
        let marker = EventGroupMarker { variant: Some(event_group_marker::Variant::Label(label)) };
        Command { event_group_markers: vec![marker], ..command }
    };
    let commands = vec![grouped(timer("a", 5), "first"), timer("b", 5), grouped(complete(), "last")];
    bench.answer(&task, commands).expect("it can be done");
    let events = bench.events();
    let groups: Vec<usize> = events.iter().map(|event| event.event_group_markers.len()).collect();
    assert_eq!(groups, [0, 0, 0, 0, 1, 0, 1], "{:?}", names(&events));
}

#[test]
fn a_poll_that_was_on_its_way_when_its_worker_went_gets_nothing() {
    let mut bench = Bench::new();
    let request =
        ShutdownWorkerRequest { namespace: "default".into(), worker_instance_key: "gone".into(), ..Default::default() };
    bench.world.shutdown_worker(&request).expect("the namespace is there");
    bench.start();
    let request = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        worker_instance_key: "gone".into(),
        ..Default::default()
    };
    let asked = request.clone();
    let call = bench.call(|world, call| world.poll_workflow_task(call, asked)).expect("a worker may poll");
    match bench.reply(call) {
        Some(Ok(Reply::WorkflowTask(task))) => assert!(task.task_token.is_empty(), "there is a task"),
        other => panic!("it is not answered with nothing: {other:?}"),
    }
    bench.pass(Duration::from_secs(30));
    let call = bench.call(|world, call| world.poll_workflow_task(call, request)).expect("a worker may poll");
    match bench.reply(call) {
        Some(Ok(Reply::WorkflowTask(task))) => assert_eq!(task.attempt, 1, "it has come back"),
        other => panic!("there is no task: {other:?}"),
    }
}

#[test]
fn what_a_worker_says_last_is_remembered() {
    let mut bench = Bench::new();
    let said = |key: &str| WorkerHeartbeat { worker_instance_key: key.into(), ..Default::default() };
    let request = RecordWorkerHeartbeatRequest {
        namespace: "default".into(),
        worker_heartbeat: vec![said("speaks"), said("is silent")],
        ..Default::default()
    };
    bench.world.record_worker_heartbeat(request).expect("the namespace is there");
    for (key, last) in [("speaks", Some(said("speaks"))), ("is silent", None)] {
        let request = ShutdownWorkerRequest {
            namespace: "default".into(),
            worker_instance_key: key.into(),
            worker_heartbeat: last,
            ..Default::default()
        };
        bench.world.shutdown_worker(&request).expect("the namespace is there");
    }
    let request = ListWorkersRequest { namespace: "default".into(), ..Default::default() };
    let listed = bench.world.list_workers(&request).expect("the namespace is there").workers;
    let keys: Vec<_> = listed.iter().map(|worker| worker.worker_instance_key.as_str()).collect();
    assert_eq!(keys, ["speaks"]);
}

#[test]
fn a_task_that_waits_for_a_worker_that_goes_is_for_all_without_an_event() {
    let mut bench = Bench::with_other_work();
    bench.start();
    let task = bench.task();
    let sticky = TaskQueue { name: "sticky".into(), kind: 2, normal_name: "queue".into() };
    let request = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(sticky.clone()),
        ..Default::default()
    };
    let poll = bench.call(|world, call| world.poll_workflow_task(call, request)).expect("a worker may poll");
    bench.world.expire(poll);
    let mut request = answer(&task, vec![]);
    request.sticky_attributes =
        Some(StickyExecutionAttributes { worker_task_queue: Some(sticky), schedule_to_start_timeout: seconds(5) });
    bench.world.respond_workflow_task_completed(request).expect("it can be done");
    bench.signal("hello").expect("it runs");
    assert!(bench.is_idle(), "it waits for the worker that remembers it");
    let request =
        ShutdownWorkerRequest { namespace: "default".into(), sticky_task_queue: "sticky".into(), ..Default::default() };
    bench.world.shutdown_worker(&request).expect("the namespace is there");
    let task = bench.task();
    let seen = task.history.expect("a worker gets a history").events;
    assert_eq!(
        names(&seen)[4..],
        ["5 workflow_execution_signaled", "6 workflow_task_scheduled", "7 workflow_task_started"]
    );
}
