//! Who is told of workflow tasks that fail.

use std::fmt;
use std::sync::Arc;

use perpetua_vocab::{WorkflowExecution, WorkflowType};

/// A workflow task that could not be answered, because of the workflow's code, its registration or its payloads. The server
/// keeps it, and it is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedWorkflowTask {
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// Its workflow id and run id.
    pub execution: WorkflowExecution,
    /// From 1; counts the tries to get the task answered.
    pub attempt: u32,
    /// What is wrong.
    pub message: String,
    /// Whether it was only a question, so that whoever asked gets an error and the workflow goes on.
    pub only_query: bool,
}

/// What is called when a workflow task fails.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(&FailedWorkflowTask) + Send + Sync>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(&FailedWorkflowTask) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    pub(crate) fn call(&self, failed: &FailedWorkflowTask) {
        (self.0)(failed);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
