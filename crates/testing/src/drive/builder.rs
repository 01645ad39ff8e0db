//! How a driven run begins.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use perpetua_contract::{SignalCall, WorkflowCall};
use perpetua_convert::{
    Arguments, CallError, ConversionError, DataConverter, MemoUpdate, SearchAttributeUpdate, SearchAttributes, Value,
};
use perpetua_vocab::{
    ContinueAsNew, EventKind, Fields, Namespace, Opaque, Payloads, RetryPolicy, RunId, TaskQueue, Timestamp,
    WorkflowExecution, WorkflowId, WorkflowStarted, WorkflowType,
};
use perpetua_workflow::implementation::WorkflowImplementation;
use perpetua_workflow::{RunSetup, Workflows};
use tokio::runtime::Handle;

use super::machine::Machine;
use super::message::signaled;
use super::writer::Writer;
use super::{Drive, DriveFault, WORKER, run_id_of};
use crate::Check;

/// When driven runs begin, unless told otherwise: 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp { seconds: 1_767_225_600, nanos: 0 };

/// Adds to the beginning what only the converter can make.
type Late = Box<dyn FnOnce(&DataConverter, &mut Beginning) -> Result<(), ConversionError>>;

/// What a run begins with.
struct Beginning {
    started: WorkflowStarted,
    /// What has happened before the first workflow task.
    events: Vec<EventKind>,
}

/// A workflow that the test will drive, being described. Made by [`drive`](super::drive()).
#[must_use = "nothing is driven until it is started"]
pub struct DriveBuilder<D> {
    beginning: Beginning,
    late: Vec<Late>,
    run_id: RunId,
    namespace: Namespace,
    time: Timestamp,
    converter: DataConverter,
    without: BTreeSet<Check>,
    definition: PhantomData<fn() -> D>,
}

impl<D: WorkflowImplementation> DriveBuilder<D> {
    pub(super) fn of_call(call: WorkflowCall<D>) -> Self {
        let (name, input) = call.into_parts();
        let workflow = Self::new(WorkflowType::new(name), None);
        workflow.later(move |converter, beginning| {
            beginning.started.input = Some(input.encode(converter.payloads())?);
            Ok(())
        })
    }

    fn new(workflow_type: WorkflowType, input: Option<Payloads>) -> Self {
        let started = WorkflowStarted {
            workflow_id: WorkflowId::new("driven"),
            workflow_type,
            task_queue: TaskQueue::new("test"),
            input,
            first_run: RunId::default(),
            original_run: RunId::default(),
            continued_run: None,
            attempt: 1,
            execution_timeout: None,
            run_timeout: None,
            task_timeout: Some(Duration::from_secs(10)),
            retry_policy: None,
            cron_schedule: String::new(),
            continued_failure: None,
            last_completion_result: None,
            memo: None,
            search_attributes: None,
            header: None,
            identity: WORKER.into(),
            rest: Opaque::default(),
        };
        Self {
            beginning: Beginning { started, events: Vec::new() },
            late: Vec::new(),
            run_id: RunId::new(run_id_of(&0_u64.to_be_bytes())),
            namespace: Namespace::new("default"),
            time: BEGINNING,
            converter: DataConverter::default(),
            without: BTreeSet::new(),
            definition: PhantomData,
        }
    }

    /// The run that continues one that was driven to its end.
    pub(super) fn continuing(setup: &RunSetup, before: &WorkflowStarted, run_id: RunId, next: ContinueAsNew) -> Self {
        let mut run = Self::new(next.workflow_type, Some(next.input));
        let started = &mut run.beginning.started;
        started.workflow_id = before.workflow_id.clone();
        started.task_queue = if next.task_queue.is_empty() { before.task_queue.clone() } else { next.task_queue };
        started.first_run = before.first_run.clone();
        started.continued_run = Some(setup.execution.run_id.clone());
        started.execution_timeout = before.execution_timeout;
        started.run_timeout = next.run_timeout.or(before.run_timeout);
        started.task_timeout = next.task_timeout.or(before.task_timeout);
        started.retry_policy = next.retry_policy;
        started.cron_schedule = before.cron_schedule.clone();
        started.last_completion_result = before.last_completion_result.clone();
        started.memo = next.memo;
        started.search_attributes = next.search_attributes;
        started.header = Some(next.header);
        run.run_id = run_id;
        run.namespace = setup.namespace.clone();
        run.converter = setup.converter.clone();
        run
    }

    /// The workflow's id; `driven` by default.
    pub fn id(mut self, id: impl Into<WorkflowId>) -> Self {
        self.beginning.started.workflow_id = id.into();
        self
    }

