//! A world with a hand on everything: a worker that answers what a test says, and a clock that stands still.

use std::time::Duration;

use perpetua_proto::command::{Command, command::Attributes};
use perpetua_proto::command::{
    CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes,
};
use perpetua_proto::common::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType};
use perpetua_proto::enums::{CommandType, EventType};
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, CallId, Changes, Refusal, Reply, Time, World};

use crate::twin::Twin;

/// When every test begins: 2001-09-09.
const BEGINNING: Time = Time::from_nanos(1_000_000_000_000_000_000);

/// A world with a hand on everything.
pub(crate) struct Bench {
    pub(crate) world: World,
    calls: u64,
    replies: Vec<(CallId, Answer<Reply>)>,
    twin: Twin,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut world = World::new(7, BEGINNING);
        let request = RegisterNamespaceRequest {
            namespace: "default".into(),
            workflow_execution_retention_period: seconds(24 * 3600),
            ..Default::default()
        };
        world.register_namespace(request).expect("the namespace is new");
        Self { world, calls: 0, replies: Vec::new(), twin: Twin::default() }
    }

    /// The server is killed, and made again of what it has stored since it began.
    pub(crate) fn restart(&mut self) {
        let stored = self.everything();
        self.world = World::restore(8, self.world.now(), stored).expect("what was stored can be read");
    }

    /// Everything that is stored.
    pub(crate) fn everything(&mut self) -> Changes {
        self.twin.store(self.world.take_changes());
        self.twin.everything()
    }

    /// What a world that was made of what is stored knows is compared with what this one knows, and what it knows of its
    /// runs with what their histories say.
    fn compare(&mut self) {
        assert_eq!(self.world.at_odds_with_history(), Vec::<String>::new());
        self.twin.compare(&mut self.world);
        // What happens next happens to runs that were packed.
        self.world.pack();
    }

    /// A world whose workers do not get the same after a restart: because of rates, or because they are of versions.
    pub(crate) fn with_other_work() -> Self {
        let mut bench = Self::new();
        bench.twin.has_other_work = true;
        bench
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let to = self.world.now().plus(time);
        self.world.advance(to);
        self.compare();
    }

    /// Makes a call that may wait.
    pub(crate) fn call(&mut self, ask: impl FnOnce(&mut World, CallId) -> Answer<()>) -> Answer<CallId> {
        self.calls += 1;
        let call = CallId(self.calls);
        self.compare();
        ask(&mut self.world, call)?;
        self.compare();
        Ok(call)
    }

    /// The answer to a call, if it has come.
    pub(crate) fn reply(&mut self, call: CallId) -> Option<Answer<Reply>> {
        self.replies.extend(self.world.take_replies());
        let at = self.replies.iter().position(|(known, _)| *known == call)?;
        Some(self.replies.remove(at).1)
    }

    /// Starts the workflow `w`.
    pub(crate) fn start(&mut self) -> StartWorkflowExecutionResponse {
        self.world.start_workflow(start("w")).expect("the workflow starts")
    }

    /// The workflow task that a poll gets at once.
    pub(crate) fn task(&mut self) -> PollWorkflowTaskQueueResponse {
        let call = self.poll();
        match self.reply(call) {
            Some(Ok(Reply::WorkflowTask(task))) => *task,
            other => panic!("there is no task: {other:?}"),
        }
    }

    /// Whether there is no workflow task for now.
    pub(crate) fn is_idle(&mut self) -> bool {
        let call = self.poll();
        let idle = self.reply(call).is_none();
        self.world.expire(call);
        self.reply(call);
        idle
    }

    pub(crate) fn poll(&mut self) -> CallId {
        let request = PollWorkflowTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(queue()),
            identity: "worker".into(),
            ..Default::default()
        };
        self.call(|world, call| world.poll_workflow_task(call, request)).expect("a worker may poll")
    }

    /// The activity that a poll gets at once.
    pub(crate) fn activity(&mut self) -> Option<PollActivityTaskQueueResponse> {
        let request = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(queue()),
            identity: "worker".into(),
            ..Default::default()
        };
        let call = self.call(|world, call| world.poll_activity_task(call, request)).expect("a worker may poll");
        let reply = self.reply(call);
        if reply.is_none() {
            self.world.expire(call);
            self.reply(call);
        }
        match reply? {
            Ok(Reply::ActivityTask(task)) => Some(*task),
            other => panic!("this is no activity: {other:?}"),
        }
    }

    /// Answers a workflow task.
    pub(crate) fn answer(
        &mut self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> Answer<RespondWorkflowTaskCompletedResponse> {
        let answered = self.world.respond_workflow_task_completed(answer(task, commands));
        self.compare();
        answered
    }

    /// Completes an activity.
    pub(crate) fn complete(&mut self, activity: &PollActivityTaskQueueResponse) -> Answer<()> {
        self.world.respond_activity_completed(RespondActivityTaskCompletedRequest {
            task_token: activity.task_token.clone(),
            result: Some(value("done")),
            identity: "worker".into(),
            ..Default::default()
        })
    }

    /// Signals `w`.
    pub(crate) fn signal(&mut self, name: &str) -> Answer<()> {
        let signal = SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution("w")),
            signal_name: name.into(),
            ..Default::default()
        };
        self.world.signal_workflow(signal).map(|_| ())
    }

    /// The events of `w`, of its current run.
    pub(crate) fn events(&mut self) -> Vec<HistoryEvent> {
        self.events_of(String::new())
    }

    /// The events of a run of `w`.
    pub(crate) fn events_of(&mut self, run_id: String) -> Vec<HistoryEvent> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: "default".into(),
            execution: Some(WorkflowExecution { run_id, ..execution("w") }),
            ..Default::default()
        };
        let call = self.call(|world, call| world.history(call, request)).expect("the workflow is there");
        match self.reply(call) {
            Some(Ok(Reply::History(response))) => response.history.unwrap_or_default().events,
            other => panic!("this is no history: {other:?}"),
        }
    }

    /// The names of the events of `w`, with their ids.
    pub(crate) fn history(&mut self) -> Vec<String> {
        names(&self.events())
    }
}

