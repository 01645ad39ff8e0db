//! One driven run: what happens is written into its history, and a workflow task brings it to the workflow.
//!
//! ```text
//!                  what happened is written             the workflow is done with it
//! Between ----------------------------------> a task -------------------------------> its commands are written, Between
//!    ^                                           |                                                   ^
//!    `-- closed: nothing happens any more        `-- local activities run: Open --they end, or -------'
//!                                                                             something else happens
//! ```

use std::collections::{BTreeMap, BTreeSet};

use perpetua_vocab::{
    Command, EventId, EventKind, Message, MessageBody, MessageId, Query, QueryAnswer, RunId, TimerId, UpdateId,
};
use perpetua_workflow::{Answer, Fault, LiveRun, LocalActivityEnd, Progress, RunSetup, TaskHead};

use super::book::{Book, Update};
use super::echo::{Known, echo, of_message};
use super::replay;
use super::writer::{Task, Writer};
use crate::Check;
use crate::checks::{abandoned, handlers, signals};

pub(super) struct Machine {
    pub(super) setup: RunSetup,
    live: LiveRun,
    pub(super) writer: Writer,
    pub(super) book: Book,
    /// How many events the workflow has read.
    read: usize,
    /// The start of the last task that was answered.
    previous: Option<EventId>,
    /// The task that is not answered because local activities run.
    open: Option<Task>,
    /// Whether the task that is being answered brings only messages: without an effect, it leaves no trace.
    is_speculative: bool,
    /// Whether something has happened that no task has brought to the workflow.
    has_news: bool,
    /// Requests for updates that the next task brings.
    messages: Vec<Message>,
    /// Whether tasks wait until all that happens together has happened.
    pub(super) holds: bool,
    /// What the last answer asked for.
    pub(super) commands: Vec<Command>,
    pub(super) closed: bool,
    pub(super) without: BTreeSet<Check>,
    /// Why nothing goes on.
    fault: Option<String>,
}

impl Machine {
    pub(super) fn new(setup: RunSetup, writer: Writer, without: BTreeSet<Check>) -> Self {
        Self {
            live: LiveRun::new(setup.clone()),
            setup,
            writer,
            book: Book::default(),
            read: 0,
            previous: None,
            open: None,
            is_speculative: false,
            has_news: true,
            messages: Vec::new(),
            holds: false,
            commands: Vec::new(),
            closed: false,
            without,
            fault: None,
        }
    }

