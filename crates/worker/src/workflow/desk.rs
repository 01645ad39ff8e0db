//! A workflow task, from the poll to the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use perpetua_client::RpcError;
use perpetua_convert::DataConverter;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;
use perpetua_vocab::{CommandKind, Failure, QueryAnswer, TaskToken, WorkflowTask, wire};
use perpetua_workflow::{Answer, RunSetup, TaskHead, Workflows};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument;

use super::codec;
use super::fate::{EndsWorkflow, Failed, Trouble, wait_before_report};
use super::lane::{Beginning, Part, Played, Subject, Work};
use super::lanes::Lanes;
use super::observer::{FailedWorkflowTask, Observer};
use super::pages::Pages;
use super::queues::Queues;
use super::runs::{Pass, Runs};
use crate::calls::{Calls, Completion};
use crate::eager::EagerActivities;
use crate::failure;
use crate::local::{LocalDesk, Running};
use crate::poll::Source;
use crate::shutdown::Shutdown;
use crate::slots::Slot;

/// A task that takes longer is worth a line in the log.
const LONG: Duration = Duration::from_secs(5);

/// Answers the workflow tasks of one worker.
#[derive(Debug)]
pub(crate) struct WorkflowDesk {
    pub(crate) calls: Calls,
    pub(crate) workflows: Arc<Workflows>,
    pub(crate) lanes: Lanes,
    pub(crate) local: LocalDesk,
    pub(crate) runs: Arc<Runs>,
    pub(crate) queues: Queues,
    pub(crate) shutdown: Shutdown,
    /// Takes the attempts that come back with answers; none where nothing is to come back.
    pub(crate) eager: Option<Arc<EagerActivities>>,
    /// How long a task may wait in the sticky queue before it goes to the normal one.
    pub(crate) sticky_timeout: Duration,
    /// Which faults of a workflow's code fail the workflow.
    pub(crate) ends_workflow: EndsWorkflow,
    /// Who wants to know of tasks that fail.
    pub(crate) observer: Option<Observer>,
}

/// How long a task may take where nothing else is said.
const TASK_TIMEOUT: Duration = Duration::from_secs(10);

/// The part of a task's timeout after which it is answered though local activities still run.
const PATIENCE: f64 = 0.8;

/// What a task is answered with, or why it is not.
enum Ended {
    /// It is answered; the next task of the run may have come back.
    Answered(Option<Box<PollWorkflowTaskQueueResponse>>),
    /// Nobody waits for an answer any longer.
    Gone,
    /// It cannot be answered.
    Failed(Box<Failed>),
}

impl Source for WorkflowDesk {
    type Task = Box<PollWorkflowTaskQueueResponse>;
    const TASKS: &'static str = "workflow tasks";

    async fn poll(&self) -> Result<Option<Self::Task>, RpcError> {
        let waits = self.queues.choose();
        let response = self.calls.poll_workflow(waits.sticky).await?;
        waits.learn(response.backlog_count_hint);
        Ok((!response.task_token.is_empty()).then(|| Box::new(response)))
    }

    async fn perform(self: Arc<Self>, task: Self::Task, slot: Slot) {
        let mut next = Some(task);
        while let Some(task) = next.take() {
            match self.answer_one(*task).await {
                Ended::Answered(following) => next = following,
                Ended::Gone => {}
                Ended::Failed(failed) => {
                    // The wait before a report is not work.
                    drop(slot);
                    return self.report(*failed).await;
                }
            }
        }
    }
}

