//! Runs a [`Program`]: the part that an executor of real futures plays elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use perpetua_core::{
    ActivityRequest, CancellationType, ChildRequest, Fault, Finish, Job, LocalActivityRequest, Origin, Outcome,
    PatchAnswer, Run, SideEffect, Ticket, TimerRequest, UpdateArrival, UpdateTicket,
};
use perpetua_vocab::{
    ActivityFailureInfo, ActivityId, ActivityType, ApplicationFailure, ChildWorkflowFailureInfo, ContinueAsNew,
    Failure, FailureInfo, Fields, Header, Namespace, Outcome as UpdateOutcome, ParentClosePolicy, Payload, Payloads,
    RequestCancelExternalWorkflow, RunId, SignalExternalWorkflow, SignalName, StartChildWorkflow, TaskQueue,
    UserMetadata, WorkflowExecution, WorkflowId, WorkflowIdReusePolicy, WorkflowType,
};

use crate::program::{Program, Statement};

/// A running program.
pub(crate) struct Instance {
    program: Rc<Program>,
    tasks: Vec<Task>,
    /// Tasks that have something to do, in the order in which they got it.
    ready: VecDeque<usize>,
    operations: Vec<Operation>,
    /// What the names of the main part mean.
    names: BTreeMap<String, usize>,
    /// What the program learned about patches, by the names it has for that.
    patched: BTreeMap<String, bool>,
    flags: BTreeSet<String>,
    flag_was_set: bool,
    fault: Option<Fault>,
    turn: TurnLog,
}

/// What was seen in a turn.
#[derive(Default)]
struct TurnLog {
    lines: Vec<Line>,
    polls: usize,
    /// Jobs before the first poll, by whether they leave a trace in history.
    traced: usize,
    traceless: usize,
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// Whether a replay will not see it: it belongs to an update that was not accepted.
    pub(crate) traceless: bool,
}

/// An operation, as the program knows it.
struct Operation {
    label: String,
    ticket: Option<Ticket>,
    outcome: Option<Outcome>,
}

/// The main part, or one call of a handler.
struct Task {
    todo: VecDeque<Statement>,
    names: BTreeMap<String, usize>,
    is_main: bool,
    update: Option<UpdateTicket>,
    waits: Waits,
}

enum Waits {
    Nothing,
    /// For the first of these operations.
    Operations(Vec<usize>),
    Flag(String),
}

impl Instance {
    pub(crate) fn new(program: Rc<Program>) -> Self {
        Self {
            program,
            tasks: Vec::new(),
            ready: VecDeque::new(),
            operations: Vec::new(),
            names: BTreeMap::new(),
            patched: BTreeMap::new(),
            flags: BTreeSet::new(),
            flag_was_set: false,
            fault: None,
            turn: TurnLog::default(),
        }
    }

