//! The mocks of a world.

use std::any::Any;
use std::sync::{Arc, PoisonError};

use perpetua_client::StartError;
use perpetua_contract::{ActivityDefinition, ActivityStub, WorkflowDefinition, WorkflowStub};
use perpetua_convert::Arguments;
use perpetua_vocab::WorkflowId;
use perpetua_worker::{Activities, WorkerBuilder};
use perpetua_workflow::Workflows;

use super::core::{AnyMock, Core, Kind};
use super::{ActivityMock, External, LoggedCall, Mock, WorkflowMock, activity, workflow};
use crate::TestEnv;
use crate::env::Inner;

impl TestEnv {
    /// The mock of an activity, by its stub: `env.mock(Bank::withdraw)`. Workers of the world that are started later answer
    /// by it, also where they can run the activity itself; a value of the activities' type is not needed. Asked again, it
    /// is the same mock.
    ///
    /// ```text
    /// let withdraw = env.mock(Bank::withdraw).once(|_, _, _| Err(BankError::Down)).answer(|_, _, booking| Ok(booking));
    /// env.worker().workflow(transfer).start();
    /// ..
    /// withdraw.assert_called(2);
    /// ```
    ///
    /// # Panics
    /// When something else of this name is mocked, with other arguments.
    #[track_caller]
    pub fn mock<A, S: ActivityStub<A>>(&self, _stub: S) -> ActivityMock<S::Definition> {
        Mock::new(self.inner.mock(Kind::Activity, S::Definition::NAME))
    }

    /// The mock of a workflow, by its stub: `env.mock_workflow(Payment::run)`. It answers where the workflow is started as a
    /// child, or by a client, and keeps the signals that it is sent. Otherwise as [`mock`](Self::mock).
    ///
    /// # Panics
    /// When something else of this name is mocked, with other arguments.
    #[track_caller]
    pub fn mock_workflow<A, S: WorkflowStub<A>>(&self, _stub: S) -> WorkflowMock<S::Definition> {
        Mock::new(self.inner.mock(Kind::Workflow, S::Definition::NAME))
    }

    /// Puts a stand-in of a workflow into the world, with this id, for workflows that signal it or ask it to stop. It keeps
    /// what it is sent; asked to stop, it does. It has a worker of its own.
    ///
    /// # Errors
    /// When the id is in use.
    ///
    /// # Panics
    /// When there is no tokio runtime here.
    pub async fn external<D: WorkflowDefinition>(&self, id: impl Into<WorkflowId>) -> Result<External<D>, StartError> {
        External::start(self, id.into()).await
    }

    /// The calls of all mocks of the world so far, in the order in which they came.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<I: Arguments> AnyMock for Core<I> {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn register(self: Arc<Self>, activities: &mut Activities, workflows: &mut Workflows) {
        self.registered();
        match self.kind {
            Kind::Activity => activity::register(&self, activities),
            Kind::Workflow => workflow::register(&self, workflows),
        }
    }

    fn unmet(&self) -> Option<String> {
        self.unmet_calls()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Inner {
    /// The mock of this name.
    #[track_caller]
    fn mock<I: Arguments>(self: &Arc<Self>, kind: Kind, name: &'static str) -> Arc<Core<I>> {
        let mut mocks = self.mocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = mocks.iter().find(|mock| mock.kind() == kind && mock.name() == name) {
            return match Arc::clone(known).as_any().downcast() {
                Ok(core) => core,
                Err(_) => {
                    panic!("two mocks of {kind} `{name}` take different arguments; give one of them another name")
                }
            };
        }
        let core = Arc::new(Core::new(kind, name, Arc::downgrade(self)));
        mocks.push(Arc::clone(&core) as Arc<dyn AnyMock>);
        core
    }

    /// Lets a worker answer by the mocks that there are.
    pub(crate) fn with_mocks(&self, worker: WorkerBuilder) -> WorkerBuilder {
        let mocks = self.mocks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        worker.registered(|activities, workflows| {
            for mock in mocks {
                mock.register(activities, workflows);
            }
        })
    }

    /// Whether a mock stands in for the workflow of this name.
    pub(crate) fn is_mocked(&self, workflow_type: &str) -> bool {
        let mocks = self.mocks.lock().unwrap_or_else(PoisonError::into_inner);
        mocks.iter().any(|mock| mock.kind() == Kind::Workflow && mock.name() == workflow_type)
    }

    /// What was to be called and was not, in words.
    pub(crate) fn unmet_mocks(&self) -> Vec<String> {
        let mocks = self.mocks.lock().unwrap_or_else(PoisonError::into_inner);
        mocks.iter().filter_map(|mock| mock.unmet()).collect()
    }

    pub(super) fn log_call(&self, call: LoggedCall) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}
