//! A worker without threads or a network: it is given a task, and says what to answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use perpetua_convert::DataConverter;
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::taskqueue::{StickyExecutionAttributes, TaskQueue};
use perpetua_proto::workflowservice::{
    PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
};
use perpetua_testkit::{Dice, fuzz};
use perpetua_vocab::wire::encode_payloads;
use perpetua_vocab::{
    Event, Failure, FailureInfo, Identity, Namespace, Payload, QueryAnswer, RunId, Timestamp, WorkflowExecution,
    WorkflowId, wire,
};
use perpetua_workflow::{LiveRun, LocalActivityEffect, LocalActivityEnd, Progress, RunSetup, TaskHead, Workflows};

/// The queue of this worker alone.
pub(crate) const STICKY: &str = "sticky";

/// What a worker answers.
pub(crate) enum Said {
    Task(Box<RespondWorkflowTaskCompletedRequest>),
    Query(Box<RespondQueryTaskCompletedRequest>),
}

/// A worker, with the runs it remembers.
pub(crate) struct Worker {
    workflows: Arc<Workflows>,
    runs: BTreeMap<String, LiveRun>,
}

impl Worker {
    pub(crate) fn new() -> Self {
        Self { workflows: fuzz::workflows(), runs: BTreeMap::new() }
    }

    /// Forgets a run.
    pub(crate) fn evict(&mut self, run_id: &str) {
        self.runs.remove(run_id);
    }

    /// Forgets one run, whichever.
    pub(crate) fn evict_any(&mut self, dice: &mut Dice) {
        if !self.runs.is_empty() {
            let at = dice.place(self.runs.len());
            let run = self.runs.keys().nth(at).cloned().expect("the place is in the list");
            self.runs.remove(&run);
        }
    }

    /// Works on a task. `history` is everything that the server has stored of the run.
    ///
    /// # Panics
    /// When the worker's side finds something wrong with what the server's side wrote.
    pub(crate) fn work(
        &mut self,
        dice: &mut Dice,
        task: PollWorkflowTaskQueueResponse,
        history: &[HistoryEvent],
    ) -> Said {
        let events = task.history.clone().unwrap_or_default().events;
        let first = events.first().map_or(i64::MAX, |event| event.event_id);
        let task = wire::workflow_task(task).expect("the task can be read").expect("there is a task");
        let head = TaskHead {
            previous_started: task.previous_started,
            started: task.started,
            attempt: task.attempt,
            messages: task.messages,
            query: task.query,
            queries: task.queries,
        };
        let run_id = task.execution.run_id.to_string();
        let known = self.runs.remove(&run_id);
        let (mut run, news) = match known {
            Some(run) if run.continues(&head, task.history.first().map(|event| event.id)) => (run, task.history),
            _ => {
                let setup = RunSetup {
                    namespace: Namespace::new("default"),
                    execution: WorkflowExecution {
                        workflow_id: WorkflowId::new(task.execution.workflow_id.to_string()),
                        run_id: RunId::new(run_id.clone()),
                    },
                    workflow_type: task.workflow_type,
                    task_queue: perpetua_vocab::TaskQueue::new("queue"),
                    converter: DataConverter::default(),
                    workflows: Arc::clone(&self.workflows),
                };
                let before = history.iter().filter(|event| event.event_id < first && is_before(event, &head));
                let mut all: Vec<Event> =
                    before.map(|event| event.clone().try_into().expect("the event can be read")).collect();
                all.extend(task.history);
                (LiveRun::new(setup), all)
            }
        };
        let only_query = head.query.is_some();
        let texts: Vec<String> = news.iter().map(|event| format!("{event:?}")).collect();
        run.begin(head);
        let mut progress = match run.feed(news, true) {
            Ok(progress) => progress,
            Err(fault) => panic!("the worker cannot take the task: {fault}\n{}", texts.join("\n")),
        };
        let answer = loop {
            match progress {
                Progress::NeedsPage => panic!("the worker wants more than there is"),
                Progress::Answered(answer) => break *answer,
                Progress::Waits(effects) => progress = run_locally(dice, &mut run, effects),
            }
        };
        if only_query {
            let mut request = RespondQueryTaskCompletedRequest { task_token: task.token.0, ..Default::default() };
            match answer.answer.expect("a query is answered") {
                QueryAnswer::Answered(values) => {
                    request.completed_type = 1;
                    request.query_result = Some(encode_payloads(values));
                }
                QueryAnswer::Failed(failure) => {
                    request.completed_type = 2;
                    request.error_message = failure.message.clone();
                }
            }
            self.runs.insert(run_id, run);
            return Said::Query(Box::new(request));
        }
        let remembers = !answer.closed;
        if remembers {
            self.runs.insert(run_id, run);
        }
        Said::Task(Box::new(RespondWorkflowTaskCompletedRequest {
            task_token: task.token.0,
            commands: answer.commands.into_iter().map(Into::into).collect(),
            messages: answer.messages.into_iter().map(Into::into).collect(),
            query_results: answer.query_answers.into_iter().map(|(id, answer)| (id.0, answer.into())).collect(),
            identity: "worker".into(),
            return_new_workflow_task: dice.one_in(2),
            force_create_new_workflow_task: answer.needs_task,
            sticky_attributes: (remembers && !dice.one_in(4)).then(|| StickyExecutionAttributes {
                worker_task_queue: Some(TaskQueue { name: STICKY.into(), kind: 2, normal_name: "queue".into() }),
                schedule_to_start_timeout: Some(prost_duration(5)),
            }),
            ..Default::default()
        }))
    }
}

