//! Replaying recorded histories with the workflows of this program: no server, no runtime.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use perpetua_contract::WorkflowStub;
use perpetua_convert::{CodecError, DataConverter};
use perpetua_core::{Fault, Mismatch, Pending};
use perpetua_vocab::wire::EventsToReplay;
use perpetua_vocab::{
    Event, EventKind, History, Malformed, Namespace, RunId, SignalName, TaskQueue, WorkflowExecution, WorkflowId,
    WorkflowStarted, WorkflowType,
};

use crate::implementation::WorkflowImplementation;
use crate::live::{LiveRun, Progress, RunSetup, TaskHead};
use crate::registry::Workflows;

/// Replays recorded histories, to find out whether the workflows of this program still do what was recorded. A plain
/// function from history to report: activities do not run, timers do not wait, no server is asked.
///
/// Keep histories of production beside your tests, and replay them before a change is deployed:
///
/// ```
/// # use perpetua_vocab::{History, Malformed};
/// # use perpetua_workflow::Replayer;
/// # fn example(replayer: Replayer, json: &str) -> Result<(), Box<dyn std::error::Error>> {
/// // Replayer::new().workflow(Approval::run)
/// let history = History::from_json(json)?;
/// replayer.replay(&history)?;
/// # Ok(()) }
/// ```
///
/// It can be shared by threads; each replay runs on the thread that asks for it.
#[derive(Clone, Debug)]
pub struct Replayer {
    workflows: Arc<Workflows>,
    converter: DataConverter,
    namespace: Namespace,
}

/// So many events are fed at once.
const PAGE: usize = 128;

/// What a successful replay has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// Which workflow it is.
    pub workflow_type: WorkflowType,
    /// Its workflow id and run id, as far as the history has them.
    pub execution: WorkflowExecution,
    /// How many events the history has.
    pub events: usize,
    /// How many workflow tasks were replayed: those that the workflow answered.
    pub turns: u32,
    /// Whether the code has ended the run.
    pub finished: bool,
    /// What the workflow waits for at the end of the history, and where in its source code.
    pub pending: Vec<Pending>,
    /// The handlers of signals and updates that the end of the workflow has cut off, but for those that say that they may
    /// be.
    pub unfinished_handlers: Vec<String>,
    /// The names of the signals that no handler has taken, in the order in which they arrived.
    pub unhandled_signals: Vec<SignalName>,
}

/// Why a history could not be replayed: see [`fault`](Self::fault).
#[derive(Clone, PartialEq)]
pub struct ReplayFailure(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    workflow_type: WorkflowType,
    execution: WorkflowExecution,
    fault: Fault,
}

impl Default for Replayer {
    fn default() -> Self {
        Self::new()
    }
}

impl Replayer {
    /// One that knows no workflows yet.
    pub fn new() -> Self {
        Self { workflows: Arc::default(), converter: DataConverter::default(), namespace: Namespace::new("default") }
    }

    /// Can replay this workflow: `.workflow(greeting)`, or `.workflow(Approval::run)`.
    pub fn workflow<A, S>(mut self, _stub: S) -> Self
    where
        S: WorkflowStub<A, Definition: WorkflowImplementation>,
    {
        Arc::make_mut(&mut self.workflows).add::<S::Definition>();
        self
    }

    /// Can replay all of these workflows, and no others.
    pub fn workflows(mut self, workflows: Workflows) -> Self {
        self.workflows = Arc::new(workflows);
        self
    }

    /// How values are read; the same as the worker's. By default JSON, without codecs.
    ///
    /// Codecs are async, so they run apart: see [`decode`](Self::decode).
    pub fn converter(mut self, converter: DataConverter) -> Self {
        self.converter = converter;
        self
    }

