//! A world for one test.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use perpetua_client::{Client, RunWorkflow, StartWorkflow};
use perpetua_contract::{WorkflowCall, WorkflowDefinition};
use perpetua_server::Server;
use perpetua_vocab::{RunId, TaskQueue};
use perpetua_worker::{FailedWorkflowTask, RunningWorker};
use perpetua_workflow::Workflows;
use tokio::runtime::Handle;

use crate::calls::TimedCall;
use crate::golden::Keeper;
use crate::mock::AnyMock;
use crate::runs::{self, Run};
use crate::{Check, Finding, Findings, LoggedCall, TestEnvBuilder, TestEnvError, TestWorkerBuilder, checks};

/// A world for one test: a server in this process with its own clock, a client of it, and the workers that the test
/// starts.
///
/// Time skips while somebody waits for a result or a time and no worker has anything to do, so a test takes as long as its
/// code computes. Many worlds run at once and know nothing of each other.
///
/// What stands in the place of others is described first, then the worker:
///
/// ```text
/// #[perpetua::test]
/// async fn an_order_is_charged_once_it_is_approved(env: TestEnv) {
///     let charge = env.mock(charge).answer(|_account, cents| Ok(format!("paid {cents}")));
///     env.worker().workflow(Approval::run).start();
///     let handle = env.start(Approval::run(order())).await.unwrap();
///     let approval = handle.clone();
///     env.after(days(2), async move { approval.approve("bob".into()).await });
///     assert_eq!(handle.result().await.unwrap().approved_by, "bob"); // two days pass at once
///     charge.assert_called_with(("ann".into(), 4_200));
/// }
/// ```
///
/// `#[perpetua::test]` makes one, and [finishes](Self::finish) it when the test is over.
#[derive(Clone)]
pub struct TestEnv {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// None where the server is elsewhere.
    pub(crate) server: Option<Server>,
    pub(crate) client: Client,
    /// What looks at the world from outside of the test.
    pub(crate) observer: Client,
    pub(crate) task_queue: TaskQueue,
    pub(crate) skips: bool,
    pub(crate) time_limit: Duration,
    /// What becomes of the histories of its runs, if anything does.
    pub(crate) keeper: OnceLock<Keeper>,
    without: BTreeSet<Check>,
    /// What stops and cancels runs on behalf of others.
    pub(crate) runtime: Handle,
    workers: Mutex<Vec<Arc<tokio::sync::Mutex<Option<RunningWorker>>>>>,
    registries: Mutex<Vec<Arc<Workflows>>>,
    findings: Mutex<Vec<Finding>>,
    /// The runs whose task has failed.
    failed: Mutex<BTreeSet<RunId>>,
    is_finished: AtomicBool,
    /// What stands in the place of activities and workflows.
    pub(crate) mocks: Mutex<Vec<Arc<dyn AnyMock>>>,
    /// The calls of mocks.
    pub(crate) calls: Mutex<Vec<LoggedCall>>,
    /// What is to be done at its time.
    pub(crate) timed: Mutex<Vec<TimedCall>>,
}

impl TestEnv {
    /// A world whose time skips, with all checks. It needs a tokio runtime.
    ///
    /// # Errors
    /// When its server cannot be made.
    pub async fn start_new() -> Result<Self, TestEnvError> {
        Self::builder().start().await
    }

    /// A world that is being described.
    pub fn builder() -> TestEnvBuilder {
        TestEnvBuilder::default()
    }

    /// The client of the world, the one of production. What it starts goes to the world's [task queue](Self::task_queue)
    /// unless it is told otherwise.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The server of the world; none where it is elsewhere.
    pub fn server(&self) -> Option<&Server> {
        self.inner.server.as_ref()
    }

    /// The task queue of the world's workers and of what its client starts.
    pub fn task_queue(&self) -> &TaskQueue {
        &self.inner.task_queue
    }

    /// Starts a workflow when it is awaited: `env.client().start(call)`.
    pub fn start<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> StartWorkflow<D> {
        self.client().start(call)
    }

    /// Runs a workflow to its result when it is awaited: `env.client().run(call)`.
    pub fn run<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> RunWorkflow<D> {
        self.client().run(call)
    }

    /// A worker of the world's task queue, to be given what it can do. Started, it works until the world is finished.
    pub fn worker(&self) -> TestWorkerBuilder {
        TestWorkerBuilder::new(self)
    }

    /// What was found so far.
    pub fn findings(&self) -> Vec<Finding> {
        self.inner.findings().clone()
    }