impl WorkflowDesk {
    async fn answer_one(&self, wire: PollWorkflowTaskQueueResponse) -> Ended {
        let attempt = wire.attempt.max(1).cast_unsigned();
        let task = match wire::workflow_task(wire) {
            Ok(Some(task)) => task,
            Ok(None) => return Ended::Gone,
            Err(bad) => {
                let (token, only_query) = (bad.token, bad.only_query);
                return Ended::Failed(Box::new(Failed {
                    token,
                    attempt,
                    only_query,
                    trouble: Trouble::malformed(&bad.malformed),
                }));
            }
        };
        let span = tracing::info_span!(
            "workflow_task",
            workflow_type = %task.workflow_type,
            workflow_id = %task.execution.workflow_id,
            run_id = %task.execution.run_id,
            attempt = task.attempt,
        );
        let begun = Instant::now();
        let (token, only_query) = (task.token.clone(), task.query.is_some());
        let (workflow_type, execution) = (task.workflow_type.clone(), task.execution.clone());
        let mut waits = Waits { begun, waited: Duration::ZERO };
        let ended = self.play(task, &mut waits).instrument(span.clone()).await;
        let took = begun.elapsed().saturating_sub(waits.waited);
        if took > LONG {
            let limit = "the server waits ten seconds for an answer, unless it was told otherwise";
            span.in_scope(|| tracing::warn!(?took, "[TMPRL1104] a workflow task took long; {limit}"));
        }
        match ended {
            Ok(ended) => ended,
            Err(trouble) => {
                span.in_scope(|| tracing::warn!(failure = trouble.failure.message, "a workflow task failed"));
                if let Some(observer) = &self.observer {
                    observer.call(&FailedWorkflowTask {
                        workflow_type,
                        execution,
                        attempt,
                        message: trouble.failure.message.clone(),
                        only_query,
                    });
                }
                Ended::Failed(Box::new(Failed { token, attempt, only_query, trouble }))
            }
        }
    }

    async fn play(&self, mut task: WorkflowTask, waits: &mut Waits) -> Result<Ended, Trouble> {
        if !self.workflows.contains(task.workflow_type.as_str()) {
            return Err(self.unregistered(&task));
        }
        let subject = Subject { execution: task.execution.clone(), workflow_type: task.workflow_type.clone() };
        let pass = self.runs.enter(&subject.execution.run_id).await;
        codec::decode_task(self.converter(), &mut task).await.map_err(|error| {
            self.lanes.forget(subject.execution.run_id.clone());
            Trouble::undecodable(error, self.converter())
        })?;
        let only_query = task.query.is_some();
        let first = task.previous_started.is_none();
        let token = task.token.clone();
        let Some((answer, kept)) = self.advance(&subject, task, waits).await? else {
            return Ok(Ended::Gone);
        };
        let answered = Answered { token, first, kept, answer };
        if only_query {
            self.answer_query(&subject, pass, answered).await
        } else {
            self.complete(&subject, pass, answered).await
        }
    }

    /// Plays the task on its lane, with all the history it needs; none where the run is gone.
    async fn advance(
        &self,
        subject: &Subject,
        task: WorkflowTask,
        waits: &mut Waits,
    ) -> Result<Option<(Box<Answer>, Option<usize>)>, Trouble> {
        let (beginning, mut pages) = self.prepare(task);
        let mut work = Work::Begin(Box::new(beginning));
        let mut whole = false;
        loop {
            let (next, beginning) = match self.lanes.play(subject.clone(), work).await {
                Played::Waits { effects, running, task_timeout } => {
                    if let Some(problem) = self.local.problem(&effects) {
                        self.lanes.forget(subject.execution.run_id.clone());
                        return Err(Trouble::new(problem));
                    }
                    self.local.act(subject, &running, effects).await;
                    work = waits.for_local_activities(&running, task_timeout).await;
                    continue;
                }
                Played::Answered { answer, kept } => return Ok(Some((answer, kept))),
                Played::Faulted(fault) => return Err(Trouble::of_fault(fault, self.ends_workflow)),
                Played::Stuck(blame) => return Err(Trouble::new(blame)),
                Played::NeedsPage => (pages.next(&self.calls).await, None),
                Played::NeedsHistory(mut beginning) if !whole => {
                    whole = true;
                    tracing::debug!("the run is not known here; its history is fetched from the beginning");
                    pages = pages.and_all_before(std::mem::take(&mut beginning.part));
                    (pages.next(&self.calls).await, Some(beginning))
                }
                Played::NeedsHistory(_) => return Err(Trouble::new("the history does not begin with its first event")),
                Played::Broken(what) => {
                    tracing::error!("the worker is broken: {what}; please report it");
                    return Err(Trouble::new(what));
                }
            };
            let part = match next {
                Ok(part) => part,
                Err(error) => {
                    self.lanes.forget(subject.execution.run_id.clone());
                    return match Trouble::of_page(error, self.converter()) {
                        Some(trouble) => Err(trouble),
                        None => Ok(None),
                    };
                }
            };
            work = match beginning {
                Some(beginning) => Work::Begin(Box::new(Beginning { part, ..*beginning })),
                None => Work::Continue(part),
            };
        }
    }

