//! What a workflow can know of itself.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use perpetua_core::Turn;
use perpetua_vocab::{
    ContinueAsNewReason, EventId, EventKind, Failure, Header, Namespace, ParentWorkflow, Payload, Payloads, Priority,
    RetryPolicy, RunId, TaskQueue, Timestamp, UpdateId, UpdateName, Weigh, WorkerDeploymentVersion, WorkflowExecution,
    WorkflowStarted, WorkflowType,
};

/// What a workflow can know of itself. The same on every replay.
///
/// It is a copy: what changes from task to task, such as the length of the history, is asked for anew with
/// [`Ctx::info`](crate::Ctx::info). Between two tasks nothing changes, so a query sees what the last task saw.
#[derive(Clone, Debug)]
pub struct WorkflowInfo {
    /// What does not change while the run lasts.
    given: Arc<Given>,
    pub(crate) now: SystemTime,
    history_length: u64,
    history_size: u64,
    suggests_continue_as_new: bool,
    continue_as_new_reasons: Arc<[ContinueAsNewReason]>,
    target_version_changed: bool,
    deployment_version: Option<WorkerDeploymentVersion>,
}

#[derive(Clone, Debug)]
struct Given {
    namespace: Namespace,
    execution: WorkflowExecution,
    workflow_type: WorkflowType,
    task_queue: TaskQueue,
    attempt: u32,
    /// None if it is the run itself; so below.
    first_run: Option<RunId>,
    original_run: Option<RunId>,
    /// Whether the run is the top of its tree.
    is_root: bool,
    task_timeout: Option<Duration>,
    started: SystemTime,
    first_task_started: SystemTime,
    /// None if there is nothing of it.
    rare: Option<Box<Rare>>,
}

/// What most runs have not been given.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rare {
    continued_run: Option<RunId>,
    parent: Option<ParentWorkflow>,
    root: Option<WorkflowExecution>,
    cron_schedule: String,
    first_task_backoff: Option<Duration>,
    execution_timeout: Option<Duration>,
    run_timeout: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    priority: Priority,
    header: Header,
    last_result: Option<Payloads>,
    last_failure: Option<Box<Failure>>,
}

/// What those have who were given nothing of it.
static NOTHING_RARE: LazyLock<Rare> = LazyLock::new(Rare::default);

/// What the handler of an update can know of the update.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateInfo {
    /// Its id, which the sender chose or was given.
    pub id: UpdateId,
    /// Its name.
    pub name: UpdateName,
}

impl WorkflowInfo {
    pub(crate) fn new(
        namespace: Namespace,
        execution: WorkflowExecution,
        workflow_type: WorkflowType,
        task_queue: TaskQueue,
    ) -> Self {
        let given = Given {
            namespace,
            execution,
            workflow_type,
            task_queue,
            attempt: 1,
            first_run: None,
            original_run: None,
            is_root: false,
            task_timeout: None,
            started: SystemTime::UNIX_EPOCH,
            first_task_started: SystemTime::UNIX_EPOCH,
            rare: None,
        };
        Self {
            given: Arc::new(given),
            now: SystemTime::UNIX_EPOCH,
            history_length: 0,
            history_size: 0,
            suggests_continue_as_new: false,
            continue_as_new_reasons: Arc::default(),
            target_version_changed: false,
            deployment_version: None,
        }
    }

    /// Takes what the first event says.
    pub(crate) fn learn(&mut self, event: &WorkflowStarted) {
        let given = Arc::make_mut(&mut self.given);
        if !event.task_queue.is_empty() {
            given.task_queue = event.task_queue.clone();
        }
        given.attempt = event.attempt.max(1);
        let own = given.execution.run_id.clone();
        let unless_own = |run: &RunId| Some(run.clone()).filter(|run| *run != own);
        given.first_run = unless_own(&event.first_run);
        if !event.original_run.is_empty() {
            given.original_run = unless_own(&event.original_run);
        }
        // On the wire zero means "none".
        let unless_zero = |time: Option<Duration>| time.filter(|time| !time.is_zero());
        given.task_timeout = unless_zero(event.task_timeout);
        let (parent, root) = (event.parent(), event.root());
        // A workflow without a parent is the top of its own tree, whether the server says so or not.
        given.is_root = root.as_ref().map_or(parent.is_none(), |root| *root == given.execution);
        let mut rare = Rare {
            continued_run: event.continued_run.clone(),
            parent,
            root: root.filter(|root| *root != given.execution),
            cron_schedule: event.cron_schedule.clone(),
            first_task_backoff: unless_zero(event.first_task_backoff()),
            execution_timeout: unless_zero(event.execution_timeout),
            run_timeout: unless_zero(event.run_timeout),
            retry_policy: event.retry_policy.clone(),
            priority: event.priority().unwrap_or_default(),
            header: event.header.clone().unwrap_or_default(),
            last_result: event.last_completion_result.clone(),
            last_failure: event.continued_failure.clone(),
        };
        rare.header.values_mut().chain(rare.last_result.iter_mut().flatten()).for_each(Payload::detach);
        given.rare = Some(rare).filter(|rare| *rare != *NOTHING_RARE).map(Box::new);
    }

    /// About how many bytes of memory it takes beyond its own size.
    pub(crate) fn weight(&self) -> usize {
        let rare = self.given.rare.as_ref().map_or(0, |rare| {
            size_of::<Rare>() + rare.header.weight() + rare.last_result.weight() + rare.last_failure.weight()
        });
        size_of::<Given>() + rare
    }

