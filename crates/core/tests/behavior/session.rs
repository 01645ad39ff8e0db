//! A workflow, its server and its worker, and the checks that hold for every one of them.
//!
//! Each task is worked on twice: by the worker that kept the run, and by one that sees the run for the first time and has
//! to replay it. Both must answer the same, and the replay must see what was seen when it happened.

use std::fmt::Write as _;
use std::rc::Rc;

use perpetua_core::{Fault, LocalActivityEnd};
use perpetua_vocab::{
    Command, CommandKind, EventId, EventKind, Fields, LocalActivityMarker, MarkerRecorded, Message, MessageBody,
    Outcome, Payload, RecordMarker,
};

use crate::happening::{Happening, LocalEnd};
use crate::instance::read;
use crate::program::Program;
use crate::server::{Answered, Polled, Server};
use crate::worker::{Played, Worked, Worker};

/// What somebody sees of a workflow, line by line; or what is wrong with the workflow or with us.
pub(crate) type Seen = Result<Vec<String>, String>;

/// One workflow from its start on.
pub(crate) struct Session {
    program: Rc<Program>,
    server: Server,
    worker: Worker,
    /// What was seen in the turns that history has.
    recorded: Vec<Played>,
    /// What was done so far, as a script that can be run.
    script: String,
    pages: usize,
    has_fault: bool,
}

/// What becomes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// The answer does not arrive.
    Lost,
}