    /// What was seen since this was called last.
    pub(crate) fn take_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.turn).lines
    }

    /// Does one job.
    pub(crate) fn handle(&mut self, job: Job, run: &mut Run) {
        match job {
            Job::Start(_) => {
                self.saw_job("start");
                let main = self.program.main.clone();
                self.spawn(main, true, None);
            }
            Job::Signal(signal) => {
                self.saw_job(&format!("signal {}", signal.name));
                let body = self.program.signals.get(signal.name.as_str()).cloned().unwrap_or_default();
                self.spawn(body, false, None);
            }
            Job::Update { ticket, arrival, accepted } => self.update(ticket, &arrival, accepted, run),
            Job::Cancel { reason } => {
                self.saw_job(&format!("cancel {reason:?}"));
                let body = self.program.cancel.clone();
                self.spawn(body, false, None);
            }
            Job::TimePassed(now) => self.saw_job(&format!("time_passed {}s", now.seconds)),
            Job::Settled(ticket) => {
                let label = self.wake(ticket);
                self.saw_job(&format!("settled {label}"));
            }
            Job::Poll => {
                let traceless = self.turn.polls == 0 && self.turn.traced == 0 && self.turn.traceless > 0;
                self.turn.polls += 1;
                self.turn.lines.push(Line { text: "job poll".to_owned(), traceless });
                self.poll(run);
            }
        }
    }

    /// What went wrong inside of the code, if anything did.
    pub(crate) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn saw(&mut self, text: String) {
        self.turn.lines.push(Line { text, traceless: false });
    }

    fn saw_job(&mut self, job: &str) {
        self.turn.traced += 1;
        self.turn.lines.push(Line { text: format!("job {job}"), traceless: false });
    }

    fn update(&mut self, ticket: UpdateTicket, arrival: &UpdateArrival, accepted: bool, run: &mut Run) {
        let text = format!("job update {} {}", arrival.request.name, arrival.request.update);
        let mut body: VecDeque<_> =
            self.program.updates.get(arrival.request.name.as_str()).cloned().unwrap_or_default().into();
        let mut traceless = true;
        while let Some(statement) = body.pop_front() {
            match statement {
                Statement::Reject { why, flag }
                    if !accepted && flag.as_ref().is_none_or(|flag| self.flags.contains(flag)) =>
                {
                    run.reject(ticket, Box::new(failure(&why)));
                    break;
                }
                Statement::Accept => {
                    traceless = false;
                    run.accept(ticket);
                    self.spawn(std::mem::take(&mut body).into(), false, Some(ticket));
                }
                // A validator may only look.
                _ => {}
            }
        }
        if traceless {
            self.turn.traceless += 1;
        } else {
            self.turn.traced += 1;
        }
        self.turn.lines.push(Line { text, traceless });
    }

    fn spawn(&mut self, body: Vec<Statement>, is_main: bool, update: Option<UpdateTicket>) {
        let task = Task { todo: body.into(), names: BTreeMap::new(), is_main, update, waits: Waits::Nothing };
        self.tasks.push(task);
        self.ready.push_back(self.tasks.len() - 1);
    }

    fn poll(&mut self, run: &mut Run) {
        loop {
            while let Some(ticket) = run.next_settled() {
                self.wake(ticket);
            }
            if let Some(task) = self.ready.pop_front() {
                self.run_task(task, run);
            } else if std::mem::take(&mut self.flag_was_set) {
                let flags = &self.flags;
                self.ready.extend(
                    (0..self.tasks.len())
                        .filter(|at| matches!(&self.tasks[*at].waits, Waits::Flag(flag) if flags.contains(flag))),
                );
            } else {
                return;
            }
        }
    }

    /// Wakes who waits for the operation, and returns what it is called.
    fn wake(&mut self, ticket: Ticket) -> String {
        match self.operations.iter().position(|operation| operation.ticket == Some(ticket)) {
            None => "something unknown".to_owned(),
            Some(at) => {
                self.wake_operation(at);
                self.operations[at].label.clone()
            }
        }
    }

    fn wake_operation(&mut self, operation: usize) {
        for (at, task) in self.tasks.iter().enumerate() {
            if let Waits::Operations(operations) = &task.waits
                && operations.contains(&operation)
                && !self.ready.contains(&at)
            {
                self.ready.push_back(at);
            }
        }
    }

    fn run_task(&mut self, task: usize, run: &mut Run) {
        self.tasks[task].waits = Waits::Nothing;
        while let Some(statement) = self.tasks[task].todo.pop_front() {
            match self.execute(task, &statement, run) {
                Waits::Nothing => {}
                waits => {
                    self.tasks[task].todo.push_front(statement);
                    self.tasks[task].waits = waits;
                    return;
                }
            }
        }
    }

    /// Executes a statement; what is waited for if it cannot go on.
    fn execute(&mut self, task: usize, statement: &Statement, run: &mut Run) -> Waits {
        match statement {
            Statement::Timer { name, after } => {
                let label = self.label(name);
                let ticket = run.start_timer(TimerRequest { after: *after }, labeled(&label));
                self.bind(task, name, label, ticket);
            }
            Statement::Activity { name, activity_type, id, cancellation } => {
                let label = self.label(name);
                let request = activity_request(activity_type, id.as_deref(), *cancellation);
                let ticket = run.start_activity(request, labeled(&label));
                self.bind(task, name, label, ticket);
            }
            Statement::Local { name, activity_type, id, cancellation } => {
                let label = self.label(name);
                let request = local_request(activity_type, id.as_deref(), *cancellation);
                let ticket = run.start_local_activity(request, labeled(&label));
                self.bind(task, name, label, ticket);
            }
            Statement::Child { name, workflow_type, id, cancellation } => {
                let label = self.label(name);
                let start = start_child(workflow_type, id.as_deref().unwrap_or(&label));
                let request = ChildRequest { start, cancellation: *cancellation };
                let tickets = run.start_child(request, labeled(&label));
                let start_name = format!("{name}_start");
                let start_label = self.label(&start_name);
                self.bind(task, &start_name, start_label, tickets.started);
                self.bind(task, name, label, tickets.result);
            }
            Statement::Signal { name, target, signal, child } => {
                let label = self.label(name);
                let signal = SignalExternalWorkflow {
                    namespace: Namespace::default(),
                    execution: execution(target),
                    name: SignalName::from(signal),
                    input: Payloads::new(),
                    header: Header::new(),
                    child_workflow_only: *child,
                };
                let ticket = run.signal_external(signal, labeled(&label));
                self.bind(task, name, label, ticket);
            }
            Statement::Stop { name, target } => {
                let label = self.label(name);
                let request = RequestCancelExternalWorkflow {
                    namespace: Namespace::default(),
                    execution: execution(target),
                    child_workflow_only: false,
                    reason: "enough".to_owned(),
                };
                let ticket = run.cancel_external(request, labeled(&label));
                self.bind(task, name, label, ticket);
            }
            Statement::Patched { name, patch } => {
                let PatchAnswer { applies, .. } = run.patched(patch, false, None);
                self.patched.insert(name.clone(), applies);
                let text = if applies { "applies" } else { "does not apply" };
                self.saw(format!("    {patch} {text}"));
            }
            Statement::Deprecate(patch) => drop(run.patched(patch, true, None)),
            Statement::If { name, holds, then } => {
                if self.patched.get(name).copied().unwrap_or_default() == *holds {
                    self.tasks[task].todo.push_front((**then).clone());
                }
            }
            Statement::SideEffect { name, value } => match run.side_effect(None) {
                Ok(SideEffect::Due) => {
                    run.record_side_effect(text(value), Origin::default());
                    self.saw(format!("    {name} gives {value:?}"));
                }
                Ok(SideEffect::Recorded(recorded)) => {
                    self.saw(format!("    {name} gives {:?}", recorded.as_deref().map(read).unwrap_or_default()));
                }
                Err(fault) => {
                    self.fault.get_or_insert(fault);
                    return Waits::Operations(Vec::new());
                }
            },
            Statement::SearchAttributes(changes) => run.upsert_search_attributes(fields(changes), None),
            Statement::Memo(changes) => run.upsert_memo(fields(changes), None),
            Statement::Await(names) => {
                let operations: Vec<usize> = names.iter().filter_map(|name| self.meaning(task, name)).collect();
                return self.first_of(operations, run);
            }
            Statement::Cancel(name) => {
                if let Some(ticket) = self.meaning(task, name).and_then(|at| self.operations[at].ticket) {
                    run.cancel(ticket);
                }
            }
            Statement::Drop(name) => {
                if let Some(at) = self.meaning(task, name)
                    && let Some(ticket) = self.operations[at].ticket.take()
                {
                    run.abandon(ticket);
                    self.wake_operation(at);
                }
            }
            Statement::Detach(name) => {
                if let Some(at) = self.meaning(task, name)
                    && let Some(ticket) = self.operations[at].ticket.take()
                {
                    run.detach(ticket);
                    self.wake_operation(at);
                }
            }
            Statement::Set(flag) => {
                self.flags.insert(flag.clone());
                self.flag_was_set = true;
            }
            Statement::Wait(flag) => {
                if !self.flags.contains(flag) {
                    return Waits::Flag(flag.clone());
                }
            }
            Statement::Answer(value) => self.complete_update(task, UpdateOutcome::Success(Some(text(value))), run),
            Statement::Refuse(why) => {
                self.complete_update(task, UpdateOutcome::Failure(Box::new(failure(why))), run);
            }
            Statement::Complete(value) => run.finish(Finish::Complete(value.as_deref().map(text))),
            Statement::Fail(why) => run.finish(Finish::Fail(Box::new(failure(why)))),
            Statement::CancelWorkflow => run.finish(Finish::Cancel),
            Statement::ContinueAsNew => run.finish(Finish::ContinueAsNew(Box::new(again()))),
            // The validator's part, and behind it these mean nothing.
            Statement::Accept | Statement::Reject { .. } => {}
        }
        Waits::Nothing
    }

    fn first_of(&mut self, operations: Vec<usize>, run: &mut Run) -> Waits {
        let mut pending = false;
        for at in &operations {
            let operation = &mut self.operations[*at];
            if let Some(ticket) = operation.ticket {
                match run.take(ticket) {
                    Some(outcome) => {
                        operation.ticket = None;
                        operation.outcome = Some(outcome);
                    }
                    None => pending = true,
                }
            }
            if let Some(outcome) = &operation.outcome {
                let text = format!("    {} {}", operation.label, describe(outcome));
                self.turn.lines.push(Line { text, traceless: false });
                return Waits::Nothing;
            }
        }
        if pending { Waits::Operations(operations) } else { Waits::Nothing }
    }

    fn complete_update(&mut self, task: usize, outcome: UpdateOutcome, run: &mut Run) {
        if let Some(ticket) = self.tasks[task].update {
            run.complete_update(ticket, outcome);
        }
    }

    /// The name, made unique.
    fn label(&self, name: &str) -> String {
        let is_same = |label: &str| label.split('.').next() == Some(name);
        match self.operations.iter().filter(|operation| is_same(&operation.label)).count() {
            0 => name.to_owned(),
            before => format!("{name}.{}", before + 1),
        }
    }

    fn bind(&mut self, task: usize, name: &str, label: String, ticket: Ticket) {
        self.operations.push(Operation { label, ticket: Some(ticket), outcome: None });
        let names = if self.tasks[task].is_main { &mut self.names } else { &mut self.tasks[task].names };
        names.insert(name.to_owned(), self.operations.len() - 1);
    }

    fn meaning(&self, task: usize, name: &str) -> Option<usize> {
        self.tasks[task].names.get(name).or_else(|| self.names.get(name)).copied()
    }
}

fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Fired => "fired".to_owned(),
        Outcome::TimerCanceled => "was canceled".to_owned(),
        Outcome::Activity(Ok(value)) => format!("returned {:?}", value.as_deref().map(read).unwrap_or_default()),
        Outcome::Activity(Err(failure)) => format!("{} ({})", messages(failure), describe_activity(&failure.info)),
        Outcome::ChildStarted(run) => format!("runs as {run}"),
        Outcome::Child(Ok(value)) => format!("returned {:?}", value.as_deref().map(read).unwrap_or_default()),
        Outcome::Child(Err(failure)) | Outcome::ChildNotStarted { failure, .. } => {
            format!("{} ({})", messages(failure), describe_child(&failure.info))
        }
        Outcome::Delivered => "was delivered".to_owned(),
        Outcome::SignalFailed(cause) => format!("was not delivered: {cause:?}"),
        Outcome::CancelFailed(cause) => format!("was not delivered: {cause:?}"),
        Outcome::Withdrawn => "was withdrawn".to_owned(),
    }
}

fn messages(failure: &Failure) -> String {
    let messages: Vec<&str> = failure.chain().map(|failure| failure.message.as_str()).collect();
    messages.join(": ")
}

fn describe_child(info: &FailureInfo) -> String {
    let FailureInfo::ChildWorkflow(info) = info else { return "not of a child".to_owned() };
    let ChildWorkflowFailureInfo { namespace, execution, workflow_type, initiated, started, retry_state } = info;
    let execution = execution.clone().unwrap_or_default();
    let mut words = vec![format!("{namespace}{} {}", execution.workflow_id, workflow_type.clone().unwrap_or_default())];
    words.extend(Some(format!("run {}", execution.run_id)).filter(|_| !execution.run_id.is_empty()));
    words.extend(initiated.map(|event| format!("initiated by event {event}")));
    words.extend(started.map(|event| format!("started by event {event}")));
    words.push(format!("{retry_state:?}"));
    words.join(", ")
}

