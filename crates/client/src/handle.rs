//! Handles: what can be done with a workflow that exists.

use std::fmt;
use std::marker::PhantomData;

use perpetua_contract::WorkflowDefinition;
use perpetua_vocab::{RunId, WorkflowExecution, WorkflowId};

use crate::Client;

/// A handle of a workflow: the methods that `D` declares for its messages, around a [`WorkflowHandle`].
pub type Handle<D> = <D as WorkflowDefinition>::Handle<WorkflowHandle<D>>;

/// Reaches a workflow by its id.
///
/// A workflow may be a chain of runs: each retry, cron run and continuation is one. A handle is of the whole chain:
/// messages go to the run that is current when they are sent, and the result is that of the last run. A handle
/// [at a run](Self::at_run) is of that run only.
pub struct WorkflowHandle<D> {
    client: Client,
    workflow_id: WorkflowId,
    runs: Runs,
    definition: PhantomData<fn() -> D>,
}

/// Which runs of a workflow id are meant.
#[derive(Clone, Debug)]
enum Runs {
    /// Whatever is current.
    Any,
    /// The chain that begins with this run.
    ChainOf { first: RunId },
    /// What was started: this run, and what follows it.
    Started { run: RunId, first: Option<RunId> },
    /// This run, and nothing else.
    Only { run: RunId },
}

impl Client {
    /// A handle of the workflow with this id, whether it exists or not. Makes no call.
    ///
    /// ```no_run
    /// use perpetua_contract::NamedWorkflow;
    ///
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let handle = client.handle::<NamedWorkflow<(String,), String>>("greeting-1");
    /// let greeting: String = handle.result().await?;
    /// # Ok(()) }
    /// ```
    pub fn handle<D: WorkflowDefinition>(&self, id: impl Into<WorkflowId>) -> Handle<D> {
        D::handle(WorkflowHandle::new(self.clone(), id.into(), Runs::Any))
    }
}

impl<D> WorkflowHandle<D> {
    fn new(client: Client, workflow_id: WorkflowId, runs: Runs) -> Self {
        Self { client, workflow_id, runs, definition: PhantomData }
    }

    pub(crate) fn started(client: Client, workflow_id: WorkflowId, run: RunId, first: Option<RunId>) -> Self {
        Self::new(client, workflow_id, Runs::Started { run, first })
    }

    /// The workflow's id.
    pub fn id(&self) -> &WorkflowId {
        &self.workflow_id
    }

    /// The run that was started, or found running, or that the handle is at; none for a handle of an id alone.
    pub fn run_id(&self) -> Option<&RunId> {
        match &self.runs {
            Runs::Started { run, .. } | Runs::Only { run } => Some(run),
            Runs::Any | Runs::ChainOf { .. } => None,
        }
    }

    /// The first run of the chain, if it is known. [Cancellation](Self::cancel) and [termination](Self::terminate)
    /// spare a workflow of the same id that has another first run.
    pub fn first_run_id(&self) -> Option<&RunId> {
        match &self.runs {
            Runs::Started { first, .. } => first.as_ref(),
            Runs::ChainOf { first } => Some(first),
            Runs::Any | Runs::Only { .. } => None,
        }
    }

    /// The client that the handle uses.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The run that messages go to; empty for the current one.
    pub(crate) fn execution(&self) -> WorkflowExecution {
        let run_id = match &self.runs {
            Runs::Only { run } => run.clone(),
            Runs::Any | Runs::ChainOf { .. } | Runs::Started { .. } => RunId::default(),
        };
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id }
    }

    /// The run whose result is waited for first; empty for the current one.
    pub(crate) fn first_awaited(&self) -> WorkflowExecution {
        let run_id = match &self.runs {
            Runs::Only { run } | Runs::Started { run, .. } => run.clone(),
            Runs::ChainOf { first } => first.clone(),
            Runs::Any => RunId::default(),
        };
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id }
    }

    /// Whether the result of a run is not the end, if another one follows.
    pub(crate) fn follows_runs(&self) -> bool {
        !matches!(self.runs, Runs::Only { .. })
    }
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// A handle of one run only: messages go to it or fail, and its result is its own.
    pub fn at_run(&self, run: impl Into<RunId>) -> Handle<D> {
        D::handle(Self::new(self.client.clone(), self.workflow_id.clone(), Runs::Only { run: run.into() }))
    }

    /// A handle of the chain of runs that begins with this one.
    pub fn of_chain(&self, first_run: impl Into<RunId>) -> Handle<D> {
        D::handle(Self::new(self.client.clone(), self.workflow_id.clone(), Runs::ChainOf { first: first_run.into() }))
    }
}

impl<D> Clone for WorkflowHandle<D> {
    fn clone(&self) -> Self {
        Self::new(self.client.clone(), self.workflow_id.clone(), self.runs.clone())
    }
}

impl<D> fmt::Debug for WorkflowHandle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowHandle")
            .field("id", &self.workflow_id)
            .field("runs", &self.runs)
            .finish_non_exhaustive()
    }
}
