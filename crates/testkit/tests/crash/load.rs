//! Clients that start, signal and update workflows, and workers that bring them on, until the server is gone.

use std::sync::Arc;

use perpetua_proto::command::command::Attributes as Asked;
use perpetua_proto::command::{
    Command, CompleteWorkflowExecutionCommandAttributes, ProtocolMessageCommandAttributes,
    ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes,
};
use perpetua_proto::common::{ActivityType, Payload, Payloads, RetryPolicy, WorkflowExecution, WorkflowType};
use perpetua_proto::enums::{
    CommandType, EventType, HistoryEventFilterType, UpdateWorkflowExecutionLifecycleStage as Stage,
};
use perpetua_proto::protocol::Message;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::update::{Acceptance, Input, Meta, Outcome as Result_, Request, Response, WaitPolicy, outcome};
use perpetua_proto::workflowservice::*;
use perpetua_testkit::Outcome;
use prost::Message as _;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::ledger::{Job, Ledger, SIGNALS, count};
use crate::process::{Process, Raw};

const CLIENTS: usize = 16;
const WORKERS: usize = 3;

/// What is under way while a server lives.
pub(crate) struct Load {
    tasks: JoinSet<Result<(), Status>>,
    ledger: Arc<Ledger>,
}

/// Begins to ask a lot of a server.
pub(crate) async fn begin(process: &Process, ledger: &Arc<Ledger>) -> Outcome<Load> {
    let mut tasks = JoinSet::new();
    let client = process.client().await?;
    for _ in 0..WORKERS {
        tasks.spawn(run_workflows(client.clone(), Arc::clone(ledger)));
        tasks.spawn(run_activities(client.clone(), Arc::clone(ledger)));
    }
    for _ in 0..CLIENTS {
        tasks.spawn(be_client(client.clone(), Arc::clone(ledger)));
    }
    Ok(Load { tasks, ledger: Arc::clone(ledger) })
}

impl Load {
    /// The server is gone: everybody has noticed, and nobody heard anything else.
    pub(crate) async fn end(mut self) -> Outcome {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(status) = ended? {
                // What the server says itself has no source; a broken connection has.
                let is_broken = std::error::Error::source(&status).is_some();
                if !is_broken {
                    return Err(format!("the server said something else: {status:?}").into());
                }
            }
        }
        self.ledger.give_back();
        Ok(())
    }
}

fn execution(job: &Job) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: job.id.clone(), run_id: String::new() })
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "queue".into(), ..TaskQueue::default() })
}

fn millis(millis: i32) -> Option<perpetua_proto::protobuf::Duration> {
    Some(perpetua_proto::protobuf::Duration { seconds: i64::from(millis / 1000), nanos: millis % 1000 * 1_000_000 })
}

pub(crate) fn value(text: &str) -> Payloads {
    Payloads { payloads: vec![Payload { data: text.to_owned().into(), ..Payload::default() }] }
}

async fn be_client(mut client: Raw, ledger: Arc<Ledger>) -> Result<(), Status> {
    while let Some((place, job)) = ledger.take_job() {
        if job.run.is_none() {
            let started = client.start_workflow_execution(start(&job)).await?.into_inner();
            ledger.see(&started.run_id, &job.id);
            ledger.note(|pages| pages.jobs[place].run = Some(started.run_id));
        }
        for number in job.signals..SIGNALS {
            let signal = SignalWorkflowExecutionRequest {
                namespace: "default".into(),
                workflow_execution: execution(&job),
                signal_name: format!("signal-{number}"),
                request_id: format!("{}-{number}", job.request),
                ..SignalWorkflowExecutionRequest::default()
            };
            client.signal_workflow_execution(signal).await?;
            ledger.note(|pages| pages.jobs[place].signals = number + 1);
        }
        while !ledger.pages().jobs[place].updated {
            match client.update_workflow_execution(update(&job)).await {
                Ok(updated) => {
                    let updated = updated.into_inner();
                    if updated.stage() == Stage::Completed {
                        assert!(updated.outcome.is_some_and(|outcome| outcome.value == success().value));
                        ledger.note(|pages| pages.jobs[place].updated = true);
                    }
                }
                // Its task went away with too many servers; it is taken up again when that has timed out.
                Err(status) if status.code() == Code::FailedPrecondition => news(&mut client, &job).await?,
                Err(status) => return Err(status),
            }
        }
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: "default".into(),
                execution: execution(&job),
                wait_new_event: true,
                history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
                ..GetWorkflowExecutionHistoryRequest::default()
            };
            let history = client.get_workflow_execution_history(request).await?.into_inner().history;
            if history.is_some_and(|history| !history.events.is_empty()) {
                break;
            }
        }
        ledger.note(|pages| pages.jobs[place].ended = true);
    }
    Ok(())
}