/// Whether an event that is stored is part of what the task is about: a query sees what a worker has answered.
fn is_before(event: &HistoryEvent, head: &TaskHead) -> bool {
    head.started.is_none_or(|started| event.event_id.unsigned_abs() <= started.get())
}

fn prost_duration(seconds: i64) -> perpetua_proto::protobuf::Duration {
    perpetua_proto::protobuf::Duration { seconds, nanos: 0 }
}

/// Begins local activities, and ends some that run.
fn run_locally(dice: &mut Dice, run: &mut LiveRun, effects: Vec<LocalActivityEffect>) -> Progress {
    assert!(!effects.is_empty(), "the run waits for local activities that have ended");
    let mut progress = Progress::Waits(Vec::new());
    let mut more = effects;
    while !more.is_empty() {
        let effects = std::mem::take(&mut more);
        for effect in effects {
            let (number, attempt, result) = match effect {
                LocalActivityEffect::Run(task) if dice.one_in(4) => {
                    let info = FailureInfo::Application(perpetua_vocab::ApplicationFailure::default());
                    let failure = Failure { message: "it went wrong".into(), info, ..Failure::default() };
                    (task.number, task.attempt, Err(Box::new(failure)))
                }
                LocalActivityEffect::Run(task) => (task.number, task.attempt, Ok(Some(vec![number_payload()]))),
                LocalActivityEffect::Cancel(number) => {
                    let info = FailureInfo::Canceled { details: None, identity: Identity::default() };
                    let failure = Failure { message: "stopped".into(), info, ..Failure::default() };
                    (number, 1, Err(Box::new(failure)))
                }
                LocalActivityEffect::Release(_) => continue,
            };
            let end = LocalActivityEnd {
                attempt,
                scheduled: Timestamp::default(),
                took: Duration::from_millis(1),
                backoff: None,
                result,
            };
            progress = match run.local_activity_ended(number, end) {
                Ok(progress) => progress,
                Err(fault) => panic!("the worker cannot go on after a local activity: {fault}"),
            };
            match &mut progress {
                Progress::Waits(begun) => more.append(begun),
                _ => return progress,
            }
        }
    }
    progress
}

/// The number that every activity returns.
pub(crate) fn number_payload() -> Payload {
    let payload = perpetua_proto::common::Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: "1".into(),
        ..Default::default()
    };
    payload.into()
}