    /// Chooses among run ids, of which randomness is made: the same seed gives the same random numbers and ids in the
    /// workflow, another one gives others. 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.run_id = RunId::new(run_id_of(&seed.to_be_bytes()));
        self
    }

    /// When the run begins: what the workflow first sees as the present. 2026-01-01T00:00:00Z by default.
    pub fn time(mut self, time: SystemTime) -> Self {
        self.time = Timestamp::from_system_time(time);
        self
    }

    pub(super) fn timestamp(mut self, time: Timestamp) -> Self {
        self.time = time;
        self
    }

    /// The task queue of the workflow, which its activities have, too, unless told otherwise; `test` by default.
    pub fn task_queue(mut self, task_queue: impl Into<TaskQueue>) -> Self {
        self.beginning.started.task_queue = task_queue.into();
        self
    }

    /// The namespace of the workflow; `default` by default.
    pub fn namespace(mut self, namespace: impl Into<Namespace>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How values travel; by default as JSON. Codecs are async and are not used here.
    pub fn converter(mut self, converter: DataConverter) -> Self {
        self.converter = converter;
        self
    }

    /// Values of the memo that the run is started with.
    pub fn memo(self, memo: impl IntoIterator<Item = MemoUpdate>) -> Self {
        let memo: Vec<_> = memo.into_iter().collect();
        self.later(move |converter, beginning| {
            let fields = beginning.started.memo.get_or_insert_default();
            for update in memo {
                let (name, value) = update.into_field(converter.payloads())?;
                fields.insert(name, value);
            }
            Ok(())
        })
    }

    /// Search attributes that the run is started with.
    pub fn search_attributes(self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        let updates: Vec<_> = attributes.into_iter().collect();
        self.later(move |_, beginning| {
            let mut attributes = SearchAttributes::from(beginning.started.search_attributes.take().unwrap_or_default());
            attributes.apply(updates)?;
            beginning.started.search_attributes = Some(Fields::from(attributes));
            Ok(())
        })
    }

    /// Which attempt of the workflow it is, from 1, as after retries of the whole workflow.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.beginning.started.attempt = attempt.max(1);
        self
    }

    /// How the server would try the whole workflow again. The workflow sees it; nothing is tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.beginning.started.retry_policy = Some(policy);
        self
    }

    /// The longest that the run may take. The workflow sees it; nothing times out by itself.
    pub fn run_timeout(mut self, timeout: Duration) -> Self {
        self.beginning.started.run_timeout = Some(timeout);
        self
    }

    /// The longest that the run and all that follow it may take. The workflow sees it; nothing times out by itself.
    pub fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.beginning.started.execution_timeout = Some(timeout);
        self
    }

    /// The cron schedule by which the run was started. The workflow sees it; nothing follows by itself.
    pub fn cron_schedule(mut self, schedule: impl Into<String>) -> Self {
        self.beginning.started.cron_schedule = schedule.into();
        self
    }

    /// The result of the last run that had one, for a workflow that runs by a schedule.
    pub fn last_result<T: Value>(self, result: T) -> Self {
        self.later(move |converter, beginning| {
            beginning.started.last_completion_result = Some(vec![converter.payloads().encode(&result)?]);
            Ok(())
        })
    }

    /// The failure of the run before this one.
    pub fn last_failure<E: CallError>(self, error: E) -> Self {
        self.later(move |converter, beginning| {
            beginning.started.continued_failure = Some(Box::new(error.into_failure(converter)));
            Ok(())
        })
    }

    /// A signal that comes with the start: the workflow has it before its main function begins.
    pub fn signal<I: Arguments>(self, call: SignalCall<D, I>) -> Self {
        self.later(move |converter, beginning| {
            beginning.events.push(signaled(call, converter)?);
            Ok(())
        })
    }

    /// Does without a check, for a test in which what it finds is meant: [`Check::Replay`], [`Check::UnfinishedHandlers`],
    /// [`Check::UnhandledSignals`], [`Check::AbandonedWork`].
    pub fn without(mut self, check: Check) -> Self {
        self.without.insert(check);
        self
    }

    fn later(
        mut self,
        add: impl FnOnce(&DataConverter, &mut Beginning) -> Result<(), ConversionError> + 'static,
    ) -> Self {
        self.late.push(Box::new(add));
        self
    }

    /// Starts the workflow, and lets it go on until it waits.
    ///
    /// # Panics
    /// As everything that is done with a [`Drive`]; also where a tokio runtime is in reach.
    #[track_caller]
    pub fn start(self) -> Drive<D> {
        match self.try_start() {
            Ok(drive) => drive,
            Err(fault) => panic!("{fault}"),
        }
    }

    /// The same, for a test of a workflow that is wrong.
    ///
    /// # Errors
    /// When the workflow cannot go on; when a value it begins with cannot be sent; when a tokio runtime is in reach.
    pub fn try_start(self) -> Result<Drive<D>, DriveFault> {
        let Self { mut beginning, late, run_id, namespace, time, converter, without, definition: _ } = self;
        let name = beginning.started.workflow_type.clone();
        let fault = |problem: &str| DriveFault { report: format!("workflow `{name}`: {problem}") };
        if Handle::try_current().is_ok() {
            return Err(fault(
                "a tokio runtime is in reach here, which the workflow would not have on a worker: drive it in a plain \
                 `#[test]`, or on a thread of its own",
            ));
        }
        for add in late {
            add(&converter, &mut beginning).map_err(|error| fault(&format!("it cannot be started: {error}")))?;
        }
        let Beginning { mut started, events } = beginning;
        started.original_run = run_id.clone();
        if started.first_run.is_empty() {
            started.first_run = run_id.clone();
        }
        let mut workflows = Workflows::default();
        workflows.add::<D>();
        let setup = RunSetup {
            namespace,
            execution: WorkflowExecution { workflow_id: started.workflow_id.clone(), run_id },
            workflow_type: started.workflow_type.clone(),
            task_queue: started.task_queue.clone(),
            converter,
            workflows: Arc::new(workflows),
        };
        let mut writer = Writer::new(time);
        writer.add(EventKind::WorkflowStarted(Box::new(started)));
        for event in events {
            writer.add(event);
        }
        let mut machine = Machine::new(setup, writer, without);
        machine.go_on().map_err(|problem| fault(&problem))?;
        Ok(Drive::new(machine))
    }
}

impl<D> fmt::Debug for DriveBuilder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriveBuilder")
            .field("workflow_type", &self.beginning.started.workflow_type)
            .field("workflow_id", &self.beginning.started.workflow_id)
            .finish_non_exhaustive()
    }
}
