//! Workflow tasks.

use perpetua_proto as proto;

use crate::{EventId, Failure, Opaque, RunId, WorkflowTaskFailedCause};

/// A worker took the workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskStarted {
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// Whether the server would like the workflow to continue as new.
    pub suggest_continue_as_new: bool,
    /// The size of the history so far, in bytes.
    pub history_size: u64,
    /// The rest. Of it, the reasons to continue as new and the change of the target version can be asked for.
    pub rest: Opaque<proto::history::WorkflowTaskStartedEventAttributes>,
}

/// A worker answered the workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskCompleted {
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// The event that started it; some servers leave it out.
    pub started: Option<EventId>,
    /// Flags of the core SDK that this answer relied on.
    pub core_flags: Vec<u32>,
    /// Flags of the language SDK that this answer relied on.
    pub language_flags: Vec<u32>,
    /// The rest. Of it, the version of the worker can be asked for.
    pub rest: Opaque<proto::history::WorkflowTaskCompletedEventAttributes>,
}

/// A worker could not answer the workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskFailed {
    /// Why.
    pub cause: WorkflowTaskFailedCause,
    /// What the worker said about it.
    pub failure: Option<Failure>,
    /// After a reset: the id of the new run, which replaces the seed of randomness.
    pub new_run: Option<RunId>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowTaskFailedEventAttributes>,
}

/// One version of the workers of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerDeploymentVersion {
    /// The name of the deployment: all versions of one program.
    pub deployment_name: String,
    /// The build, unique within the deployment.
    pub build_id: String,
}
