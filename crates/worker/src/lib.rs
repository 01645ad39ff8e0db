//! Pollers, workflow lanes, activity execution, shutdown.
//!
//! A worker takes tasks from a queue of the server and does them. Everything here waits, sends, spawns or reads a clock;
//! what a task means is decided below, in `perpetua-workflow` and `perpetua-core`.
//!
//! Not here: the protocol's decisions, and what a workflow author holds.
//!
//! Read first: [`Worker`], [`ActivityContext`], [`WorkerBuilder`].
//!
//! ```text
//! poller --slot--> task --+-- workflow: decode -> lane (a thread that owns its runs) -> encode -> answer
//!                         |                    `-- local activities, while the task is in hand
//!                         `-- activity: decode -> the user's code, heartbeats beside it -> encode -> answer
//! ```

mod abort;
mod activity;
mod backoff;
mod builder;
mod calls;
mod eager;
mod error;
mod failure;
mod local;
mod poll;
mod running;
mod shutdown;
mod slots;
mod worker;
mod workflow;

pub use activity::{
    Activities, ActivityContext, ActivityExecution, ActivityImplementation, ActivityInfo, ActivitySet, CancelReason,
};
/// Attempts without a worker, for tests.
#[doc(hidden)]
pub mod alone {
    pub use crate::activity::{LoneAttempt, lone_info};
}

pub use builder::WorkerBuilder;
pub use error::{BuildError, WorkerError};
pub use running::RunningWorker;
pub use shutdown::ShutdownHandle;
pub use worker::Worker;
pub use workflow::FailedWorkflowTask;
