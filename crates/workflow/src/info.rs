//! What a workflow can know of itself.

use std::time::{Duration, SystemTime};

use perpetua_core::Turn;
use perpetua_vocab::{
    EventId, EventKind, Namespace, RetryPolicy, RunId, TaskQueue, WorkflowExecution, WorkflowStarted, WorkflowType,
};

/// What a workflow can know of itself. The same on every replay.
#[derive(Clone, Debug)]
pub struct WorkflowInfo {
    pub(crate) namespace: Namespace,
    pub(crate) execution: WorkflowExecution,
    pub(crate) workflow_type: WorkflowType,
    pub(crate) task_queue: TaskQueue,
    pub(crate) attempt: u32,
    pub(crate) first_run: RunId,
    pub(crate) continued_run: Option<RunId>,
    pub(crate) cron_schedule: String,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) retry_policy: Option<RetryPolicy>,
    pub(crate) started: SystemTime,
    pub(crate) now: SystemTime,
    pub(crate) history_length: u64,
    pub(crate) history_size: u64,
    pub(crate) suggests_continue_as_new: bool,
}

impl WorkflowInfo {
    pub(crate) fn new(
        namespace: Namespace,
        execution: WorkflowExecution,
        workflow_type: WorkflowType,
        task_queue: TaskQueue,
    ) -> Self {
        Self {
            namespace,
            first_run: execution.run_id.clone(),
            execution,
            workflow_type,
            task_queue,
            attempt: 1,
            continued_run: None,
            cron_schedule: String::new(),
            execution_timeout: None,
            run_timeout: None,
            task_timeout: None,
            retry_policy: None,
            started: SystemTime::UNIX_EPOCH,
            now: SystemTime::UNIX_EPOCH,
            history_length: 0,
            history_size: 0,
            suggests_continue_as_new: false,
        }
    }

    /// Takes what the first event says.
    pub(crate) fn learn(&mut self, started: &WorkflowStarted) {
        if !started.task_queue.is_empty() {
            self.task_queue = started.task_queue.clone();
        }
        self.attempt = started.attempt.max(1);
        self.first_run = started.first_run.clone();
        self.continued_run = started.continued_run.clone();
        self.cron_schedule = started.cron_schedule.clone();
        self.execution_timeout = started.execution_timeout;
        self.run_timeout = started.run_timeout;
        self.task_timeout = started.task_timeout;
        self.retry_policy = started.retry_policy.clone();
    }

    pub(crate) fn learn_turn(&mut self, turn: &Turn) {
        if let Some(first) = turn.inputs.first().filter(|first| matches!(first.kind, EventKind::WorkflowStarted(_))) {
            self.started = first.time.to_system_time();
        }
        self.now = turn.time.to_system_time();
        self.history_length = EventId::get(turn.started);
        self.history_size = turn.history_size;
        self.suggests_continue_as_new = turn.suggest_continue_as_new;
    }

    /// The namespace it runs in.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Its workflow id and run id.
    pub fn execution(&self) -> &WorkflowExecution {
        &self.execution
    }

    /// The name it is registered under.
    pub fn workflow_type(&self) -> &WorkflowType {
        &self.workflow_type
    }

    /// The queue its tasks go to; activities go to the same, if not told otherwise.
    pub fn task_queue(&self) -> &TaskQueue {
        &self.task_queue
    }

    /// Which attempt of the workflow this run is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The first run of the chain made by retries, cron and continue-as-new.
    pub fn first_run(&self) -> &RunId {
        &self.first_run
    }

    /// The run before this one in the chain.
    pub fn continued_run(&self) -> Option<&RunId> {
        self.continued_run.as_ref()
    }

    /// The cron expression; empty for none.
    pub fn cron_schedule(&self) -> &str {
        &self.cron_schedule
    }

    /// The longest this and all following runs may take.
    pub fn execution_timeout(&self) -> Option<Duration> {
        self.execution_timeout
    }

    /// The longest this run may take.
    pub fn run_timeout(&self) -> Option<Duration> {
        self.run_timeout
    }

    /// The longest one workflow task may take.
    pub fn task_timeout(&self) -> Option<Duration> {
        self.task_timeout
    }

    /// How failures of the workflow are tried again.
    pub fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.retry_policy.as_ref()
    }

    /// When the run began.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// How many events the history has at the present.
    pub fn history_length(&self) -> u64 {
        self.history_length
    }

    /// The size of the history at the present, in bytes.
    pub fn history_size(&self) -> u64 {
        self.history_size
    }

    /// Whether the server would like the workflow to continue as new, because its history has grown long.
    pub fn suggests_continue_as_new(&self) -> bool {
        self.suggests_continue_as_new
    }
}