/// Waits until something happens to a workflow.
async fn news(client: &mut Raw, job: &Job) -> Result<(), Status> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: execution(job),
        wait_new_event: true,
        ..GetWorkflowExecutionHistoryRequest::default()
    };
    let seen = client.get_workflow_execution_history(request.clone()).await?.into_inner();
    if !seen.next_page_token.is_empty() {
        let rest = GetWorkflowExecutionHistoryRequest { next_page_token: seen.next_page_token, ..request };
        client.get_workflow_execution_history(rest).await?;
    }
    Ok(())
}

fn start(job: &Job) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: job.id.clone(),
        workflow_type: Some(WorkflowType { name: "patient".into() }),
        task_queue: queue(),
        request_id: job.request.clone(),
        workflow_task_timeout: millis(1000),
        ..StartWorkflowExecutionRequest::default()
    }
}

fn update(job: &Job) -> UpdateWorkflowExecutionRequest {
    UpdateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: execution(job),
        wait_policy: Some(WaitPolicy { lifecycle_stage: Stage::Completed.into() }),
        request: Some(Request {
            meta: Some(Meta { update_id: "update".into(), ..Meta::default() }),
            input: Some(Input { name: "change".into(), ..Input::default() }),
            ..Request::default()
        }),
        ..UpdateWorkflowExecutionRequest::default()
    }
}

fn success() -> Result_ {
    Result_ { value: Some(outcome::Value::Success(value("changed"))) }
}

/// Whoever was not heard in time asks again; the task may be another's by now.
fn is_late(status: &Status) -> bool {
    status.code() == Code::NotFound
}

