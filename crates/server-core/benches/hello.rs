//! What the world itself takes: matching tasks with polls, and writing down what happens, without gRPC and without a file.
//!
//! `cargo bench -p perpetua-server-core`, or `cargo xtask bench micro`.

use divan::Bencher;
use perpetua_proto::command::command::Attributes;
use perpetua_proto::command::{
    Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
};
use perpetua_proto::common::{ActivityType, Payload, Payloads, WorkflowType};
use perpetua_proto::enums::CommandType;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{CallId, Reply, Time, World};

fn main() {
    divan::main();
}

/// A world with nothing in it, and the number of its last call.
struct Bench {
    world: World,
    calls: u64,
}

impl Bench {
    fn new() -> Self {
        let mut world = World::new(7, Time::from_nanos(1_000_000_000_000_000_000));
        let request = RegisterNamespaceRequest {
            namespace: "default".into(),
            workflow_execution_retention_period: seconds(24 * 3600),
            ..Default::default()
        };
        world.register_namespace(request).expect("the namespace is new");
        Self { world, calls: 0 }
    }

    fn start(&mut self, number: u64) {
        let request = StartWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_id: format!("workflow-{number}"),
            workflow_type: Some(WorkflowType { name: "Seq".into() }),
            task_queue: queue(),
            input: value("1"),
            identity: "client".into(),
            ..Default::default()
        };
        self.world.start_workflow(request).expect("the workflow starts");
    }

    fn poll_workflow(&mut self) -> CallId {
        self.calls += 1;
        let request = PollWorkflowTaskQueueRequest {
            namespace: "default".into(),
            task_queue: queue(),
            identity: "worker".into(),
            ..Default::default()
        };
        let call = CallId(self.calls);
        self.world.poll_workflow_task(call, request).expect("a worker may poll");
        call
    }

    /// The workflow task that a poll has got.
    fn task(&mut self, call: CallId) -> Box<PollWorkflowTaskQueueResponse> {
        match self.world.take_replies().into_iter().find(|(answered, _)| *answered == call) {
            Some((_, Ok(Reply::WorkflowTask(task)))) => task,
            other => panic!("there is no workflow task: {other:?}"),
        }
    }

    /// Answers a workflow task with one command.
    fn answer(&mut self, task: &PollWorkflowTaskQueueResponse, kind: CommandType, attributes: Attributes) {
        let command = Command { command_type: kind.into(), attributes: Some(attributes), ..Default::default() };
        let request = RespondWorkflowTaskCompletedRequest {
            task_token: task.task_token.clone(),
            commands: vec![command],
            identity: "worker".into(),
            ..Default::default()
        };
        self.world.respond_workflow_task_completed(request).expect("the task is answered");
    }

    /// A workflow of one activity, from its start to its end, as the worker and client of a hello make it.
    fn hello(&mut self, number: u64) {
        let waiting = self.poll_workflow();
        self.start(number);
        let task = self.task(waiting);
        let schedule = ScheduleActivityTaskCommandAttributes {
            activity_id: "1".into(),
            activity_type: Some(ActivityType { name: "noop".into() }),
            task_queue: queue(),
            input: value("1"),
            start_to_close_timeout: seconds(300),
            ..Default::default()
        };
        let schedule = Attributes::ScheduleActivityTaskCommandAttributes(Box::new(schedule));
        self.answer(&task, CommandType::ScheduleActivityTask, schedule);

        self.calls += 1;
        let (call, request) = (
            CallId(self.calls),
            PollActivityTaskQueueRequest {
                namespace: "default".into(),
                task_queue: queue(),
                identity: "worker".into(),
                ..Default::default()
            },
        );
        self.world.poll_activity_task(call, request).expect("a worker may poll");
        let activity = match self.world.take_replies().into_iter().find(|(answered, _)| *answered == call) {
            Some((_, Ok(Reply::ActivityTask(task)))) => task,
            other => panic!("there is no activity: {other:?}"),
        };
        let completed = RespondActivityTaskCompletedRequest {
            task_token: activity.task_token.clone(),
            result: value("1"),
            identity: "worker".into(),
            ..Default::default()
        };
        self.world.respond_activity_completed(completed).expect("the activity completes");

        let waiting = self.poll_workflow();
        let task = self.task(waiting);
        let complete = CompleteWorkflowExecutionCommandAttributes { result: value("1") };
        let complete = Attributes::CompleteWorkflowExecutionCommandAttributes(Box::new(complete));
        self.answer(&task, CommandType::CompleteWorkflowExecution, complete);
    }
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "queue".into(), ..Default::default() })
}

fn value(text: &str) -> Option<Payloads> {
    Some(Payloads { payloads: vec![Payload { data: text.to_owned().into(), ..Default::default() }] })
}

fn seconds(seconds: i64) -> Option<perpetua_proto::protobuf::Duration> {
    Some(perpetua_proto::protobuf::Duration { seconds, nanos: 0 })
}

/// Starts of workflows that nobody works on.
#[divan::bench]
fn start(bencher: Bencher<'_, '_>) {
    let (mut bench, mut number) = (Bench::new(), 0);
    bencher.bench_local(|| {
        number += 1;
        bench.start(number);
        bench.world.take_changes()
    });
}

/// A poll that waits meets the task of a workflow that starts.
#[divan::bench]
fn matching(bencher: Bencher<'_, '_>) {
    let (mut bench, mut number) = (Bench::new(), 0);
    bencher.bench_local(|| {
        number += 1;
        let waiting = bench.poll_workflow();
        bench.start(number);
        let task = bench.task(waiting);
        drop(bench.world.take_changes());
        task
    });
}

/// Workflows of one activity, from their start to their end.
#[divan::bench]
fn hello(bencher: Bencher<'_, '_>) {
    let (mut bench, mut number) = (Bench::new(), 0);
    bencher.bench_local(|| {
        number += 1;
        bench.hello(number);
        bench.world.take_changes()
    });
}
