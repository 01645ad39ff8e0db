//! What drives a run: history in, commands out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use perpetua_convert::DataConverter;
use perpetua_core::{Closed, Fault, LocalActivityEffect, LocalActivityEnd, Pending, Reader, Step, UpdateArrival};
use perpetua_vocab::{
    Command, Event, EventId, Message, MessageBody, Namespace, Query, QueryAnswer, QueryId, SignalName, TaskQueue,
    WorkflowExecution, WorkflowType,
};

use tracing::Span;

use crate::info::WorkflowInfo;
use crate::play::Player;
use crate::registry::Workflows;
use crate::runtime::Runtime;
use crate::whereabouts::Whereabouts;

/// What is known of a run before its history is read.
#[derive(Clone, Debug)]
pub struct RunSetup {
    /// The namespace it runs in.
    pub namespace: Namespace,
    /// Its workflow id and run id.
    pub execution: WorkflowExecution,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The queue its tasks go to.
    pub task_queue: TaskQueue,
    /// Values to payloads and back; codecs are not used here.
    pub converter: DataConverter,
    /// What can be run.
    pub workflows: Arc<Workflows>,
}

/// A workflow task without its history.
#[derive(Debug, Default)]
pub struct TaskHead {
    /// The started event of the last task that was answered.
    pub previous_started: Option<EventId>,
    /// The started event of this task; none if it is only a query.
    pub started: Option<EventId>,
    /// From 1; counts the tries to get this task answered.
    pub attempt: u32,
    /// Messages of the update protocol.
    pub messages: Vec<Message>,
    /// The question, where the task is only that.
    pub query: Option<Query>,
    /// Questions to be answered with the task.
    pub queries: BTreeMap<QueryId, Query>,
}

/// How far a task is.
#[derive(Debug)]
pub enum Progress {
    /// It needs more of its history.
    NeedsPage,
    /// Local activities run, and the task waits for them. These are to be begun, or asked to stop, now. Report each end
    /// with [`LiveRun::local_activity_ended`], and get an answer by [`LiveRun::answer_now`] before the task times out.
    Waits(Vec<LocalActivityEffect>),
    /// It is done.
    Answered(Box<Answer>),
}

/// What a task is answered with.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    /// What the workflow asks of the server, in order.
    pub commands: Vec<Command>,
    /// Messages of the update protocol.
    pub messages: Vec<Message>,
    /// The answers to [`TaskHead::queries`].
    pub query_answers: BTreeMap<QueryId, QueryAnswer>,
    /// The answer to [`TaskHead::query`].
    pub answer: Option<QueryAnswer>,
    /// Whether the run is over with this.
    pub closed: bool,
    /// Whether local activities still run, so that the server must give the run another task at once.
    pub needs_task: bool,
    /// What is to be done about local activities now.
    pub local_activities: Vec<LocalActivityEffect>,
}

/// One run: history in, commands out. It stays on its thread, and user code runs only inside [`feed`](Self::feed).
/// Dropping it is eviction: everything can be built again from history.
///
/// A run that failed stays failed and keeps answering with its fault.
pub struct LiveRun {
    player: Player,
    reader: Reader,
    /// The task in hand.
    task: Option<Box<Task>>,
    /// Whether a turn is open and waits for local activities.
    is_open: bool,
    fault: Option<Fault>,
    /// Names the run in everything that is observed while it is played.
    span: Span,
}

/// The task in hand. It is gone while the run waits for the next one.
#[derive(Debug, Default)]
struct Task {
    head: TaskHead,
    answer: Answer,
}

impl LiveRun {
    /// A run of which nothing was read yet. Runs no user code.
    pub fn new(setup: RunSetup) -> Self {
        let RunSetup { namespace, execution, workflow_type, task_queue, converter, workflows } = setup;
        let span = tracing::error_span!(
            target: "perpetua::workflow",
            "workflow",
            %workflow_type,
            workflow_id = %execution.workflow_id,
            run_id = %execution.run_id,
        );
        let info = WorkflowInfo::new(namespace, execution, workflow_type, task_queue);
        Self {
            span,
            player: Player::new(Runtime::new(info, converter), workflows),
            reader: Reader::new(),
            task: None,
            is_open: false,
            fault: None,
        }
    }

    /// Whether a task whose history begins with the event `first` continues where this run is. Otherwise drop the run
    /// and read the whole history with a new one. A run that a query has changed continues nowhere.
    pub fn continues(&self, head: &TaskHead, first: Option<EventId>) -> bool {
        let sound = self.fault.is_none() && !self.is_open && !self.player.runtime.is_tainted();
        sound && self.reader.continues(head.previous_started, first)
    }

    /// Begins a task.
    pub fn begin(&mut self, head: TaskHead) {
        self.reader.begin(head.previous_started, head.started);
        self.task = Some(Box::new(Task { head, answer: Answer::default() }));
    }