fn describe_activity(info: &FailureInfo) -> String {
    let FailureInfo::Activity(info) = info else { return "not of an activity".to_owned() };
    let ActivityFailureInfo { scheduled, started, identity, activity_type, activity_id, retry_state } = info;
    let mut words = vec![format!("{activity_id} {}", activity_type.as_ref().map_or("", ActivityType::as_str))];
    words.extend(scheduled.map(|event| format!("scheduled by event {event}")));
    words.extend(started.map(|event| format!("started by event {event}")));
    words.extend(Some(format!("run by {identity}")).filter(|_| !identity.is_empty()));
    words.push(format!("{retry_state:?}"));
    words.join(", ")
}

pub(crate) fn activity_request(
    activity_type: &str,
    id: Option<&str>,
    cancellation: CancellationType,
) -> ActivityRequest {
    ActivityRequest {
        activity_type: ActivityType::from(activity_type),
        activity: id.map(ActivityId::from),
        task_queue: TaskQueue::from("queue"),
        input: Payloads::new(),
        header: Header::new(),
        schedule_to_close: None,
        schedule_to_start: None,
        start_to_close: None,
        heartbeat: None,
        retry_policy: None,
        priority: None,
        cancellation,
    }
}

pub(crate) fn local_request(
    activity_type: &str,
    id: Option<&str>,
    cancellation: CancellationType,
) -> LocalActivityRequest {
    LocalActivityRequest {
        activity_type: ActivityType::from(activity_type),
        activity: id.map(ActivityId::from),
        input: Payloads::new(),
        header: Header::new(),
        schedule_to_close: None,
        schedule_to_start: None,
        start_to_close: None,
        retry_policy: None,
        local_retry_threshold: Duration::from_secs(60),
        cancellation,
    }
}

