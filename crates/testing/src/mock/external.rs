//! Stand-ins of workflows that are not under test, but are there.

use std::fmt;
use std::sync::Arc;

use perpetua_client::{StartError, WorkflowHandle};
use perpetua_contract::{Workflow, WorkflowDefinition};
use perpetua_convert::RawValue;
use perpetua_vocab::{TaskQueue, WorkflowId};

use super::core::{Core, Kind};
use super::reply::Decision;
use super::{Received, workflow};
use crate::worker::builder;
use crate::{Stuck, TestEnv};

/// A stand-in of a workflow `D` that is there under an id, and keeps what it is sent. Made by
/// [`TestEnv::external`](crate::TestEnv::external).
pub struct External<D: WorkflowDefinition> {
    env: TestEnv,
    id: WorkflowId,
    core: Arc<Core<Vec<RawValue>>>,
    handle: D::Handle<WorkflowHandle<D>>,
}

impl<D: WorkflowDefinition> External<D> {
    pub(super) async fn start(env: &TestEnv, id: WorkflowId) -> Result<Self, StartError> {
        let core = Arc::new(Core::new(Kind::Workflow, D::NAME, Arc::downgrade(&env.inner)).unlogged());
        core.add(None, None, Arc::new(|_, _| Decision { after: None, end: None }));
        // A queue of its own: the real workflow may be registered with the worker of the test.
        let queue = TaskQueue::new(format!("{}-external-{id}", env.task_queue()));
        let worker =
            builder(env, env.client(), queue.clone()).registered(|_, workflows| workflow::register(&core, workflows));
        match worker.spawn() {
            Ok(running) => drop(env.inner.keep(running)),
            Err(error) => panic!("the worker of the external workflow {id} cannot be made: {error}"),
        }
        env.client().start(Workflow::named(D::NAME).args(())).id(id.clone()).task_queue(queue).await?;
        let handle = env.client().handle::<D>(&id);
        Ok(Self { env: env.clone(), id, core, handle })
    }

    /// Its id.
    pub fn id(&self) -> &WorkflowId {
        &self.id
    }

    /// A client's handle of it.
    pub fn handle(&self) -> &D::Handle<WorkflowHandle<D>> {
        &self.handle
    }

    /// The signals that it was sent, in the order in which they came.
    pub fn signals(&self) -> Vec<Received> {
        self.core.signals()
    }

    /// The first signal of this name, as soon as it is there; meanwhile time passes as in
    /// [`advance_until`](TestEnv::advance_until).
    ///
    /// # Errors
    /// When nothing more happens by itself and it was not sent.
    pub async fn signal(&self, name: &str) -> Result<Received, Stuck> {
        let find = || self.signals().into_iter().find(|signal| signal.name == name);
        self.env.advance_until(async || find().is_some()).await?;
        match find() {
            Some(signal) => Ok(signal),
            None => Err(self.env.stuck("the signal is not there").await),
        }
    }

    /// Whether it was asked to stop, and did.
    pub fn is_canceled(&self) -> bool {
        !self.core.canceled().is_empty()
    }
}

impl<D: WorkflowDefinition> fmt::Debug for External<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("External").field("id", &self.id).finish_non_exhaustive()
    }
}
