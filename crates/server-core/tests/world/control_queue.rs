//! What workers are told in their control queues: which activities are not wanted any longer.

use std::time::Duration;

use bytes::Bytes;
use perpetua_proto::command::RequestCancelActivityTaskCommandAttributes;
use perpetua_proto::command::command::Attributes;
use perpetua_proto::nexus::request::Variant;
use perpetua_proto::nexus::response::Variant as ResponseVariant;
use perpetua_proto::nexus::start_operation_response::{Sync, Variant as StartVariant};
use perpetua_proto::nexus::{Response, StartOperationResponse};
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::worker::worker_command::Type;
use perpetua_proto::workerservice::ExecuteCommandsRequest;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::Reply;
use prost::Message;

use crate::bench::{Bench, activity, activity_with, answer, command, complete, execution, queue};

const CONTROL: &str = "temporal-sys/worker-commands/default/process";

impl Bench {
    /// `w` has these activities, and waits.
    fn with_activities(ids: &[&str]) -> Self {
        let mut bench = Self::with_other_work();
        bench.start();
        let task = bench.task();
        let commands = ids.iter().map(|id| activity(id)).collect();
        bench.answer(&task, commands).expect("it can be done");
        bench
    }

    /// A worker with a control queue takes an activity.
    fn take(&mut self) -> PollActivityTaskQueueResponse {
        let request = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(queue()),
            worker_control_task_queue: CONTROL.into(),
            ..Default::default()
        };
        let call = self.call(|world, call| world.poll_activity_task(call, request)).expect("a worker may poll");
        match self.reply(call) {
            Some(Ok(Reply::ActivityTask(task))) => *task,
            other => panic!("this is no activity: {other:?}"),
        }
    }

    /// The attempts that the worker is told to cancel.
    fn told(&mut self) -> Vec<Bytes> {
        let request = PollNexusTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(TaskQueue { name: CONTROL.into(), ..Default::default() }),
            ..Default::default()
        };
        let call = self.call(|world, call| world.poll_nexus_task(call, request)).expect("a worker may poll");
        let task = match self.reply(call) {
            Some(Ok(Reply::NexusTask(task))) => *task,
            None => {
                self.world.expire(call);
                return Vec::new();
            }
            other => panic!("this tells nothing: {other:?}"),
        };
        let Some(Variant::StartOperation(start)) = task.request.and_then(|request| request.variant) else {
            panic!("this starts nothing")
        };
        assert_eq!(start.service, "temporal.api.nexusservices.workerservice.v1.WorkerService");
        assert_eq!(start.operation, "ExecuteCommands");
        let response = StartOperationResponse { variant: Some(StartVariant::SyncSuccess(Sync::default())) };
        let request = RespondNexusTaskCompletedRequest {
            namespace: "default".into(),
            task_token: task.task_token,
            response: Some(Response { variant: Some(ResponseVariant::StartOperation(response)) }),
            ..Default::default()
        };
        self.world.respond_nexus_task_completed(request).expect("the request was the worker's");
        let payload = start.payload.unwrap_or_default();
        assert_eq!(payload.metadata.get("encoding").map(|it| &it[..]), Some(&b"binary/protobuf"[..]));
        let commands = ExecuteCommandsRequest::decode(payload.data).expect("it is what its name says").commands;
        let token = |Type::CancelActivity(it)| it.task_token;
        commands.into_iter().filter_map(|command| command.r#type).map(token).collect()
    }

    fn cancel(&mut self, scheduled: i64) {
        self.signal("stop").expect("it runs");
        let task = self.task();
        let asked = RequestCancelActivityTaskCommandAttributes { scheduled_event_id: scheduled };
        let cancel = command(Attributes::RequestCancelActivityTaskCommandAttributes(Box::new(asked)));
        self.answer(&task, vec![cancel]).expect("it can be done");
    }

    fn terminate(&mut self) {
        let request = TerminateWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution("w")),
            ..Default::default()
        };
        self.world.terminate_workflow(request).expect("it runs");
    }
}

#[test]
fn a_worker_is_told_once_of_an_activity_that_its_workflow_cancels() {
    let mut bench = Bench::with_activities(&["a", "b"]);
    let work = bench.take();
    bench.take();
    bench.cancel(5);
    assert_eq!(bench.told(), std::slice::from_ref(&work.task_token));
    assert_eq!(bench.told(), Vec::<Bytes>::new());
    bench.complete(&work).expect("it is the worker's still");
}

#[test]
fn a_worker_is_told_of_all_that_a_workflow_leaves_behind() {
    let mut bench = Bench::with_activities(&["a", "b", "c"]);
    let left = [bench.take().task_token, bench.take().task_token];
    bench.terminate();
    assert_eq!(bench.told(), left, "and not of what nobody has begun");

    let mut bench = Bench::with_activities(&["a"]);
    let work = bench.take();
    bench.signal("end").expect("it runs");
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    assert_eq!(bench.told(), [work.task_token]);
}

#[test]
fn a_worker_is_told_of_what_it_took_with_the_answer_to_a_task_also_after_a_restart() {
    let mut bench = Bench::with_other_work();
    bench.start();
    let task = bench.task();
    let mut request = answer(&task, vec![activity_with("a", |asked| asked.request_eager_execution = true)]);
    request.worker_control_task_queue = CONTROL.into();
    let answered = bench.world.respond_workflow_task_completed(request).expect("it can be done");
    bench.restart();
    bench.terminate();
    let left: Vec<Bytes> = answered.activity_tasks.into_iter().map(|task| task.task_token).collect();
    assert_eq!((left.len(), bench.told()), (1, left));
}

#[test]
fn nobody_is_told_who_cannot_be_or_does_not_listen() {
    let mut bench = Bench::with_activities(&["a"]);
    bench.activity().expect("it waits for a worker");
    bench.cancel(5);
    assert_eq!(bench.told(), Vec::<Bytes>::new(), "this worker has no control queue");

    let mut bench = Bench::with_activities(&["a"]);
    bench.take();
    bench.terminate();
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.told(), Vec::<Bytes>::new(), "it has not asked for too long");
}