    /// Takes a task apart.
    fn prepare(&self, task: WorkflowTask) -> (Beginning, Pages) {
        let WorkflowTask {
            token: _,
            execution,
            workflow_type,
            previous_started,
            started,
            attempt,
            history,
            next_page,
            query,
            queries,
            messages,
        } = task;
        let setup = RunSetup {
            namespace: self.calls.client().namespace().clone(),
            execution: execution.clone(),
            workflow_type,
            task_queue: self.calls.task_queue().clone(),
            converter: self.converter().clone(),
            workflows: Arc::clone(&self.workflows),
        };
        let head = TaskHead { previous_started, started, attempt, messages, query, queries };
        let part = Part { events: history, last: next_page.is_empty() };
        (Beginning { setup, head, part }, Pages::after(execution, next_page))
    }

    /// Answers a task.
    async fn complete(&self, subject: &Subject, pass: Pass, mut answered: Answered) -> Result<Ended, Trouble> {
        if let Err(error) = codec::encode_answer(self.converter(), &mut answered.answer).await {
            self.lanes.forget(subject.execution.run_id.clone());
            return Err(Trouble::of_error(error, self.converter()));
        }
        let Answered { token, first, kept, answer } = answered;
        let Answer { mut commands, messages, query_answers, answer: _, closed, needs_task, local_activities: _ } =
            *answer;
        // A worker that shuts down gives its runs to others; one whose local activities still have time, a little later.
        let draining = self.shutdown.is_draining();
        let gives_away = if needs_task { self.shutdown.is_canceling() } else { draining };
        let remember = kept.is_some() && !closed && !gives_away && self.queues.has_sticky();
        // What ends the run ends its activities, and a worker that shuts down begins no more.
        let eager = self.eager.as_ref().filter(|_| !closed && !draining);
        let kept_slots = eager.map(|eager| eager.ask(&mut commands));
        let completion = Completion {
            token,
            commands,
            messages,
            query_answers,
            sticky: remember.then_some(self.sticky_timeout),
            wants_next: !gives_away,
            needs_next: needs_task,
            first,
        };
        match self.calls.complete_workflow_task(completion).await {
            Ok(followed) => {
                if let (Some(eager), Some(slots)) = (eager, kept_slots) {
                    eager.run(slots, followed.activities);
                }
                if followed.dropped {
                    tracing::debug!("the task was speculative and left no trace");
                }
                if needs_task && kept.is_some() && followed.next.is_some() {
                    // Its local activities go on in the next task, which is in our hands already.
                    drop(pass);
                } else {
                    self.put_back(subject, pass, kept, remember);
                }
                Ok(Ended::Answered(followed.next.map(Box::new)))
            }
            Err(error) => {
                self.put_back(subject, pass, kept, false);
                if is_too_large(&error) {
                    return Err(Trouble::too_large(error.message()));
                }
                note_unanswered(&error);
                Ok(Ended::Gone)
            }
        }
    }

    /// Answers a task that is only a query.
    async fn answer_query(&self, subject: &Subject, pass: Pass, mut answered: Answered) -> Result<Ended, Trouble> {
        let encoded = codec::encode_answer(self.converter(), &mut answered.answer).await;
        let remember = answered.kept.is_some() && !self.shutdown.is_draining() && self.queues.has_sticky();
        self.put_back(subject, pass, answered.kept, remember);
        encoded.map_err(|error| Trouble::of_error(error, self.converter()))?;
        let answer = answered.answer.answer.take().ok_or_else(|| Trouble::new("the run did not answer the query"))?;
        match self.calls.answer_query(answered.token, answer).await {
            Ok(()) => {}
            Err(error) if is_too_large(&error) => return Err(Trouble::too_large(error.message())),
            Err(error) => note_unanswered(&error),
        }
        Ok(Ended::Answered(None))
    }

