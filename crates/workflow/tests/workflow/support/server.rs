//! A server made of a list of events: it writes what a real one would.

use std::collections::BTreeMap;
use std::time::Duration;

use perpetua_convert::{Arguments, PayloadConverter};
use perpetua_vocab::{
    ActivityCanceled, ActivityClosed, ActivityFailed, ActivityId, ActivityScheduled, ApplicationFailure, ChildWorkflow,
    ChildWorkflowCompleted, ChildWorkflowStarted, CommandKind, Event, EventId, EventKind, Failure, FailureInfo,
    Identity, MarkerRecorded, Message, MessageBody, MessageId, Namespace, Payload, PropertiesModified, Query, QueryId,
    QueryName, RecordMarker, RetryState, RunId, SearchAttributesUpserted, SignalName, Signaled,
    StartChildWorkflowInitiated, TaskQueue, TimeoutKind, TimerId, TimerStarted, Timestamp, UpdateAccepted,
    UpdateCompleted, UpdateId, UpdateName, UpdateRequest, WorkflowCancelRequested, WorkflowClosed,
    WorkflowContinuedAsNew, WorkflowExecution, WorkflowFailed, WorkflowId, WorkflowStarted, WorkflowTaskCompleted,
    WorkflowTaskFailed, WorkflowTaskFailedCause, WorkflowTaskStarted, WorkflowType,
};
use perpetua_workflow::{Answer, LocalActivityEnd, TaskHead};
use serde::Serialize;

/// The id of every run here, unless a test says otherwise.
pub(crate) const RUN: &str = "5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d";

/// One run, as a server has it.
#[derive(Default)]
pub(crate) struct Server {
    history: Vec<Event>,
    /// Seconds since the beginning of the run.
    clock: i64,
    /// The started event of the last task that was answered.
    answered: Option<EventId>,
    /// The task that is out.
    present: Option<Present>,
    /// How long the history was after the last answer.
    settled: usize,
    requests: Vec<Message>,
    queries: BTreeMap<QueryId, Query>,
    /// How local activities end while the next task is worked on.
    ends: Vec<(u32, LocalActivityEnd)>,
    /// Whether every task is lost once before it is answered.
    pub(crate) loses_tasks: bool,
    is_closed: bool,
}

#[derive(Clone, Copy)]
struct Present {
    started: EventId,
    /// How long the history was before the task, if the task is only written when something comes of it.
    speculative: Option<usize>,
}

impl Server {
    pub(crate) fn start(workflow: &str, input: &impl Arguments) -> Self {
        Self::start_as(workflow, input, |_| {})
    }

    /// A run that begins with what else was said.
    pub(crate) fn start_as(workflow: &str, input: &impl Arguments, say: impl FnOnce(&mut WorkflowStarted)) -> Self {
        let mut started = WorkflowStarted {
            workflow_id: WorkflowId::new("workflow"),
            workflow_type: WorkflowType::new(workflow),
            task_queue: TaskQueue::new("queue"),
            input: Some(arguments(input)),
            first_run: RunId::new(RUN),
            original_run: RunId::new(RUN),
            continued_run: None,
            attempt: 1,
            execution_timeout: None,
            run_timeout: None,
            task_timeout: None,
            retry_policy: None,
            cron_schedule: String::new(),
            continued_failure: None,
            last_completion_result: None,
            memo: None,
            search_attributes: None,
            header: None,
            identity: Identity::default(),
            rest: Default::default(),
        };
        say(&mut started);
        let mut server = Self::default();
        server.write(EventKind::WorkflowStarted(Box::new(started)));
        server
    }

    // What happens
    // ------------