    /// Whether anything may still happen.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn assert_open(&self) -> Result<(), String> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None if self.closed => Err("the run is over: nothing can happen to it any more".to_owned()),
            None => Ok(()),
        }
    }

    /// Something happens to the run.
    ///
    /// # Errors
    /// Why the workflow cannot go on.
    pub(super) fn happen(&mut self, kind: EventKind) -> Result<EventId, String> {
        self.let_go()?;
        self.has_news = true;
        Ok(self.writer.add(kind))
    }

    /// Somebody asks for an update; the message is made with the id of the last event.
    ///
    /// # Errors
    /// Why the workflow cannot go on.
    pub(super) fn send(&mut self, message: impl FnOnce(Option<EventId>) -> Message) -> Result<(), String> {
        self.let_go()?;
        let message = message(self.writer.last());
        self.book.updates.insert(message.update.clone(), Update::Sent);
        self.messages.push(message);
        Ok(())
    }

    /// A local activity has ended.
    ///
    /// # Errors
    /// Why the workflow cannot go on.
    pub(super) fn end_local(&mut self, number: u32, end: LocalActivityEnd) -> Result<(), String> {
        let progress = self.live.local_activity_ended(number, end);
        self.went(progress)
    }

    /// Brings everything that has happened to the workflow, unless it is held back.
    ///
    /// # Errors
    /// Why the workflow cannot go on.
    pub(super) fn go_on(&mut self) -> Result<(), String> {
        while !self.holds && !self.closed && self.open.is_none() && (self.has_news || !self.messages.is_empty()) {
            self.task()?;
        }
        Ok(())
    }

    /// What the workflow waits for.
    pub(super) fn waits(&self) -> Vec<perpetua_workflow::Pending> {
        self.live.pending()
    }

    /// Asks the workflow.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub(super) fn query(&mut self, query: &Query) -> Result<QueryAnswer, String> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let stopped = || "the workflow cannot be asked while it runs local activities: answer them first".to_owned();
        if self.open.is_some() {
            return Err(stopped());
        }
        let head = TaskHead { previous_started: self.previous, query: Some(query.clone()), ..TaskHead::default() };
        self.live.begin(head);
        let progress = self.live.feed(Vec::new(), true).map_err(|fault| self.fail(&fault))?;
        let Progress::Answered(answered) = progress else { return Err(stopped()) };
        let Some(answer) = answered.answer else { return Err(stopped()) };
        if self.checks(Check::Replay) {
            replay::compare_answers(self, query, &answer).map_err(|problem| self.stop(problem))?;
        }
        Ok(answer)
    }

    pub(super) fn checks(&self, check: Check) -> bool {
        !self.without.contains(&check)
    }

    /// Hands out a task with all that has happened.
    fn task(&mut self) -> Result<(), String> {
        let task = self.writer.hand_out(std::mem::take(&mut self.messages));
        self.is_speculative = !std::mem::take(&mut self.has_news);
        self.live.begin(TaskHead {
            previous_started: self.previous,
            started: Some(task.started),
            attempt: 1,
            messages: task.messages.clone(),
            ..TaskHead::default()
        });
        let events = self.writer.events()[self.read..].to_vec();
        self.read = self.writer.events().len();
        self.open = Some(task);
        let progress = self.live.feed(events, true);
        self.went(progress)
    }

    fn went(&mut self, progress: Result<Progress, Fault>) -> Result<(), String> {
        match progress.map_err(|fault| self.fail(&fault))? {
            Progress::NeedsPage => Err(self.stop("the workflow asks for more history than there is".to_owned())),
            Progress::Waits(effects) => {
                self.book.take(effects, self.writer.now());
                Ok(())
            }
            Progress::Answered(answer) => {
                let answered = self.answered(*answer);
                answered.map_err(|problem| self.stop(problem))
            }
        }
    }

    /// Lets the task be answered although local activities run, as a worker does before the task times out.
    ///
    /// # Errors
    /// Why the workflow cannot go on.
    pub(super) fn let_go(&mut self) -> Result<(), String> {
        self.assert_open()?;
        if self.open.is_none() {
            return Ok(());
        }
        let progress = self.live.answer_now();
        self.went(progress)?;
        self.assert_open()
    }

    fn answered(&mut self, answer: Answer) -> Result<(), String> {
        let Some(task) = self.open.take() else { return Ok(()) };
        let completed = self.writer.complete(&task);
        self.write(completed, &answer)?;
        if self.checks(Check::Replay) {
            replay::check(self, &task, &answer)?;
        }
        let leaves_no_trace = self.is_speculative && self.writer.last() == Some(completed) && !answer.needs_task;
        if leaves_no_trace {
            self.writer.take_back(task.scheduled);
            self.read = self.writer.events().len();
        } else {
            self.previous = Some(task.started);
        }
        self.book.take(answer.local_activities, self.writer.now());
        self.has_news |= answer.needs_task;
        self.commands = answer.commands;
        self.closed = answer.closed;
        if self.closed { self.check_end() } else { Ok(()) }
    }

    /// Looks at what the end of the workflow has left behind.
    fn check_end(&self) -> Result<(), String> {
        let problems = [
            (Check::UnfinishedHandlers, handlers::problem(&self.live.unfinished_handlers())),
            (Check::UnhandledSignals, signals::problem(true, &self.live.unhandled_signals())),
            (Check::AbandonedWork, abandoned::problem(&self.writer.history())),
        ];
        let problem = problems.into_iter().find_map(|(check, problem)| problem.filter(|_| self.checks(check)));
        problem.map_or(Ok(()), Err)
    }

    /// Writes the events of an answer.
    fn write(&mut self, task_completed: EventId, answer: &Answer) -> Result<(), String> {
        let messages: BTreeMap<MessageId, Message> =
            answer.messages.iter().map(|message| (message.id.clone(), message.clone())).collect();
        for message in &answer.messages {
            if let MessageBody::Reject { failure, .. } = &message.body {
                self.book.updates.insert(message.update.clone(), Update::Refused(failure.clone()));
            }
        }
        let next_run = RunId::new(super::run_id_after(&self.setup.execution.run_id));
        let mut placed = BTreeSet::new();
        for command in &answer.commands {
            if let perpetua_vocab::CommandKind::Message { message } = &command.kind {
                placed.insert(message.clone());
            }
            let timers: BTreeMap<TimerId, EventId> =
                self.book.timers.iter().map(|(id, timer)| (id.clone(), timer.started)).collect();
            let accepted = self.book.accepted();
            let known = Known {
                task_completed,
                timers: &timers,
                accepted: &accepted,
                messages: &messages,
                next_run: &next_run,
            };
            let event = echo(command.kind.clone(), &known).map_err(|problem| format!("the workflow {problem}"))?;
            self.add(event);
        }
        // Messages without a place of their own come last.
        for message in answer.messages.iter().filter(|message| !placed.contains(&message.id)) {
            let event =
                of_message(message, &self.book.accepted()).map_err(|problem| format!("the workflow {problem}"))?;
            self.add(event);
        }
        Ok(())
    }

    fn add(&mut self, kind: Option<EventKind>) {
        let Some(kind) = kind else { return };
        self.writer.add(kind);
        if let Some(event) = self.writer.events().last() {
            self.book.learn(event);
        }
    }

    /// How far an update is.
    pub(super) fn update(&self, update: &UpdateId) -> Option<&Update> {
        self.book.updates.get(update)
    }

    fn fail(&mut self, fault: &Fault) -> String {
        self.stop(fault.to_string())
    }

    /// Nothing goes on after this.
    fn stop(&mut self, problem: String) -> String {
        self.fault = Some(problem.clone());
        problem
    }
}
