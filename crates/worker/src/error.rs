//! Why a worker cannot begin, and why it ends before it is asked to.

use perpetua_client::RpcError;
use perpetua_vocab::{Namespace, TaskQueue};

/// Why a worker cannot be built. The author must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is nothing to poll for.
    #[error(
        "nothing is registered for task queue `{task_queue}`; add `.workflow(..)`, `.activity(..)` or `.activities(..)`"
    )]
    NothingRegistered {
        /// The queue.
        task_queue: TaskQueue,
    },
    /// Two workflows, or two activities, share a name.
    #[error("{}", .0.join("; "))]
    Duplicates(Vec<String>),
    /// A queue without a name.
    #[error("the name of the task queue is empty")]
    EmptyTaskQueue,
    /// A number with which the worker could never do anything.
    #[error("`{option}` is {given}, and must be at least {least}{}", .because.map(|because| format!(": {because}")).unwrap_or_default())]
    TooSmall {
        /// The option.
        option: &'static str,
        /// What it was set to.
        given: usize,
        /// What it may be set to.
        least: usize,
        /// Why so many.
        because: Option<&'static str>,
    },
    /// A duration of nothing, where nothing is no choice.
    #[error("`{option}` is zero; it must be longer")]
    ZeroDuration {
        /// The option.
        option: &'static str,
    },
    /// The operating system refused a thread.
    #[error("a thread for workflows could not be started")]
    Thread(#[source] std::io::Error),
    /// `spawn` was called outside a runtime.
    #[error("there is no tokio runtime here; call `spawn` inside one, or await `run`")]
    NoRuntime,
}

/// Why a worker ended without being asked to. The operator must act, except for [`WorkerError::Broken`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The namespace does not exist.
    #[error("namespace `{namespace}` does not exist on this server")]
    NamespaceNotFound {
        /// Which one.
        namespace: Namespace,
        /// What the server said.
        #[source]
        error: RpcError,
    },
    /// The server refuses to give this worker any task.
    #[error("the server refuses {tasks} of task queue `{task_queue}` to this worker")]
    Refused {
        /// Which kind of task.
        tasks: &'static str,
        /// Of which queue.
        task_queue: TaskQueue,
        /// What the server said.
        #[source]
        error: RpcError,
    },
    /// The worker broke a promise of its own. Please report it.
    #[error("the worker is broken ({0}); please report it")]
    Broken(&'static str),
}