/// Names of events with their ids.
pub(crate) fn names(events: &[HistoryEvent]) -> Vec<String> {
    let name = |event: &HistoryEvent| {
        let name = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_").to_lowercase();
        format!("{} {name}", event.event_id)
    };
    events.iter().map(name).collect()
}

/// The last event of a kind.
pub(crate) fn last(events: &[HistoryEvent], kind: EventType) -> HistoryEvent {
    events.iter().rfind(|event| event.event_type() == kind).cloned().unwrap_or_else(|| panic!("there is no {kind:?}"))
}

pub(crate) fn start(id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(queue()),
        identity: "client".into(),
        ..Default::default()
    }
}

pub(crate) fn answer(
    task: &PollWorkflowTaskQueueResponse,
    commands: Vec<Command>,
) -> RespondWorkflowTaskCompletedRequest {
    RespondWorkflowTaskCompletedRequest {
        task_token: task.task_token.clone(),
        commands,
        identity: "worker".into(),
        ..Default::default()
    }
}

pub(crate) fn queue() -> TaskQueue {
    TaskQueue { name: "queue".into(), ..Default::default() }
}

pub(crate) fn execution(id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: id.into(), run_id: String::new() }
}

pub(crate) fn value(text: &str) -> Payloads {
    Payloads { payloads: vec![Payload { data: text.to_owned().into(), ..Default::default() }] }
}

pub(crate) fn command(attributes: Attributes) -> Command {
    use Attributes as A;
    let kind = match &attributes {
        A::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        A::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        A::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        A::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        A::StartChildWorkflowExecutionCommandAttributes(_) => CommandType::StartChildWorkflowExecution,
        A::SignalExternalWorkflowExecutionCommandAttributes(_) => CommandType::SignalExternalWorkflowExecution,
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        A::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        A::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        A::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        A::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        A::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        A::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        A::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        A::ContinueAsNewWorkflowExecutionCommandAttributes(_) => CommandType::ContinueAsNewWorkflowExecution,
        A::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        A::RequestCancelNexusOperationCommandAttributes(_) => CommandType::RequestCancelNexusOperation,
    };
    Command { command_type: kind.into(), attributes: Some(attributes), ..Default::default() }
}

pub(crate) fn seconds(seconds: i64) -> Option<perpetua_proto::protobuf::Duration> {
    Some(perpetua_proto::protobuf::Duration { seconds, nanos: 0 })
}

pub(crate) fn timer(id: &str, after: i64) -> Command {
    let asked = StartTimerCommandAttributes { timer_id: id.into(), start_to_fire_timeout: seconds(after) };
    command(Attributes::StartTimerCommandAttributes(Box::new(asked)))
}

pub(crate) fn activity(id: &str) -> Command {
    activity_with(id, |_| ())
}

pub(crate) fn activity_with(id: &str, change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> Command {
    let mut asked = ScheduleActivityTaskCommandAttributes {
        activity_id: id.into(),
        activity_type: Some(ActivityType { name: "work".into() }),
        task_queue: Some(queue()),
        start_to_close_timeout: seconds(10),
        ..Default::default()
    };
    change(&mut asked);
    command(Attributes::ScheduleActivityTaskCommandAttributes(Box::new(asked)))
}

pub(crate) fn complete() -> Command {
    let asked = CompleteWorkflowExecutionCommandAttributes { result: Some(value("result")) };
    command(Attributes::CompleteWorkflowExecutionCommandAttributes(Box::new(asked)))
}

/// The words of a refusal, with its code.
pub(crate) fn words<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    let refusal: Refusal = answer.expect_err("it is refused");
    format!("{:?}: {}", refusal.code, refusal.message)
}