fn start_child(workflow_type: &str, id: &str) -> StartChildWorkflow {
    StartChildWorkflow {
        namespace: Namespace::default(),
        workflow_id: WorkflowId::from(id),
        workflow_type: WorkflowType::from(workflow_type),
        task_queue: TaskQueue::default(),
        input: Payloads::new(),
        header: Header::new(),
        execution_timeout: None,
        run_timeout: None,
        task_timeout: None,
        parent_close_policy: ParentClosePolicy::default(),
        id_reuse_policy: WorkflowIdReusePolicy::default(),
        retry_policy: None,
        cron_schedule: String::new(),
        memo: None,
        search_attributes: None,
        priority: None,
    }
}

fn execution(id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: WorkflowId::from(id), run_id: RunId::default() }
}

/// Metadata that says what the program calls the operation, so that a script can speak of it.
fn labeled(label: &str) -> UserMetadata {
    UserMetadata { summary: text(label).pop(), details: None }
}

/// Fields that change, as `name=value`; without a value it goes away.
fn fields(changes: &[String]) -> Fields {
    let field = |(name, value): (&str, &str)| {
        let payload = if value.is_empty() { Payload::encoded("binary/null", "") } else { text(value).remove(0) };
        (name.to_owned(), payload)
    };
    changes.iter().filter_map(|change| change.split_once('=')).map(field).collect()
}

/// A text as values.
pub(crate) fn text(text: &str) -> Payloads {
    vec![Payload::encoded("text", text.to_owned())]
}

/// The text of values.
pub(crate) fn read(values: &[Payload]) -> String {
    let texts: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(&value.data)).collect();
    texts.join(", ")
}

/// A failure of somebody's code.
pub(crate) fn failure(message: &str) -> Failure {
    let info = FailureInfo::Application(ApplicationFailure::default());
    Failure { message: message.to_owned(), info, ..Failure::default() }
}

fn again() -> ContinueAsNew {
    ContinueAsNew { workflow_type: WorkflowType::from("program"), ..ContinueAsNew::default() }
}