    /// The present is later now than when the turn began.
    pub(crate) fn learn_time(&mut self, now: Timestamp) {
        self.now = now.to_system_time();
    }

    pub(crate) fn learn_turn(&mut self, turn: &Turn) {
        self.now = turn.time.to_system_time();
        if let Some(first) = turn.inputs.first().filter(|first| matches!(first.kind, EventKind::WorkflowStarted(_))) {
            let given = Arc::make_mut(&mut self.given);
            given.started = first.time.to_system_time();
            given.first_task_started = self.now;
        }
        self.history_length = EventId::get(turn.started);
        self.history_size = turn.history_size;
        self.suggests_continue_as_new = turn.suggest_continue_as_new;
        if *self.continue_as_new_reasons != *turn.continue_as_new_reasons {
            self.continue_as_new_reasons = turn.continue_as_new_reasons.as_slice().into();
        }
        self.target_version_changed = turn.target_version_changed;
        self.deployment_version = turn.deployment_version.clone();
    }

    /// The namespace it runs in.
    pub fn namespace(&self) -> &Namespace {
        &self.given.namespace
    }

    /// Its workflow id and run id.
    pub fn execution(&self) -> &WorkflowExecution {
        &self.given.execution
    }

    /// The name it is registered under.
    pub fn workflow_type(&self) -> &WorkflowType {
        &self.given.workflow_type
    }

    /// The queue its tasks go to; activities go to the same, if not told otherwise.
    pub fn task_queue(&self) -> &TaskQueue {
        &self.given.task_queue
    }

    /// Which attempt of the workflow this run is, from 1.
    pub fn attempt(&self) -> u32 {
        self.given.attempt
    }

    /// The first run of the chain made by retries, cron and continue-as-new.
    pub fn first_run(&self) -> &RunId {
        self.given.first_run.as_ref().unwrap_or(&self.given.execution.run_id)
    }

    /// The run id that this run was made with. It differs from its own id after a reset, and is what randomness and ids
    /// of things that must outlive a reset are made from.
    pub fn original_run(&self) -> &RunId {
        self.given.original_run.as_ref().unwrap_or(&self.given.execution.run_id)
    }

    /// The run before this one in the chain.
    pub fn continued_run(&self) -> Option<&RunId> {
        self.rare().continued_run.as_ref()
    }

    /// The workflow that started this one as its child.
    pub fn parent(&self) -> Option<&ParentWorkflow> {
        self.rare().parent.as_ref()
    }

    /// The workflow at the top of the tree of parents: this one itself where it has no parent. None where there is a
    /// parent and the server is too old to say.
    pub fn root(&self) -> Option<&WorkflowExecution> {
        if self.given.is_root { Some(&self.given.execution) } else { self.rare().root.as_ref() }
    }

    /// The cron expression; empty for none.
    pub fn cron_schedule(&self) -> &str {
        &self.rare().cron_schedule
    }

    /// How long the first workflow task waited, because of a start delay, the back-off of a retry, or a cron schedule. A
    /// delay that a signal cut short is shown as it was planned.
    pub fn first_task_backoff(&self) -> Option<Duration> {
        self.rare().first_task_backoff
    }

    /// The longest this and all following runs may take.
    pub fn execution_timeout(&self) -> Option<Duration> {
        self.rare().execution_timeout
    }

    /// The longest this run may take.
    pub fn run_timeout(&self) -> Option<Duration> {
        self.rare().run_timeout
    }

    /// The longest one workflow task may take.
    pub fn task_timeout(&self) -> Option<Duration> {
        self.given.task_timeout
    }

    /// How failures of the workflow are tried again.
    pub fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.rare().retry_policy.as_ref()
    }

    /// Who goes first when the queue has a backlog, as it was given at the start. Activities and children have the same,
    /// if not told otherwise.
    pub fn priority(&self) -> &Priority {
        &self.rare().priority
    }

    /// Context handed along by interceptors of whoever started the workflow, undecoded.
    pub fn header(&self) -> &Header {
        &self.rare().header
    }

    /// When the run began: when it was asked for, before any delay.
    pub fn started(&self) -> SystemTime {
        self.given.started
    }

    /// When the first workflow task of the run started: the first [`Ctx::now`](crate::Ctx::now).
    pub fn first_task_started(&self) -> SystemTime {
        self.given.first_task_started
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

    /// Why the server would like the workflow to continue as new; nothing where it does not, or where it is too old to say.
    pub fn continue_as_new_reasons(&self) -> &[ContinueAsNewReason] {
        &self.continue_as_new_reasons
    }

    /// Whether the version of the deployment that the workflow should move to has become another one.
    pub fn target_version_changed(&self) -> bool {
        self.target_version_changed
    }

    /// The deployment and the build of the worker that answered the current task, or is about to; none if it has none. It
    /// may change from task to task.
    pub fn deployment_version(&self) -> Option<&WorkerDeploymentVersion> {
        self.deployment_version.as_ref()
    }

    fn rare(&self) -> &Rare {
        self.given.rare.as_deref().unwrap_or(&NOTHING_RARE)
    }

    pub(crate) fn last_result(&self) -> Option<&Payloads> {
        self.rare().last_result.as_ref()
    }

    pub(crate) fn last_failure(&self) -> Option<&Failure> {
        self.rare().last_failure.as_deref()
    }
}
