//! A worker: pollers, what they hand their tasks to, and an orderly end.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use perpetua_client::Client;
use perpetua_convert::BoxFuture;
use perpetua_proto::enums::TaskQueueType;
use perpetua_vocab::TaskQueue;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::activity::ActivityDesk;
use crate::calls::{Calls, NamespaceFacts};
use crate::eager::EagerActivities;
use crate::poll::{Place, Source, hopeless, poll};
use crate::running::RunningWorker;
use crate::shutdown::{Shutdown, ShutdownHandle};
use crate::slots::Slots;
use crate::workflow::WorkflowDesk;
use crate::{BuildError, WorkerBuilder, WorkerError};

/// How long polls that the server promised to answer are waited for.
const LAST_POLLS: Duration = Duration::from_secs(5);

/// Takes tasks from a queue and does them: workflows and activities.
///
/// ```
/// use perpetua_client::Client;
/// use perpetua_worker::{ActivitySet, Worker};
///
/// async fn serve(client: Client, bank: impl ActivitySet) -> Result<(), Box<dyn std::error::Error>> {
///     let worker = Worker::builder(&client, "payments").activities(bank).spawn()?;
///     tokio::signal::ctrl_c().await?;
///     worker.shutdown().await?;
///     Ok(())
/// }
/// ```
///
/// [`run`](Self::run) is a future, for those who have a task to spare; [`spawn`](Self::spawn) is for those who have not.
/// Dropping either ends everything at once, without the courtesies of a shutdown.
#[must_use = "a worker does nothing until it is run or spawned"]
pub struct Worker {
    pub(crate) calls: Calls,
    pub(crate) shutdown: Shutdown,
    pub(crate) graceful: Duration,
    pub(crate) workflows: Option<Polled<WorkflowDesk>>,
    pub(crate) activities: Option<Polled<ActivityDesk>>,
    pub(crate) eager: Option<Arc<EagerActivities>>,
}

/// Something to be polled, by how many, for how many tasks at once.
pub(crate) struct Polled<S> {
    pub(crate) source: Arc<S>,
    pub(crate) pollers: usize,
    pub(crate) slots: Slots,
}

impl Worker {
    /// A worker of one task queue, to be given what it can do.
    pub fn builder(client: &Client, task_queue: impl Into<TaskQueue>) -> WorkerBuilder {
        WorkerBuilder::new(client.clone(), task_queue.into())
    }

    /// Ends the worker from elsewhere.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle::new(self.shutdown.clone())
    }

    /// Runs the worker on a task of its own.
    ///
    /// # Errors
    /// When there is no tokio runtime here.
    pub fn spawn(self) -> Result<RunningWorker, BuildError> {
        RunningWorker::spawn(self)
    }

    /// Works until it is told to shut down, and everything in hand is done.
    ///
    /// # Errors
    /// When the server will never give this worker a task: the namespace does not exist, or the worker may not poll.
    pub async fn run(self) -> Result<(), WorkerError> {
        self.working().await
    }

    /// Works, as a future that is compiled here: others would compile everything in it anew.
    #[inline(never)]
    fn working(self) -> BoxFuture<'static, Result<(), WorkerError>> {
        Box::pin(self.work())
    }

    async fn work(self) -> Result<(), WorkerError> {
        let facts = Arc::new(OnceLock::new());
        let mut asking = JoinSet::new();
        asking.spawn(ask(self.calls.clone(), self.place(), self.shutdown.clone(), Arc::clone(&facts)));
        let mut workflow_pollers = self.start(self.workflows.as_ref());
        let mut activity_pollers = self.start(self.activities.as_ref());
        tracing::info!(task_queue = %self.calls.task_queue(), "the worker polls");
        self.shutdown.draining().await;
        tracing::info!(task_queue = %self.calls.task_queue(), "the worker shuts down");
        tokio::join!(
            self.silence(facts.get().copied().unwrap_or_default()),
            self.finish(&mut workflow_pollers, &mut activity_pollers),
        );
        tracing::info!(task_queue = %self.calls.task_queue(), "the worker has ended");
        self.shutdown.verdict()
    }

    fn start<S: Source>(&self, polled: Option<&Polled<S>>) -> JoinSet<()> {
        let mut pollers = JoinSet::new();
        if let Some(Polled { source, pollers: count, slots }) = polled {
            for _ in 0..*count {
                pollers.spawn(poll(Arc::clone(source), slots.clone(), self.shutdown.clone(), self.place()));
            }
        }
        pollers
    }

    /// Tells the server that we go, and gives up the polls that it does not answer.
    async fn silence(&self, facts: NamespaceFacts) {
        let mut kinds = Vec::new();
        kinds.extend(self.workflows.as_ref().map(|_| TaskQueueType::Workflow));
        kinds.extend(self.activities.as_ref().map(|_| TaskQueueType::Activity));
        let sticky = self.workflows.as_ref().is_some_and(|polled| polled.source.queues.has_sticky());
        let last_polls = match self.calls.shutdown_worker(sticky, kinds).await {
            // The polls come back by themselves; were they given up, a task could be lost on its way.
            Ok(()) if facts.completes_polls_on_shutdown => LAST_POLLS,
            Ok(()) => Duration::ZERO,
            Err(error) => {
                tracing::debug!(%error, "the server does not know that the worker shuts down");
                Duration::ZERO
            }
        };
        self.shutdown.deafen(last_polls);
    }

    /// Waits for what is in hand. Gives activities their time, then cancels them, then gives them a little more.
    async fn finish(&self, workflow_pollers: &mut JoinSet<()>, activity_pollers: &mut JoinSet<()>) {
        let mut finished = pin!(async {
            tokio::join!(finish(workflow_pollers), finish(activity_pollers));
            // Only workflow tasks bring more of them.
            if let Some(eager) = &self.eager {
                eager.finish().await;
            }
            if let Some(workflows) = &self.workflows {
                workflows.source.local.finish().await;
            }
        });
        if timeout(self.graceful, &mut finished).await.is_err() {
            self.shutdown.cancel();
            finished.await;
        }
    }

    fn place(&self) -> Place {
        Place { namespace: self.calls.client().namespace().clone(), task_queue: self.calls.task_queue().clone() }
    }
}

/// Asks for the facts of the namespace, once. That it does not exist is said by the polls as well, but maybe later.
async fn ask(calls: Calls, place: Place, shutdown: Shutdown, facts: Arc<OnceLock<NamespaceFacts>>) {
    match calls.describe_namespace().await {
        Ok(known) => _ = facts.set(known),
        Err(error) if error.is_not_found() => shutdown.fail(hopeless(error, "any task", &place)),
        Err(error) => tracing::debug!(%error, "nothing is known of the namespace"),
    }
}

/// Waits until all pollers have ended, with everything they had in hand.
async fn finish(pollers: &mut JoinSet<()>) {
    while let Some(ended) = pollers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "the worker is broken: a poller panicked; please report it");
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("task_queue", self.calls.task_queue())
            .field("workflows", &self.workflows.as_ref().map(|polled| &polled.source.workflows))
            .field("activities", &self.activities.as_ref().map(|polled| &polled.source.activities))
            .finish_non_exhaustive()
    }
}