async fn run_workflows(mut client: Raw, ledger: Arc<Ledger>) -> Result<(), Status> {
    loop {
        let poll = PollWorkflowTaskQueueRequest {
            namespace: "default".into(),
            task_queue: queue(),
            identity: "worker".into(),
            ..PollWorkflowTaskQueueRequest::default()
        };
        let task = client.poll_workflow_task_queue(poll).await?.into_inner();
        let Some(execution) = task.workflow_execution.clone() else { continue };
        ledger.see(&execution.run_id, &execution.workflow_id);
        show(&ledger, &execution.run_id, &task);
        let result = uuid::Uuid::new_v4().to_string();
        let (commands, messages) = decide(&task, &result);
        let completes = commands
            .iter()
            .any(|it| matches!(it.attributes, Some(Asked::CompleteWorkflowExecutionCommandAttributes(_))));
        let answer = RespondWorkflowTaskCompletedRequest {
            task_token: task.task_token,
            commands,
            messages,
            namespace: "default".into(),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        match client.respond_workflow_task_completed(answer).await {
            Ok(_) => ledger.note(|pages| {
                if completes {
                    pages.completions.insert(execution.run_id, result);
                }
            }),
            // The workflow has not seen everything, and is asked again.
            Err(status) if is_late(&status) || status.message().contains("UnhandledCommand") => {}
            Err(status) => return Err(status),
        }
    }
}

/// Remembers what was shown of a history. The last two events may be those of a task that is not stored.
fn show(ledger: &Ledger, run: &str, task: &PollWorkflowTaskQueueResponse) {
    let events = task.history.as_ref().map_or(&[][..], |history| &history.events);
    assert!(task.next_page_token.is_empty(), "the histories are short");
    let stored = &events[..events.len().saturating_sub(2)];
    let mut pages = ledger.pages();
    let before = pages.shown.entry(run.to_owned()).or_default();
    if before.len() < stored.len() {
        *before = stored.to_vec();
    }
}

fn command(attributes: Asked) -> Command {
    let kind = match &attributes {
        Asked::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        Asked::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        Asked::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        Asked::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        other => panic!("no workflow here asks for {other:?}"),
    };
    Command { command_type: kind.into(), attributes: Some(attributes), ..Command::default() }
}

/// What the workflow wants: an activity and a timer, then everything that it waits for.
fn decide(task: &PollWorkflowTaskQueueResponse, result: &str) -> (Vec<Command>, Vec<Message>) {
    let events = task.history.as_ref().map_or(&[][..], |history| &history.events);
    let mut commands = Vec::new();
    let mut messages = Vec::new();
    if count(events, EventType::ActivityTaskScheduled) == 0 {
        commands.push(command(Asked::ScheduleActivityTaskCommandAttributes(Box::new(
            ScheduleActivityTaskCommandAttributes {
                activity_id: "activity".into(),
                activity_type: Some(ActivityType { name: "work".into() }),
                task_queue: queue(),
                start_to_close_timeout: millis(700),
                retry_policy: Some(RetryPolicy { initial_interval: millis(50), ..RetryPolicy::default() }),
                ..ScheduleActivityTaskCommandAttributes::default()
            },
        ))));
        commands.push(command(Asked::StartTimerCommandAttributes(Box::new(StartTimerCommandAttributes {
            timer_id: "timer".into(),
            start_to_fire_timeout: millis(20),
        }))));
    }
    for message in &task.messages {
        let id = &message.protocol_instance_id;
        let accepted = Acceptance {
            accepted_request_message_id: message.id.clone(),
            accepted_request: message.body.as_ref().and_then(|body| Request::decode(&*body.value).ok()),
            ..Acceptance::default()
        };
        let done = Response { meta: Some(Meta { update_id: id.clone(), ..Meta::default() }), outcome: Some(success()) };
        for (name, body) in [("Acceptance", accepted.encode_to_vec()), ("Response", done.encode_to_vec())] {
            let of_message = format!("{id}/{name}");
            commands.push(command(Asked::ProtocolMessageCommandAttributes(Box::new(
                ProtocolMessageCommandAttributes { message_id: of_message.clone() },
            ))));
            messages.push(Message {
                id: of_message,
                protocol_instance_id: id.clone(),
                body: Some(perpetua_proto::protobuf::Any {
                    type_url: format!("type.googleapis.com/temporal.api.update.v1.{name}"),
                    value: body.into(),
                }),
                ..Message::default()
            });
        }
    }
    let is_done = count(events, EventType::ActivityTaskCompleted) == 1
        && count(events, EventType::TimerFired) == 1
        && count(events, EventType::WorkflowExecutionSignaled) == SIGNALS
        && count(events, EventType::WorkflowExecutionUpdateCompleted) + task.messages.len() == 1;
    if is_done {
        let asked = CompleteWorkflowExecutionCommandAttributes { result: Some(value(result)) };
        commands.push(command(Asked::CompleteWorkflowExecutionCommandAttributes(Box::new(asked))));
    }
    (commands, messages)
}

async fn run_activities(mut client: Raw, ledger: Arc<Ledger>) -> Result<(), Status> {
    loop {
        let poll = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: queue(),
            identity: "worker".into(),
            ..PollActivityTaskQueueRequest::default()
        };
        let task = client.poll_activity_task_queue(poll).await?.into_inner();
        let Some(execution) = task.workflow_execution else { continue };
        ledger.see(&execution.run_id, &execution.workflow_id);
        let result = uuid::Uuid::new_v4().to_string();
        let done = RespondActivityTaskCompletedRequest {
            task_token: task.task_token,
            result: Some(value(&result)),
            namespace: "default".into(),
            ..RespondActivityTaskCompletedRequest::default()
        };
        match client.respond_activity_task_completed(done).await {
            Ok(_) => ledger.note(|pages| {
                let before = pages.results.insert(execution.run_id.clone(), result);
                assert!(before.is_none(), "the activity of {} was completed twice", execution.run_id);
            }),
            Err(status) if is_late(&status) => {}
            Err(status) => return Err(status),
        }
    }
}
