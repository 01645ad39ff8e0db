//! Workers of a test.

use std::fmt;
use std::sync::Arc;

use perpetua_client::Client;
use perpetua_contract::{ActivityDefinition, ActivityStub, WorkflowDefinition, WorkflowStub};
use perpetua_vocab::TaskQueue;
use perpetua_worker::{ActivityImplementation, ActivitySet, BuildError, RunningWorker, Worker, WorkerBuilder};
use perpetua_workflow::implementation::WorkflowImplementation;

use crate::{MockFunction, TestEnv};

/// A worker of a test that is being described. Made by [`TestEnv::worker`].
#[must_use = "a worker does nothing until it is started"]
pub struct TestWorkerBuilder {
    env: TestEnv,
    worker: WorkerBuilder,
}

/// A worker of a test. It works until the test is over, whether this is kept or not.
#[derive(Clone)]
pub struct TestWorker {
    running: Arc<tokio::sync::Mutex<Option<RunningWorker>>>,
}

impl TestWorkerBuilder {
    pub(crate) fn new(env: &TestEnv) -> Self {
        Self::with_client(env, env.client())
    }

    /// A worker that has a client of its own.
    pub(crate) fn with_client(env: &TestEnv, client: &Client) -> Self {
        Self { env: env.clone(), worker: builder(env, client, env.task_queue().clone()) }
    }

    /// Can run this workflow: `.workflow(greeting)`, or `.workflow(Approval::run)`.
    pub fn workflow<A, S>(mut self, stub: S) -> Self
    where
        S: WorkflowStub<A, Definition: WorkflowImplementation>,
    {
        self.worker = self.worker.workflow(stub);
        self
    }

    /// Can run this activity: `.activity(greet)`.
    pub fn activity<A, S>(mut self, stub: S) -> Self
    where
        S: ActivityStub<A, Definition: ActivityImplementation>,
    {
        self.worker = self.worker.activity(stub);
        self
    }

    /// Can run the activities that are methods of this value: `.activities(Bank::new(pool))`.
    pub fn activities<S: ActivitySet>(mut self, set: S) -> Self {
        self.worker = self.worker.activities(set);
        self
    }

    /// Answers for this activity with what a closure returns: `.mock(Bank::withdraw, |account: String, cents: u64| Ok(..))`.
    /// Short for [`TestEnv::mock`] with one answer to all calls.
    ///
    /// # Panics
    /// When something else of this name is mocked, with other arguments.
    #[track_caller]
    pub fn mock<A, S, F>(self, stub: S, answer: F) -> Self
    where
        S: ActivityStub<A>,
        F: MockFunction<Input<S, A>, Output<S, A>, Error<S, A>>,
    {
        self.env.mock(stub).answer_by(answer);
        self
    }

    /// Answers for this workflow with what a closure returns: `.mock_workflow(Payment::run, |card: Card| Ok(..))`. Short for
    /// [`TestEnv::mock_workflow`] with one answer to all calls.
    ///
    /// # Panics
    /// When something else of this name is mocked, with other arguments.
    #[track_caller]
    pub fn mock_workflow<A, S, F>(self, stub: S, answer: F) -> Self
    where
        S: WorkflowStub<A>,
        F: MockFunction<
                <S::Definition as WorkflowDefinition>::Input,
                <S::Definition as WorkflowDefinition>::Output,
                <S::Definition as WorkflowDefinition>::Error,
            >,
    {
        self.env.mock_workflow(stub).answer_by(answer);
        self
    }

    /// Changes anything else that a worker can be told: `.options(|worker| worker.max_cached_workflows(0))`.
    pub fn options(mut self, change: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        self.worker = change(self.worker);
        self
    }

    /// Makes it without setting it to work.
    pub(crate) fn build(self) -> Result<Worker, BuildError> {
        self.env.inner.with_mocks(self.worker).build()
    }

    /// Sets it to work.
    ///
    /// # Panics
    /// When nothing is registered, a name is registered twice, or there is no tokio runtime here.
    #[track_caller]
    pub fn start(self) -> TestWorker {
        match self.env.inner.with_mocks(self.worker).spawn() {
            Ok(running) => TestWorker { running: self.env.inner.keep(running) },
            Err(error) => panic!("the worker of the test cannot be made: {error}"),
        }
    }
}

type Input<S, A> = <<S as ActivityStub<A>>::Definition as ActivityDefinition>::Input;
type Output<S, A> = <<S as ActivityStub<A>>::Definition as ActivityDefinition>::Output;
type Error<S, A> = <<S as ActivityStub<A>>::Definition as ActivityDefinition>::Error;

/// A worker of a queue whose doings the world follows.
pub(crate) fn builder(env: &TestEnv, client: &Client, task_queue: TaskQueue) -> WorkerBuilder {
    let (learning, failing) = (Arc::downgrade(&env.inner), Arc::downgrade(&env.inner));
    // One thread runs workflow code: a machine has many tests to run.
    Worker::builder(client, task_queue)
        .lanes(1)
        .workflow_pollers(2)
        .activity_pollers(2)
        .on_build(move |workflows| {
            if let Some(world) = learning.upgrade() {
                world.learn(workflows);
            }
        })
        .on_workflow_task_failed(move |failed| {
            if let Some(world) = failing.upgrade() {
                world.task_failed(failed);
            }
        })
}

impl TestWorker {
    /// Stops it, as it would stop in production: it takes nothing new, and hands back what it has not begun. Nothing
    /// happens when it has stopped already.
    pub async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            // It has told whoever waited for its work.
            let _ = running.shutdown().await;
        }
    }
}

impl fmt::Debug for TestWorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestWorkerBuilder").field(&self.worker).finish()
    }
}

impl fmt::Debug for TestWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestWorker").finish_non_exhaustive()
    }
}