    /// The namespace that the workflows see; `default` by default.
    pub fn namespace(mut self, namespace: impl Into<Namespace>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Runs the converter's codecs over a history that comes from a file. One that a client has fetched went through them
    /// already. Without codecs there is nothing to do.
    ///
    /// # Errors
    /// When a codec fails; the history is then as it was.
    pub async fn decode(&self, history: &mut History) -> Result<(), CodecError> {
        self.converter.decode(&mut history.events).await
    }

    /// Replays a history, to its last workflow task that was answered. The history may be that of a run that goes on.
    ///
    /// # Errors
    /// When the code does something else than history has ([`ReplayFailure::mismatch`]), when it panics, when the workflow
    /// is not known here, or when this is no history.
    pub fn replay(&self, history: &History) -> Result<Replayed, ReplayFailure> {
        self.replay_events(history.events.iter().cloned().map(Ok))
    }

    /// Replays a history as it is read: from an open file, from bytes, from whatever unpacks them. It is in the protobuf form
    /// that [`History::to_bytes`] writes and other tools have, not JSON. Only a piece of it is in memory at any time, and only
    /// what a replay needs is decoded, so this is the fastest way for long histories.
    ///
    /// ```no_run
    /// # use perpetua_workflow::Replayer;
    /// # fn example(replayer: Replayer) -> Result<(), Box<dyn std::error::Error>> {
    /// let replayed = replayer.replay_from(std::fs::File::open("histories/order-17.pb")?)?;
    /// # Ok(()) }
    /// ```
    ///
    /// Codecs are async and cannot run here: what went through one is read as a whole, with [`History::from_bytes`], and
    /// goes through [`decode`](Self::decode).
    ///
    /// # Errors
    /// As [`replay`](Self::replay); and when the history cannot be read.
    pub fn replay_from(&self, history: impl Read) -> Result<Replayed, ReplayFailure> {
        self.replay_events(EventsToReplay::new(history))
    }

    fn replay_events(&self, events: impl Iterator<Item = Result<Event, Malformed>>) -> Result<Replayed, ReplayFailure> {
        let mut report = Replayed {
            workflow_type: WorkflowType::default(),
            execution: WorkflowExecution { workflow_id: WorkflowId::default(), run_id: RunId::default() },
            events: 0,
            turns: 0,
            finished: false,
            pending: Vec::new(),
            unfinished_handlers: Vec::new(),
            unhandled_signals: Vec::new(),
        };
        match self.play(events, &mut report) {
            Ok(()) => Ok(report),
            Err(fault) => {
                let Replayed { workflow_type, execution, .. } = report;
                Err(ReplayFailure(Box::new(Inner { workflow_type, execution, fault })))
            }
        }
    }

    /// Replays many histories, one after the other, as the iterator is asked.
    ///
    /// ```
    /// # use perpetua_vocab::History;
    /// # use perpetua_workflow::Replayer;
    /// # fn example(replayer: Replayer, histories: Vec<History>) {
    /// let failures: Vec<_> = replayer.replay_all(&histories).filter_map(Result::err).collect();
    /// assert!(failures.is_empty(), "{failures:#?}");
    /// # }
    /// ```
    pub fn replay_all<'a, I>(&self, histories: I) -> impl Iterator<Item = Result<Replayed, ReplayFailure>>
    where
        I: IntoIterator<Item = &'a History>,
    {
        histories.into_iter().map(|history| self.replay(history))
    }

    fn play(
        &self,
        mut events: impl Iterator<Item = Result<Event, Malformed>>,
        report: &mut Replayed,
    ) -> Result<(), Fault> {
        let mut page = next_page(&mut events)?;
        let started = first(&page)?;
        report.workflow_type = started.workflow_type.clone();
        report.execution =
            WorkflowExecution { workflow_id: started.workflow_id.clone(), run_id: started.original_run.clone() };
        self.assert_known(started.workflow_type.as_str())?;
        let mut live = LiveRun::new(RunSetup {
            namespace: self.namespace.clone(),
            execution: report.execution.clone(),
            workflow_type: started.workflow_type.clone(),
            task_queue: TaskQueue::default(),
            converter: self.converter.clone(),
            workflows: Arc::clone(&self.workflows),
        });
        live.begin(TaskHead::default());
        loop {
            report.events += page.len();
            for failure in page.iter_mut().filter_map(|event| event.kind.failure_mut()) {
                self.converter.reveal_failure(failure);
            }
            let next = next_page(&mut events)?;
            let is_last = next.is_empty();
            match live.feed(page, is_last)? {
                Progress::Answered(_) => break,
                Progress::NeedsPage if !is_last => page = next,
                Progress::NeedsPage | Progress::Waits(_) => {
                    let problem = "the code waits for something that is not in the history, in a turn that is over";
                    return Err(Fault::code(problem));
                }
            }
        }
        report.turns = live.turns();
        report.finished = live.is_closed();
        report.pending = live.pending();
        report.unfinished_handlers = live.unfinished_handlers();
        report.unhandled_signals = live.unhandled_signals();
        Ok(())
    }

    fn assert_known(&self, workflow_type: &str) -> Result<(), Fault> {
        if let Some(duplicate) = self.workflows.duplicates().first() {
            return Err(Fault::code(duplicate));
        }
        if self.workflows.contains(workflow_type) {
            return Ok(());
        }
        let known: Vec<_> = self.workflows.names().collect();
        Err(Fault::code(format!(
            "workflow `{workflow_type}` is not known to this replayer; it has: {}",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )))
    }
}

/// The next events; none at the end.
fn next_page(events: &mut impl Iterator<Item = Result<Event, Malformed>>) -> Result<Vec<Event>, Malformed> {
    let mut page = Vec::with_capacity(PAGE);
    for event in events.take(PAGE) {
        page.push(event?);
    }
    Ok(page)
}

/// What the first event says.
fn first(events: &[Event]) -> Result<&WorkflowStarted, Fault> {
    match events.first().map(|event| &event.kind) {
        Some(EventKind::WorkflowStarted(started)) => Ok(started),
        Some(other) => {
            let problem = format!("begins with {}; a replay needs all of it, from its first event", other.name());
            Err(Malformed::new("History", problem).into())
        }
        None => Err(Malformed::new("History", "has no events").into()),
    }
}

impl ReplayFailure {
    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// Where history and code part, if that is what is wrong.
    pub fn mismatch(&self) -> Option<&Mismatch> {
        match &self.0.fault {
            Fault::Nondeterminism(mismatch) => Some(mismatch),
            _ => None,
        }
    }

    /// Which workflow it is; empty if the history does not say.
    pub fn workflow_type(&self) -> &WorkflowType {
        &self.0.workflow_type
    }

    /// Its workflow id and run id, as far as the history has them.
    pub fn execution(&self) -> &WorkflowExecution {
        &self.0.execution
    }
}

impl fmt::Display for ReplayFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { workflow_type, execution, fault } = &*self.0;
        if workflow_type.is_empty() {
            return write!(f, "the history cannot be replayed: {fault}");
        }
        write!(f, "workflow `{workflow_type}`")?;
        if !execution.workflow_id.is_empty() {
            write!(f, " (id {})", execution.workflow_id)?;
        }
        write!(f, " cannot be replayed: {fault}")
    }
}

impl fmt::Debug for ReplayFailure {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ReplayFailure {}