impl Session {
    /// `pages` says how many events come in a page.
    pub(crate) fn new(program: Program, pages: usize) -> Self {
        let script = format!("workflow\n{program}");
        Self {
            program: Rc::new(program),
            server: Server::default(),
            worker: Worker::new(pages),
            recorded: Vec::new(),
            script,
            pages,
            has_fault: false,
        }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Whether a task could not be answered.
    pub(crate) fn has_fault(&self) -> bool {
        self.has_fault
    }

    /// What was done so far, as a script that can be run.
    pub(crate) fn script(&self) -> &str {
        &self.script
    }

    /// Lets things happen, has the task worked on, and lets other things happen meanwhile.
    pub(crate) fn turn(&mut self, before: &[Happening], meanwhile: &[Happening], fate: Fate) -> Seen {
        self.turn_with(before, meanwhile, &[], fate)
    }

    /// The same, and local activities end meanwhile.
    pub(crate) fn turn_with(
        &mut self,
        before: &[Happening],
        meanwhile: &[Happening],
        ends: &[LocalEnd],
        fate: Fate,
    ) -> Seen {
        let verb = if fate == Fate::Answered { "turn" } else { "lost" };
        self.note(verb, before, meanwhile, ends);
        let ends: Vec<_> = ends.iter().map(LocalEnd::reported).collect();
        let task = self.task(before)?;
        let worked = self.worker.work(&self.program, &task, &ends);
        self.compare_with_replay(&task, &worked, &ends)?;
        for happening in meanwhile {
            self.server.happen(happening)?;
        }
        let mut seen = Vec::new();
        if worked.began_again {
            seen.push("began again".to_owned());
        }
        let present = worked.turns.last().cloned();
        if let Some(present) = &present {
            seen.extend(present.lines.iter().map(|line| line.text.clone()));
        }
        match worked.answer {
            Err(fault) => {
                seen.extend(self.describe_fault(&fault));
                self.server.fail_task(true)?;
            }
            Ok(closed) => {
                let closed = closed.ok_or("the worker did not answer the task")?;
                seen.extend(closed.commands.iter().map(describe_command));
                seen.extend(closed.messages.iter().map(describe_message));
                seen.extend(worked.effects.iter().map(|effect| format!("effect {effect}")));
                if worked.beats {
                    seen.push("asks for another task".to_owned());
                }
                match fate {
                    Fate::Lost => self.server.fail_task(false)?,
                    Fate::Answered => match self.server.answer(&closed, worked.beats)? {
                        Answered::Recorded => self.recorded.extend(present.as_ref().map(Played::traced)),
                        Answered::LeftNoTrace => seen.push("left no trace".to_owned()),
                        Answered::Unhandled => seen.push("refused".to_owned()),
                    },
                }
            }
        }
        Ok(seen)
    }

    /// Lets things happen, and has the task fail in somebody else's hands.
    pub(crate) fn failed(&mut self, before: &[Happening]) -> Seen {
        self.note("failed", before, &[], &[]);
        self.task(before)?;
        self.server.fail_task(true)?;
        Ok(Vec::new())
    }

    /// The worker forgets the run.
    pub(crate) fn evict(&mut self) -> Seen {
        self.note("evict", &[], &[], &[]);
        self.worker.evict();
        Ok(Vec::new())
    }

    /// Somebody asks the workflow something.
    pub(crate) fn query(&mut self) -> Seen {
        self.note("query", &[], &[], &[]);
        let worked = self.worker.work(&self.program, &self.server.query(), &[]);
        match worked.answer {
            Ok(None) => Ok(if worked.began_again { vec!["began again".to_owned()] } else { Vec::new() }),
            Ok(Some(_)) => Err("the worker answered a task that was none".to_owned()),
            Err(fault) => Ok(self.describe_fault(&fault)),
        }
    }

    /// The server has other answers to the last task than those that were given.
    pub(crate) fn recorded(&mut self, answers: Vec<EventKind>) -> Seen {
        self.server.replace_answers(answers)?;
        Ok(Vec::new())
    }

    /// The workflow's code changes, and its history is replayed.
    pub(crate) fn change(&mut self, program: Program) -> Seen {
        self.program = Rc::new(program);
        self.worker.evict();
        let worked = self.replay(usize::MAX);
        self.recorded = worked.turns.iter().map(Played::traced).collect();
        match worked.answer {
            Err(fault) => Ok(self.describe_fault(&fault)),
            Ok(_) => Ok(vec!["replays".to_owned()]),
        }
    }

    /// Replays the whole history in the end.
    pub(crate) fn finish(&self) -> Result<(), String> {
        let worked = self.replay(self.pages);
        if let Err(fault) = worked.answer {
            return Err(format!("the history does not replay: {fault}"));
        }
        self.compare_turns(&worked.turns)
    }

    fn replay(&self, page: usize) -> Worked {
        Worker::new(page).work(&self.program, &Polled { previous: None, ..self.server.query() }, &[])
    }

    fn describe_fault(&mut self, fault: &Fault) -> Vec<String> {
        self.has_fault = true;
        // The advice in the end is always the same.
        fault.to_string().lines().take(3).map(str::to_owned).collect()
    }

    fn task(&mut self, before: &[Happening]) -> Result<Polled, String> {
        for happening in before {
            self.server.happen(happening)?;
        }
        if before.is_empty() && !self.server.has_task() {
            self.server.schedule();
        }
        self.server.start_task()
    }

    fn note(&mut self, verb: &str, before: &[Happening], meanwhile: &[Happening], ends: &[LocalEnd]) {
        self.script.push_str(verb);
        for happening in before {
            let _ = write!(self.script, " {happening}");
        }
        if !meanwhile.is_empty() {
            self.script.push_str(" meanwhile");
        }
        for happening in meanwhile {
            let _ = write!(self.script, " {happening}");
        }
        if !ends.is_empty() {
            self.script.push_str(" locally");
        }
        for end in ends {
            let _ = write!(self.script, " {end}");
        }
        self.script.push('\n');
    }

    fn compare_with_replay(
        &self,
        task: &Polled,
        worked: &Worked,
        ends: &[(u32, LocalActivityEnd)],
    ) -> Result<(), String> {
        let again = Worker::new(self.pages + 1).work(&self.program, task, ends);
        match (&worked.answer, &again.answer) {
            (Ok(Some(closed)), Ok(Some(again))) if closed == again => {}
            (Err(fault), Err(again)) if fault == again => return Ok(()),
            (first, again) => return Err(format!("the run that was kept answers {first:?}, a replay {again:?}")),
        }
        let (present, before) = again.turns.split_last().ok_or("the replay has no turns")?;
        if worked.turns.last() != Some(present) {
            return Err(format!("the run that was kept saw {:?}, a replay {present:?}", worked.turns.last()));
        }
        self.compare_turns(before)
    }

    fn compare_turns(&self, replayed: &[Played]) -> Result<(), String> {
        if self.recorded == replayed {
            return Ok(());
        }
        Err(format!("what was seen when it happened: {:#?}\nand in a replay: {replayed:#?}", self.recorded))
    }
}

fn describe_command(command: &Command) -> String {
    match &command.kind {
        CommandKind::StartTimer(start) => format!("command start_timer {} after {:?}", start.timer, start.after),
        CommandKind::CancelTimer { timer } => format!("command cancel_timer {timer}"),
        CommandKind::StartActivity(start) => {
            format!("command start_activity {} {}", start.activity, start.activity_type)
        }
        CommandKind::RequestCancelActivity { scheduled } => format!("command cancel_activity of event {scheduled}"),
        CommandKind::StartChildWorkflow(start) => {
            format!("command start_child {} {}", start.workflow_id, start.workflow_type)
        }
        CommandKind::SignalExternalWorkflow(signal) => {
            let whom = if signal.child_workflow_only { "child" } else { "workflow" };
            format!("command signal {whom} {} {}", signal.execution.workflow_id, signal.name)
        }
        CommandKind::RequestCancelExternalWorkflow(request) => {
            let whom = if request.child_workflow_only { "child" } else { "workflow" };
            format!("command stop {whom} {} because {:?}", request.execution.workflow_id, request.reason)
        }
        CommandKind::RecordMarker(marker) => describe_marker(marker),
        CommandKind::UpsertSearchAttributes { search_attributes } => {
            format!("command upsert_search_attributes{}", describe_fields(search_attributes))
        }
        CommandKind::ModifyProperties { memo } => format!("command upsert_memo{}", describe_fields(memo)),
        CommandKind::Message { message } => format!("command message {message}"),
        CommandKind::CompleteWorkflow { result } => {
            format!("command complete {:?}", result.as_deref().map(read).unwrap_or_default())
        }
        CommandKind::FailWorkflow { failure } => format!("command fail {:?}", failure.message),
        CommandKind::CancelWorkflow { .. } => "command cancel_workflow".to_owned(),
        CommandKind::ContinueAsNew(_) => "command continue_as_new".to_owned(),
        kind => format!("command {}", kind.name()),
    }
}

fn describe_fields(fields: &Fields) -> String {
    let field = |(name, value): (&String, &Payload)| format!(" {name}={}", read(std::slice::from_ref(value)));
    fields.iter().map(field).collect()
}

fn describe_marker(marker: &RecordMarker) -> String {
    let RecordMarker { name, details, failure, header: _ } = marker.clone();
    let event = MarkerRecorded { name, details, failure, header: None, task_completed: EventId::FIRST };
    let Ok(Some(marker)) = LocalActivityMarker::read(&event) else {
        let detail = |(name, values): (&str, &Vec<_>)| format!("{name}={}", read(values));
        let details: Vec<_> = event.details.iter().map(detail).collect();
        return format!("command record_marker {} {}", event.name, details.join(" "));
    };
    let LocalActivityMarker { number, attempt, activity, activity_type, activation, result, .. } = marker;
    let mut text = format!("command local {number} {activity} {activity_type} attempt {attempt}");
    let _ = match (result, marker.backoff) {
        (Ok(value), _) => write!(text, " {:?}", value.as_deref().map(read).unwrap_or_default()),
        (Err(failure), None) => write!(text, " failed {:?}", failure.message),
        (Err(failure), Some(wait)) => write!(text, " failed {:?}, again after {wait:?}", failure.message),
    };
    let _ = write!(text, " (activation {})", activation.unwrap_or_default());
    text
}

fn describe_message(message: &Message) -> String {
    let id = &message.id;
    match &message.body {
        MessageBody::Accept { request_sequencing: Some(after), .. } => format!("message {id} after event {after}"),
        MessageBody::Reject { failure, .. } => format!("message {id} {:?}", failure.message),
        MessageBody::Respond { outcome: Outcome::Success(value), .. } => {
            format!("message {id} {:?}", value.as_deref().map(read).unwrap_or_default())
        }
        MessageBody::Respond { outcome: Outcome::Failure(failure), .. } => {
            format!("message {id} failed {:?}", failure.message)
        }
        MessageBody::Accept { .. } | MessageBody::Request(_) => format!("message {id}"),
        _ => format!("message {id} of an unknown kind"),
    }
}
