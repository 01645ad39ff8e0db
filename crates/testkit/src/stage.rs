//! Scenarios that are played twice: with the cache, and with eviction after every turn; and replayed in every way in which
//! their histories can be cut into pages.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use perpetua_client::Client;
use perpetua_contract::NamedWorkflow;
use perpetua_vocab::{Event, TaskQueue, WorkflowId};
use perpetua_worker::{Worker, WorkerBuilder};
use uuid::Uuid;

use crate::commands::commands;
use crate::evidence::{Registries, replay_all, runs};
use crate::pages::MANY_CUTS;
use crate::{connect_or_start, record};

/// What a scenario returns.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Where a scenario is played: a client, a task queue of its own, and workers that cache or do not.
#[derive(Debug)]
pub struct Stage {
    client: Client,
    task_queue: TaskQueue,
    cached: bool,
    /// The workflows of the scenario, by the name it has for them.
    workflows: RefCell<BTreeMap<String, WorkflowId>>,
    compared: Cell<Compared>,
    /// What the stage's workers could run.
    registries: Registries,
}

/// What of the two plays must be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// Commands and their values.
    Everything,
    /// The kinds and names of commands.
    Kinds,
    /// Nothing.
    Nothing,
}

/// How many places a history is cut at, where nothing is compared and there are many of them.
const FEW_CUTS: usize = 8;

/// Plays a scenario twice against the real server: with the cache, and with eviction after every turn. Each workflow
/// whose id came from [`Stage::id`] must give the same commands both times. Afterwards the histories of these workflows, of
/// the runs before and of their children are read without loss, and replayed with the workflows of the stage's workers:
/// whole, cut in two at every place, and event by event.
///
/// # Errors
/// The scenario's own, that the commands differ, or that a history cannot be replayed.
pub async fn both_ways(scenario: impl AsyncFn(&Stage) -> Outcome) -> Outcome {
    let cached = play(true, &scenario).await.map_err(|error| format!("with the cache: {error}"))?;
    let evicted = play(false, &scenario).await.map_err(|error| format!("evicted after every turn: {error}"))?;
    for (name, commands) in &cached {
        let others = evicted.get(name).map(String::as_str).unwrap_or_default();
        if commands != others {
            return Err(format!("the commands of `{name}` differ\ncached:\n{commands}\nevicted:\n{others}").into());
        }
    }
    Ok(())
}

/// Plays a scenario once; the commands of its workflows, by name.
async fn play(cached: bool, scenario: &impl AsyncFn(&Stage) -> Outcome) -> Outcome<BTreeMap<String, String>> {
    let stage = Stage::new(connect_or_start().await?, cached);
    scenario(&stage).await?;
    let mut all = BTreeMap::new();
    let mut left = Vec::new();
    for (name, id) in stage.workflows.take() {
        let runs = runs(&stage.client, &name, &id).await?;
        let compared = stage.compared.get();
        replay_all(&runs, &stage.registries, if compared == Compared::Nothing { FEW_CUTS } else { MANY_CUTS })?;
        if compared != Compared::Nothing {
            let current = runs.first().map_or(&[][..], |run| &run.events);
            all.insert(name, commands(current, compared == Compared::Everything));
        }
        left.extend(runs);
    }
    if cached && record::is_recording() {
        record::keep(&left)?;
    }
    Ok(all)
}

impl Stage {
    fn new(client: Client, cached: bool) -> Self {
        Self {
            client,
            task_queue: TaskQueue::new(format!("queue-{}", Uuid::new_v4())),
            cached,
            workflows: RefCell::default(),
            compared: Cell::new(Compared::Everything),
            registries: Registries::default(),
        }
    }

    /// A client of the server.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The task queue of this scenario alone.
    pub fn task_queue(&self) -> &TaskQueue {
        &self.task_queue
    }

    /// Whether workers cache.
    pub fn is_cached(&self) -> bool {
        self.cached
    }

    /// A worker of the task queue, to be given what it can do.
    pub fn worker(&self) -> WorkerBuilder {
        let builder = self.observed(&self.task_queue);
        if self.cached { builder } else { builder.max_cached_workflows(0) }
    }

    /// A worker of another task queue, which caches so many runs if it caches at all.
    pub fn worker_of(&self, task_queue: impl Into<TaskQueue>, cached: usize) -> WorkerBuilder {
        self.observed(&task_queue.into()).max_cached_workflows(if self.cached { cached } else { 0 })
    }

    /// A worker whose workflows are remembered for the replays.
    fn observed(&self, task_queue: &TaskQueue) -> WorkerBuilder {
        let registries = self.registries.clone();
        Worker::builder(&self.client, task_queue).on_build(move |workflows| registries.add(workflows))
    }

    /// A workflow id that nobody else uses; the workflow's commands are compared under `name`.
    pub fn id(&self, name: &str) -> WorkflowId {
        let id = WorkflowId::new(format!("{name}-{}", Uuid::new_v4()));
        self.workflows.borrow_mut().insert(name.to_owned(), id.clone());
        id
    }

    /// Says that values may differ from one play to the other: only the kinds and names of commands are compared.
    pub fn values_differ(&self) {
        self.compared.set(Compared::Kinds);
    }

    /// Says that workflows may take another course from one play to the other, for messages reach them at any time:
    /// nothing is compared. Their histories are replayed all the same.
    pub fn courses_differ(&self) {
        self.compared.set(Compared::Nothing);
    }

    /// The history of a workflow's current run.
    ///
    /// # Errors
    /// When the server does not give it.
    pub async fn history(&self, id: &WorkflowId) -> Outcome<Vec<Event>> {
        Ok(self.client.handle::<NamedWorkflow>(id).history().await?.events)
    }
}
