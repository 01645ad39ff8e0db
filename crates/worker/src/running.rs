//! A worker on a task of its own.

use std::fmt;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::shutdown::ShutdownHandle;
use crate::{BuildError, Worker, WorkerError};

/// A worker on a task of its own. Dropping it begins the shutdown, and nobody waits for the end; call
/// [`shutdown`](Self::shutdown) to wait.
#[must_use = "the worker shuts down when this is dropped"]
pub struct RunningWorker {
    handle: ShutdownHandle,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl RunningWorker {
    pub(crate) fn spawn(worker: Worker) -> Result<Self, BuildError> {
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        Ok(Self { handle: worker.shutdown_handle(), task: runtime.spawn(worker.run()) })
    }

    /// Shuts the worker down: nothing new is taken, what is in hand is finished, activities get the worker's grace
    /// period. Returns when everything is done.
    ///
    /// # Errors
    /// When the worker had ended by itself: see [`Worker::run`].
    pub async fn shutdown(self) -> Result<(), WorkerError> {
        self.handle.shutdown();
        self.ended().await
    }

    /// Waits until the worker ends: because somebody else shuts it down, or because it cannot go on.
    ///
    /// # Errors
    /// When it cannot go on: see [`Worker::run`].
    pub async fn ended(mut self) -> Result<(), WorkerError> {
        match (&mut self.task).await {
            Ok(ended) => ended,
            Err(error) if error.is_panic() => Err(WorkerError::Broken("its task panicked")),
            Err(_) => Err(WorkerError::Broken("its runtime was shut down first")),
        }
    }

    /// Ends the worker from elsewhere.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.handle.clone()
    }
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

impl fmt::Debug for RunningWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningWorker")
            .field("ended", &self.task.is_finished())
            .field("shutting_down", &self.handle.is_shutting_down())
            .finish()
    }
}