    /// Takes note of what was found, so that it does not fail the test: for tests of what a check finds.
    pub fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut *self.inner.findings())
    }

    /// Ends the world: stops its workers, and checks the histories of all its runs. `#[perpetua::test]` does it when the test
    /// has not done it. A world that is finished already has nothing more to say.
    ///
    /// # Errors
    /// What was found.
    pub async fn finish(self) -> Result<(), Findings> {
        if self.inner.is_finished.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.inner.end_timed_calls().await;
        self.inner.stop_workers().await;
        for problem in self.inner.unmet_mocks() {
            self.inner.add(Finding::new(Check::Mocks, problem));
        }
        let mut runs = Vec::new();
        for run in runs::all(&self.inner).await {
            match run {
                Ok(run) => {
                    self.inner.check(&run);
                    runs.push(run);
                }
                Err(problem) => self.inner.add(Finding::new(Check::Replay, problem)),
            }
        }
        self.inner.keep_histories(&runs);
        if let Some(server) = &self.inner.server {
            server.shutdown().await;
        }
        Findings::new(self.take_findings())
    }
}

impl Inner {
    /// Records histories or checks them, if that is wanted and nothing else is wrong.
    fn keep_histories(&self, runs: &[Run]) {
        let Some(keeper) = self.keeper.get().filter(|_| self.findings().is_empty()) else { return };
        // What a mock has done is not what the workflow does.
        let registries = |workflow: &str| if self.is_mocked(workflow) { Vec::new() } else { self.registries(workflow) };
        for (run, problem) in keeper.keep(runs, registries, self.client.converter()) {
            let finding = Finding::new(Check::Histories, problem);
            self.add(match run {
                Some(run) => finding.of(run.workflow_type(), &run.execution),
                None => finding,
            });
        }
    }

    /// The time of the world.
    pub(crate) fn now(&self) -> SystemTime {
        self.server.as_ref().map_or_else(SystemTime::now, Server::now)
    }

    pub(crate) fn new(
        server: Option<Server>,
        client: Client,
        observer: Client,
        task_queue: TaskQueue,
        skips: bool,
        without: BTreeSet<Check>,
        time_limit: Duration,
    ) -> Self {
        Self {
            server,
            client,
            observer,
            task_queue,
            skips,
            time_limit,
            keeper: OnceLock::new(),
            without,
            runtime: Handle::current(),
            workers: Mutex::default(),
            registries: Mutex::default(),
            findings: Mutex::default(),
            failed: Mutex::default(),
            is_finished: AtomicBool::new(false),
            mocks: Mutex::default(),
            calls: Mutex::default(),
            timed: Mutex::default(),
        }
    }

    /// Whether this is looked at.
    pub(crate) fn checks(&self, check: Check) -> bool {
        !self.without.contains(&check)
    }

    pub(crate) fn findings(&self) -> MutexGuard<'_, Vec<Finding>> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, finding: Finding) {
        let mut findings = self.findings();
        if self.checks(finding.check) && !findings.contains(&finding) {
            findings.push(finding);
        }
    }

    /// Keeps a worker until the world is finished.
    pub(crate) fn keep(&self, worker: RunningWorker) -> Arc<tokio::sync::Mutex<Option<RunningWorker>>> {
        let worker = Arc::new(tokio::sync::Mutex::new(Some(worker)));
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&worker));
        worker
    }

    async fn stop_workers(&self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if let Some(worker) = worker.lock().await.take() {
                // What a worker says when it stops was said to whoever waited for its work.
                let _ = worker.shutdown().await;
            }
        }
    }

    /// Remembers what a worker can run.
    pub(crate) fn learn(&self, workflows: &Arc<Workflows>) {
        self.registries.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(workflows));
    }

    /// The workflows of every worker that could run this type, the latest first.
    pub(crate) fn registries(&self, workflow_type: &str) -> Vec<Arc<Workflows>> {
        let all = self.registries.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().filter(|workflows| workflows.contains(workflow_type)).cloned().collect()
    }

    /// A workflow task has failed: whoever waits for the run hears it at once.
    pub(crate) fn task_failed(self: &Arc<Self>, failed: &FailedWorkflowTask) {
        if failed.only_query || !self.checks(Check::FailedTasks) {
            return;
        }
        // Until the run is terminated its task may be tried again, and fail again in other words.
        if !self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(failed.execution.run_id.clone()) {
            return;
        }
        let finding = Finding::new(Check::FailedTasks, failed.message.clone());
        self.add(finding.of(&failed.workflow_type, &failed.execution));
        let (inner, failed) = (Arc::clone(self), failed.clone());
        self.runtime.spawn(async move {
            let reason = format!("a workflow task failed: {}", failed.message);
            runs::terminate(&inner, &failed.execution, &reason).await;
        });
    }

    fn check(&self, run: &Run) {
        let registries = self.registries(run.workflow_type().as_str());
        for finding in checks::all(run, &registries, self.client.converter(), |check| self.checks(check)) {
            self.add(finding);
        }
    }
}

impl fmt::Debug for TestEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestEnv").field("task_queue", &self.inner.task_queue).finish_non_exhaustive()
    }
}