    /// Adds a page of the task's history and runs the workflow as far as it goes.
    ///
    /// # Errors
    /// Why the task cannot be completed.
    pub fn feed(&mut self, events: Vec<Event>, last_page: bool) -> Result<Progress, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let _entered = self.span.clone().entered();
        self.reader.push(events, last_page);
        let progress = self.player.assert_not_woken_by_others().and_then(|()| self.advance());
        self.keep_fault(progress)
    }

    /// Takes the end of a local activity, for which the task waits, and runs the workflow as far as it goes. An end that
    /// nobody waits for any longer is ignored.
    ///
    /// # Errors
    /// Why the task cannot be completed.
    pub fn local_activity_ended(&mut self, number: u32, end: LocalActivityEnd) -> Result<Progress, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let _entered = self.span.clone().entered();
        let progress = if self.is_open {
            self.player.local_activity_ended(number, end).and_then(|()| self.wait_or_go_on())
        } else {
            self.advance()
        };
        self.keep_fault(progress)
    }

    /// Answers the task with what there is, though local activities still run. Their ends belong to the next task.
    ///
    /// # Errors
    /// Why the task cannot be completed.
    pub fn answer_now(&mut self) -> Result<Progress, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let _entered = self.span.clone().entered();
        let progress = if self.is_open { self.close().and_then(|()| self.advance()) } else { self.advance() };
        self.keep_fault(progress)
    }

    /// Whether local activities run, or are yet to be begun.
    pub fn has_local_activities(&self) -> bool {
        self.player.runtime.run.borrow().waits_for_local_activities()
    }

    /// The longest one workflow task may take, once history has said it.
    pub fn task_timeout(&self) -> Option<Duration> {
        self.player.runtime.info.borrow().task_timeout()
    }

    fn keep_fault(&mut self, progress: Result<Progress, Fault>) -> Result<Progress, Fault> {
        let progress = progress.map_err(|fault| self.named(fault));
        progress.inspect_err(|fault| self.fault = Some(fault.clone()))
    }

    /// Which part of the workflow runs, for another thread to look at.
    pub fn whereabouts(&self) -> Whereabouts {
        self.player.runtime.whereabouts.clone()
    }

    /// How many turns were played.
    pub fn turns(&self) -> u32 {
        self.reader.turns()
    }

    /// Whether the code has ended the run.
    pub fn is_closed(&self) -> bool {
        self.player.runtime.run.borrow().is_finished()
    }

    /// The handlers of signals and updates that the end of the workflow has cut off, but for those that say that they may
    /// be.
    pub fn unfinished_handlers(&self) -> Vec<String> {
        self.player.unfinished_handlers()
    }

    /// The names of the signals that no handler has taken, in the order in which they arrived.
    pub fn unhandled_signals(&self) -> Vec<SignalName> {
        self.player.runtime.registered.untaken()
    }

    /// What the workflow waits for, and where in its source code: operations, then conditions.
    pub fn pending(&self) -> Vec<Pending> {
        self.player.runtime.pending()
    }

    /// Says which workflow it is about.
    fn named(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Nondeterminism(mismatch) => {
                let workflow_id = self.player.runtime.info.borrow().execution().workflow_id.clone();
                mismatch.of_workflow(workflow_id).into()
            }
            other => other,
        }
    }

    fn advance(&mut self) -> Result<Progress, Fault> {
        loop {
            match self.reader.step()? {
                Step::NeedPage => return Ok(Progress::NeedsPage),
                Step::Confirm(record) => self.player.runtime.run.borrow_mut().confirm(record)?,
                Step::Turn(mut turn) => {
                    let present = turn.record.is_none();
                    if present {
                        turn.updates = arrivals(std::mem::take(&mut self.task().head.messages));
                    }
                    self.player.open(turn)?;
                    if present {
                        return self.wait_or_go_on();
                    }
                    self.player.close()?;
                }
                Step::End => {
                    let answer = self.answer_queries();
                    self.rest();
                    return Ok(Progress::Answered(Box::new(answer)));
                }
            }
        }
    }

    /// The present turn is open: waits for local activities, or closes it.
    fn wait_or_go_on(&mut self) -> Result<Progress, Fault> {
        self.is_open = true;
        if self.has_local_activities() {
            let effects = self.player.runtime.run.borrow_mut().take_local_activity_effects();
            return Ok(Progress::Waits(effects));
        }
        self.close()?;
        self.advance()
    }

    /// Closes the present turn.
    fn close(&mut self) -> Result<(), Fault> {
        let needs_task = self.has_local_activities();
        let local_activities = self.player.runtime.run.borrow_mut().take_local_activity_effects();
        let closed = self.player.close()?;
        self.is_open = false;
        if !closed.commands.is_empty() || needs_task {
            self.reader.left_a_trace();
        }
        let Closed { commands, messages, finished: closed } = closed;
        let answer = &mut self.task().answer;
        *answer = Answer { commands, messages, closed, needs_task, local_activities, ..Answer::default() };
        Ok(())
    }

    fn task(&mut self) -> &mut Task {
        self.task.get_or_insert_default()
    }

    /// Gives back the memory that the run does not need until its next task.
    fn rest(&mut self) {
        self.reader.shrink();
        self.player.runtime.shrink();
    }

    /// About how many bytes of memory the run takes, its own size included. What the values of the code have on the heap
    /// cannot be seen: all the values that the code was given count as they were encoded, as if it had kept them.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.player.runtime.weight()
    }

    fn answer_queries(&mut self) -> Answer {
        let Task { head, mut answer } = *self.task.take().unwrap_or_default();
        for (id, query) in head.queries {
            answer.query_answers.insert(id, self.player.query(query));
        }
        answer.answer = head.query.map(|query| self.player.query(query));
        answer
    }
}

/// The requests among the messages, in order. Others do not go to workers.
fn arrivals(messages: Vec<Message>) -> Vec<UpdateArrival> {
    let mut arrivals: Vec<_> = messages
        .into_iter()
        .filter_map(|message| match message.body {
            MessageBody::Request(mut request) => {
                if request.update.is_empty() {
                    request.update = message.update;
                }
                Some(UpdateArrival { request: *request, message: message.id, sequencing: message.sequencing })
            }
            _ => None,
        })
        .collect();
    arrivals.sort_by_key(|arrival| arrival.sequencing);
    arrivals
}

impl fmt::Debug for LiveRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRun").field("task", &self.task).field("fault", &self.fault).finish_non_exhaustive()
    }
}