    /// Remembers a run that takes so many bytes, or forgets it, which is done already where its lane does not know it any
    /// more.
    fn put_back(&self, subject: &Subject, pass: Pass, kept: Option<usize>, remember: bool) {
        match kept {
            Some(weight) if remember => pass.keep(weight, |run| self.lanes.forget(run)),
            Some(_) => self.lanes.forget(subject.execution.run_id.clone()),
            None => {}
        }
    }

    /// Tells the server that a task cannot be answered, in a way that does not make it try again too soon.
    async fn report(&self, failed: Failed) {
        let Failed { token, attempt, only_query, trouble } = failed;
        let Trouble { cause, mut failure, ends_workflow } = trouble;
        if let Err(error) = codec::encode_failure(self.converter(), &mut failure).await {
            failure = failure::application("UnencodableFailure", error.to_string());
        }
        let told = if only_query {
            self.calls.answer_query(token, QueryAnswer::Failed(Box::new(failure))).await
        } else if ends_workflow {
            self.fail_workflow(token, failure).await
        } else {
            let Some(wait) = wait_before_report(attempt) else {
                return tracing::debug!(attempt, "the failure is not reported; the task is left to time out");
            };
            tokio::select! {
                () = self.shutdown.draining() => {}
                () = sleep(wait) => {}
            }
            self.calls.fail_workflow_task(token, cause, failure).await
        };
        if let Err(error) = told {
            note_unanswered(&error);
        }
    }

    /// Answers a task with the end of the workflow, whatever its code would have said.
    async fn fail_workflow(&self, token: TaskToken, failure: Failure) -> Result<(), RpcError> {
        let completion = Completion {
            token,
            commands: vec![CommandKind::FailWorkflow { failure: Box::new(failure) }.into()],
            messages: Vec::new(),
            query_answers: BTreeMap::new(),
            sticky: None,
            wants_next: false,
            needs_next: false,
            first: false,
        };
        self.calls.complete_workflow_task(completion).await.map(drop)
    }

    fn unregistered(&self, task: &WorkflowTask) -> Trouble {
        let known = failure::list(self.workflows.names());
        Trouble::new(format!(
            "workflow `{}` is not registered with the worker of task queue `{}`; registered: {known}",
            task.workflow_type,
            self.calls.task_queue(),
        ))
    }

    fn converter(&self) -> &DataConverter {
        self.calls.client().converter()
    }
}

/// The time of a task.
struct Waits {
    /// When it came.
    begun: Instant,
    /// How much of it local activities took.
    waited: Duration,
}

impl Waits {
    /// Waits for the next end of a local activity, until the task has to be answered without.
    async fn for_local_activities(&mut self, running: &Running, task_timeout: Option<Duration>) -> Work {
        let since = Instant::now();
        let timeout = task_timeout.unwrap_or(TASK_TIMEOUT);
        let work = tokio::select! {
            biased;
            ended = running.next_end() => match ended {
                Some((number, end)) => Work::EndLocal(number, end),
                // All that runs was given up: it is for others to begin again.
                None => Work::AnswerNow,
            },
            () = sleep_until(self.begun + timeout.mul_f64(PATIENCE)) => Work::AnswerNow,
        };
        self.waited += since.elapsed();
        work
    }
}

/// An answer, and what is needed to give it.
struct Answered {
    token: TaskToken,
    /// Whether it is the run's first.
    first: bool,
    /// About how many bytes the run takes, where it is still known on its lane.
    kept: Option<usize>,
    answer: Box<Answer>,
}

fn note_unanswered(error: &RpcError) {
    if error.is_not_found() {
        tracing::debug!(%error, "nobody waits for the answer to this task any longer");
    } else if error.message().contains("UnhandledCommand") {
        tracing::debug!(%error, "something happened meanwhile that the workflow has to see before it ends");
    } else {
        tracing::warn!(%error, "a workflow task could not be answered; its run is rebuilt when it is needed again");
    }
}

/// Whether the server, or our own end, refused a message for its size.
fn is_too_large(error: &RpcError) -> bool {
    ["message larger than max", "message length too large"].iter().any(|words| error.message().contains(words))
}