    /// Time passes.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.clock += seconds;
        self
    }

    pub(crate) fn signal(&mut self, name: &str, input: impl Arguments) -> &mut Self {
        let input = Some(arguments(&input));
        self.write(EventKind::Signaled(Box::new(Signaled {
            name: SignalName::new(name),
            input,
            identity: Identity::default(),
            header: None,
            rest: Default::default(),
        })));
        self
    }

    pub(crate) fn cancel(&mut self, reason: &str) -> &mut Self {
        self.write(EventKind::WorkflowCancelRequested(Box::new(WorkflowCancelRequested {
            reason: reason.to_owned(),
            identity: Identity::default(),
            rest: Default::default(),
        })));
        self
    }

    pub(crate) fn fire(&mut self, timer: &str) -> &mut Self {
        let started = self.find(|kind| matches!(kind, EventKind::TimerStarted(started) if started.timer == timer));
        self.write(EventKind::TimerFired { timer: TimerId::new(timer), started });
        self
    }

    pub(crate) fn complete(&mut self, activity: &str, value: impl Serialize) -> &mut Self {
        let payload = PayloadConverter::default().encode(&value).expect("a test's value can be encoded");
        let (scheduled, started) = self.start_activity(activity);
        self.write(EventKind::ActivityCompleted(Box::new(ActivityClosed {
            result: Some(vec![payload]),
            scheduled,
            started: Some(started),
            identity: Identity::new("worker"),
            rest: Default::default(),
        })));
        self
    }

    pub(crate) fn fail(&mut self, activity: &str, failure_type: &str, message: &str) -> &mut Self {
        let (scheduled, started) = self.start_activity(activity);
        let failure = application(failure_type, message);
        self.write(EventKind::ActivityFailed(Box::new(ActivityFailed {
            failure: Some(failure),
            scheduled,
            started: Some(started),
            identity: Identity::new("worker"),
            retry_state: RetryState::MaximumAttemptsReached,
            rest: Default::default(),
        })));
        self
    }

    pub(crate) fn time_out(&mut self, activity: &str) -> &mut Self {
        let scheduled = self.scheduled(activity);
        let info = FailureInfo::Timeout { kind: TimeoutKind::ScheduleToClose, last_heartbeat: None };
        let failure = Failure { message: "activity timeout".to_owned(), info, ..Failure::default() };
        self.write(EventKind::ActivityTimedOut(Box::new(ActivityFailed {
            failure: Some(failure),
            scheduled,
            started: None,
            identity: Identity::default(),
            retry_state: RetryState::Timeout,
            rest: Default::default(),
        })));
        self
    }

    /// The activity ends as canceled.
    pub(crate) fn stop(&mut self, activity: &str) -> &mut Self {
        let (scheduled, started) = self.start_activity(activity);
        self.write(EventKind::ActivityCanceled(Box::new(ActivityCanceled {
            details: None,
            scheduled,
            started: Some(started),
            identity: Identity::new("worker"),
            rest: Default::default(),
        })));
        self
    }

    pub(crate) fn update(&mut self, id: &str, name: &str, input: impl Arguments) -> &mut Self {
        let request = UpdateRequest {
            update: UpdateId::new(id),
            name: UpdateName::new(name),
            input: Some(arguments(&input)),
            ..UpdateRequest::default()
        };
        self.requests.push(Message {
            id: MessageId::new(format!("{id}/request")),
            update: UpdateId::new(id),
            sequencing: None,
            body: MessageBody::Request(Box::new(request)),
        });
        self
    }

    /// The child runs.
    pub(crate) fn start_child(&mut self, child: &str) -> &mut Self {
        let (initiated, workflow_type) = self.child(child);
        self.write(EventKind::ChildWorkflowStarted(Box::new(ChildWorkflowStarted {
            namespace: Namespace::default(),
            execution: WorkflowExecution { workflow_id: WorkflowId::new(child), run_id: RunId::new("child run") },
            workflow_type,
            initiated,
            rest: Default::default(),
        })));
        self
    }

    /// The child returns a value.
    pub(crate) fn complete_child(&mut self, child: &str, value: impl Serialize) -> &mut Self {
        let payload = PayloadConverter::default().encode(&value).expect("a test's value can be encoded");
        let (initiated, workflow_type) = self.child(child);
        let child = ChildWorkflow {
            namespace: Namespace::default(),
            execution: WorkflowExecution { workflow_id: WorkflowId::new(child), run_id: RunId::new("child run") },
            workflow_type,
            initiated,
            started: None,
        };
        self.write(EventKind::ChildWorkflowCompleted(Box::new(ChildWorkflowCompleted {
            child,
            result: Some(vec![payload]),
            rest: Default::default(),
        })));
        self
    }

    /// The event that asked for the child, and which workflow it is.
    fn child(&self, child: &str) -> (EventId, WorkflowType) {
        let mut asked = self.history.iter().filter_map(|event| match &event.kind {
            EventKind::StartChildWorkflowInitiated(it) if it.workflow_id == child => {
                Some((event.id, it.workflow_type.clone()))
            }
            _ => None,
        });
        asked.next_back().expect("history has what the test speaks of")
    }

    /// An update that takes its place after this event, whatever else was sent with it.
    pub(crate) fn update_after(&mut self, event: u64, id: &str, name: &str, input: impl Arguments) -> &mut Self {
        self.update(id, name, input);
        self.requests.last_mut().expect("it was just added").sequencing = EventId::new(event);
        self
    }

    pub(crate) fn query(&mut self, name: &str, input: impl Arguments) -> &mut Self {
        let query = Query { name: QueryName::new(name), arguments: Some(arguments(&input)), header: None };
        let id = QueryId(format!("{name}#{}", self.queries.len() + 1));
        self.queries.insert(id, query);
        self
    }

    /// A local activity ends well while the next task is worked on, two seconds after it was asked for.
    pub(crate) fn complete_locally(&mut self, number: u32, value: impl Serialize) -> &mut Self {
        let value = PayloadConverter::default().encode(&value).expect("a test's values can be encoded");
        self.end_locally(number, Ok(Some(vec![value])), None)
    }

    /// It ends otherwise.
    pub(crate) fn fail_locally(&mut self, number: u32, failure_type: &str, message: &str) -> &mut Self {
        self.end_locally(number, Err(Box::new(application(failure_type, message))), None)
    }

    /// It is canceled, as it was asked to.
    pub(crate) fn stop_locally(&mut self, number: u32) -> &mut Self {
        let info = FailureInfo::Canceled { details: None, identity: Identity::default() };
        let failure = Failure { message: "stopped".to_owned(), info, ..Failure::default() };
        self.end_locally(number, Err(Box::new(failure)), None)
    }

    /// It is to be tried again after this time.
    pub(crate) fn back_off_locally(&mut self, number: u32, wait: Duration) -> &mut Self {
        self.end_locally(number, Err(Box::new(application("Busy", "not yet"))), Some(wait))
    }

    fn end_locally(
        &mut self,
        number: u32,
        result: Result<Option<Vec<Payload>>, Box<Failure>>,
        backoff: Option<Duration>,
    ) -> &mut Self {
        let took = Duration::from_secs(2);
        self.ends
            .push((number, LocalActivityEnd { attempt: 1, scheduled: Timestamp::default(), took, backoff, result }));
        self
    }

    /// The run is reset to here: what follows belongs to a new run.
    pub(crate) fn reset(&mut self, new_run: &str) -> &mut Self {
        self.write_task();
        self.fail_task(WorkflowTaskFailedCause::ResetWorkflow, Some(RunId::new(new_run)));
        self
    }

    // Tasks
    // -----

    /// Makes a task of what has happened.
    pub(crate) fn hand_out(&mut self) {
        assert!(!self.is_closed, "the run is closed, and has no more tasks");
        if self.loses_tasks {
            self.write_task();
            self.fail_task(WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure, None);
        }
        let before = self.history.len();
        let is_speculative = before == self.settled && !self.requests.is_empty();
        let started = self.write_task();
        let place = EventId::new(started.get() - 1);
        for request in &mut self.requests {
            request.sequencing = request.sequencing.or(place);
        }
        self.present = Some(Present { started, speculative: is_speculative.then_some(before) });
    }

    /// The task that is out.
    pub(crate) fn head(&self) -> TaskHead {
        TaskHead {
            previous_started: self.answered,
            started: self.present.map(|present| present.started),
            attempt: 1,
            messages: self.requests.clone(),
            query: None,
            queries: self.queries.clone(),
        }
    }

    /// A question and nothing else.
    pub(crate) fn question(&self, name: &str) -> TaskHead {
        let query = Query { name: QueryName::new(name), arguments: None, header: None };
        TaskHead { previous_started: self.answered, query: Some(query), ..TaskHead::default() }
    }

    /// How local activities end while the task that is out is worked on.
    pub(crate) fn ends(&self) -> &[(u32, LocalActivityEnd)] {
        &self.ends
    }

    /// The whole history.
    pub(crate) fn history(&self) -> &[Event] {
        &self.history
    }

    /// What came after the last task that was answered.
    pub(crate) fn news(&self) -> &[Event] {
        let known = self.answered.map_or(0, |answered| usize::try_from(answered.get()).expect("a short history"));
        &self.history[known..]
    }

    /// Takes an answer: writes what a server would.
    pub(crate) fn take(&mut self, answer: &Answer) {
        let present = self.present.take().expect("a task is out");
        let requests = std::mem::take(&mut self.requests);
        self.queries.clear();
        self.ends.clear();
        if let Some(before) = present.speculative
            && answer.commands.is_empty()
            && !answer.needs_task
        {
            // Nothing came of it: it never was.
            self.history.truncate(before);
            return;
        }
        let completed = self.write(EventKind::WorkflowTaskCompleted(Box::new(WorkflowTaskCompleted {
            scheduled: EventId::new(present.started.get() - 1).expect("a task was scheduled before it started"),
            started: Some(present.started),
            core_flags: Vec::new(),
            language_flags: Vec::new(),
            rest: Default::default(),
        })));
        for command in &answer.commands {
            assert!(!self.is_closed, "nothing comes after the command that ends the run: {command:?}");
            self.obey(&command.kind, completed, &requests, &answer.messages);
        }
        assert_eq!(self.is_closed, answer.closed, "the answer says whether it ends the run");
        self.answered = Some(present.started);
        self.settled = self.history.len();
    }

    /// Gives up the task that is out, which brought an update only: it never was.
    pub(crate) fn give_up(&mut self) -> &mut Self {
        let present = self.present.take().expect("a task is out");
        self.history.truncate(present.speculative.expect("it brought an update only"));
        self
    }

    /// Does not take the answer to the task that is out: something happened meanwhile.
    pub(crate) fn refuse(&mut self) -> &mut Self {
        self.present = None;
        self.fail_task(WorkflowTaskFailedCause::Other(23), None);
        self
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The activity that was scheduled by this event.
    pub(crate) fn activity_at(&self, scheduled: EventId) -> ActivityId {
        let event = self.history.iter().find(|event| event.id == scheduled).expect("a command names an event");
        match &event.kind {
            EventKind::ActivityScheduled(scheduled) => scheduled.activity.clone(),
            other => panic!("{other:?} did not schedule an activity"),
        }
    }

    /// Whether an update waits for a task.
    pub(crate) fn has_requests(&self) -> bool {
        !self.requests.is_empty()
    }

    /// The timers that are running.
    pub(crate) fn timers(&self) -> Vec<String> {
        let mut running = Vec::new();
        for event in &self.history {
            match &event.kind {
                EventKind::TimerStarted(started) => running.push(started.timer.to_string()),
                EventKind::TimerFired { timer, .. } | EventKind::TimerCanceled { timer, .. } => {
                    running.retain(|running| timer != running.as_str());
                }
                _ => {}
            }
        }
        running
    }

    /// For how long a timer was set.
    pub(crate) fn after(&self, timer: &str) -> Duration {
        let started = |event: &Event| match &event.kind {
            EventKind::TimerStarted(started) if started.timer == timer => Some(started.after),
            _ => None,
        };
        self.history.iter().find_map(started).expect("history has what the test speaks of")
    }

    /// The activities that are running, and whether they were asked to stop.
    pub(crate) fn activities(&self) -> Vec<(String, bool)> {
        let mut running: Vec<(EventId, String, bool)> = Vec::new();
        for event in &self.history {
            match &event.kind {
                EventKind::ActivityScheduled(scheduled) => {
                    running.push((event.id, scheduled.activity.to_string(), false))
                }
                EventKind::ActivityCancelRequested { scheduled, .. } => {
                    running.iter_mut().filter(|running| running.0 == *scheduled).for_each(|running| running.2 = true);
                }
                EventKind::ActivityCompleted(closed) => running.retain(|running| running.0 != closed.scheduled),
                EventKind::ActivityFailed(failed) | EventKind::ActivityTimedOut(failed) => {
                    running.retain(|running| running.0 != failed.scheduled);
                }
                EventKind::ActivityCanceled(canceled) => running.retain(|running| running.0 != canceled.scheduled),
                _ => {}
            }
        }
        running.into_iter().map(|(_, activity, asked)| (activity, asked)).collect()
    }

    fn obey(&mut self, command: &CommandKind, task_completed: EventId, requests: &[Message], messages: &[Message]) {
        let kind = match command {
            CommandKind::StartActivity(start) => {
                assert!(
                    start.start_to_close.is_some() || start.schedule_to_close.is_some(),
                    "a server refuses an activity without limits"
                );
                EventKind::ActivityScheduled(Box::new(ActivityScheduled {
                    activity: start.activity.clone(),
                    activity_type: start.activity_type.clone(),
                    input: Some(start.input.clone()),
                    task_completed,
                    rest: Default::default(),
                }))
            }
            CommandKind::RequestCancelActivity { scheduled } => {
                self.activity_at(*scheduled);
                EventKind::ActivityCancelRequested { scheduled: *scheduled, task_completed }
            }
            CommandKind::StartTimer(start) => {
                EventKind::TimerStarted(TimerStarted { timer: start.timer.clone(), after: start.after, task_completed })
            }
            CommandKind::CancelTimer { timer } => {
                let started =
                    self.find(|kind| matches!(kind, EventKind::TimerStarted(started) if started.timer == *timer));
                EventKind::TimerCanceled {
                    timer: timer.clone(),
                    started,
                    task_completed,
                    identity: Identity::default(),
                }
            }
            CommandKind::Message { message } => {
                let message = messages.iter().find(|sent| sent.id == *message).expect("the message is sent as well");
                self.hear(message, requests)
            }
            CommandKind::RecordMarker(marker) => {
                let RecordMarker { name, details, failure, header } = (**marker).clone();
                let header = Some(header);
                EventKind::MarkerRecorded(Box::new(MarkerRecorded { name, details, failure, header, task_completed }))
            }
            CommandKind::UpsertSearchAttributes { search_attributes } => {
                EventKind::SearchAttributesUpserted(Box::new(SearchAttributesUpserted {
                    search_attributes: Some(search_attributes.clone()),
                    task_completed,
                }))
            }
            CommandKind::ModifyProperties { memo } => {
                EventKind::PropertiesModified(Box::new(PropertiesModified { memo: Some(memo.clone()), task_completed }))
            }
            CommandKind::CompleteWorkflow { result } => EventKind::WorkflowCompleted(Box::new(WorkflowClosed {
                result: result.clone(),
                task_completed,
                new_run: None,
            })),
            CommandKind::FailWorkflow { failure } => EventKind::WorkflowFailed(Box::new(WorkflowFailed {
                failure: Some(Failure::clone(failure)),
                retry_state: RetryState::RetryPolicyNotSet,
                task_completed,
                new_run: None,
            })),
            CommandKind::CancelWorkflow { details } => {
                EventKind::WorkflowCanceled { task_completed, details: details.clone() }
            }
            CommandKind::ContinueAsNew(next) => EventKind::WorkflowContinuedAsNew(Box::new(WorkflowContinuedAsNew {
                new_run: RunId::new("another"),
                workflow_type: next.workflow_type.clone(),
                input: Some(next.input.clone()),
                task_completed: Some(task_completed),
                rest: Default::default(),
            })),
            CommandKind::StartChildWorkflow(start) => {
                EventKind::StartChildWorkflowInitiated(Box::new(StartChildWorkflowInitiated {
                    namespace: start.namespace.clone(),
                    workflow_id: start.workflow_id.clone(),
                    workflow_type: start.workflow_type.clone(),
                    input: Some(start.input.clone()),
                    parent_close_policy: start.parent_close_policy,
                    task_completed,
                    rest: Default::default(),
                }))
            }
            other => panic!("this server does not know {other:?}"),
        };
        self.is_closed = command.closes_workflow();
        self.write(kind);
    }

    fn hear(&self, message: &Message, requests: &[Message]) -> EventKind {
        match &message.body {
            MessageBody::Accept { request_message, request_sequencing, request } => {
                assert!(
                    requests.iter().any(|sent| sent.id == *request_message && sent.sequencing == *request_sequencing),
                    "an update is accepted in the task that brought it"
                );
                EventKind::UpdateAccepted(Box::new(UpdateAccepted {
                    update: message.update.clone(),
                    message: request_message.clone(),
                    sequencing: *request_sequencing,
                    request: Some(UpdateRequest::clone(request)),
                }))
            }
            MessageBody::Respond { identity, outcome } => {
                let accepted = self.find(
                    |kind| matches!(kind, EventKind::UpdateAccepted(accepted) if accepted.update == message.update),
                );
                EventKind::UpdateCompleted(Box::new(UpdateCompleted {
                    update: message.update.clone(),
                    identity: identity.clone(),
                    accepted: Some(accepted),
                    outcome: Some(outcome.clone()),
                }))
            }
            other => panic!("{other:?} has no place among the commands"),
        }
    }

    fn start_activity(&mut self, activity: &str) -> (EventId, EventId) {
        let scheduled = self.scheduled(activity);
        (scheduled, self.write(EventKind::ActivityStarted { scheduled, rest: Default::default() }))
    }

    fn scheduled(&self, activity: &str) -> EventId {
        self.find(|kind| matches!(kind, EventKind::ActivityScheduled(scheduled) if scheduled.activity == activity))
    }

    fn find(&self, is_wanted: impl Fn(&EventKind) -> bool) -> EventId {
        self.history.iter().rfind(|event| is_wanted(&event.kind)).expect("history has what the test speaks of").id
    }

    fn write_task(&mut self) -> EventId {
        let scheduled = self.write(EventKind::WorkflowTaskScheduled(Default::default()));
        self.write(EventKind::WorkflowTaskStarted(Box::new(WorkflowTaskStarted {
            scheduled,
            suggest_continue_as_new: false,
            history_size: 0,
            rest: Default::default(),
        })))
    }

    fn fail_task(&mut self, cause: WorkflowTaskFailedCause, new_run: Option<RunId>) {
        let failed = WorkflowTaskFailed { cause, failure: None, new_run, rest: Default::default() };
        self.write(EventKind::WorkflowTaskFailed(Box::new(failed)));
    }

    fn write(&mut self, kind: EventKind) -> EventId {
        let id = EventId::new(self.history.len() as u64 + 1).expect("it is not 0");
        let time = Timestamp { seconds: 1_700_000_000 + self.clock, nanos: 0 };
        self.history.push(Event { id, time, kind, worker_may_ignore: false, version: 0, task_id: 0, extra: None });
        id
    }
}

fn arguments(input: &impl Arguments) -> Vec<Payload> {
    input.encode(&PayloadConverter::default()).expect("a test's arguments can be encoded")
}

fn application(failure_type: &str, message: &str) -> Failure {
    let info = ApplicationFailure { failure_type: failure_type.to_owned(), ..ApplicationFailure::default() };
    Failure { message: message.to_owned(), info: FailureInfo::Application(info), ..Failure::default() }
}
