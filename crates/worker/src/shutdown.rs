//! How a worker ends, step by step.
//!
//! ```text
//! running --shutdown, or a fatal error--> draining        nothing new is polled; activities may see it coming
//!             draining --the server knows--> deaf         polls that are still out are given up, now or soon
//!             draining --grace is over--> canceling       activities that still run are canceled
//! ```
//!
//! Steps are never taken back. Whoever is concerned waits for the step, so that nobody has to know who takes it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::WorkerError;

/// The steps of one worker's end; clones are the same worker's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown(Arc<Steps>);

#[derive(Debug, Default)]
struct Steps {
    draining: CancellationToken,
    deaf: CancellationToken,
    last_polls: OnceLock<Duration>,
    canceling: CancellationToken,
    fatal: Mutex<Option<WorkerError>>,
}

impl Shutdown {
    /// Stops polling.
    pub(crate) fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Stops polling because of an error, which the worker ends with. Only the first one counts.
    pub(crate) fn fail(&self, error: WorkerError) {
        self.0.fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.drain();
    }

    /// Gives up the polls that are still out, when this time is over.
    pub(crate) fn deafen(&self, last_polls: Duration) {
        self.0.last_polls.get_or_init(|| last_polls);
        self.0.deaf.cancel();
    }

    /// Cancels the activities that still run.
    pub(crate) fn cancel(&self) {
        self.0.canceling.cancel();
    }

    /// Waits until nothing new is polled.
    pub(crate) async fn draining(&self) {
        self.0.draining.cancelled().await;
    }

    /// Waits until polls that are still out are given up.
    pub(crate) async fn deaf(&self) {
        self.0.deaf.cancelled().await;
        if let Some(last_polls) = self.0.last_polls.get().filter(|time| !time.is_zero()) {
            sleep(*last_polls).await;
        }
    }

    /// Waits until running activities are canceled.
    pub(crate) async fn canceling(&self) {
        self.0.canceling.cancelled().await;
    }

    /// Whether nothing new is polled.
    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// Whether running activities are canceled.
    pub(crate) fn is_canceling(&self) -> bool {
        self.0.canceling.is_cancelled()
    }

    /// What the worker ends with.
    pub(crate) fn verdict(&self) -> Result<(), WorkerError> {
        match self.0.fatal.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Ends a worker from anywhere: from a signal handler, from another task.
#[derive(Clone, Debug)]
pub struct ShutdownHandle(Shutdown);

impl ShutdownHandle {
    pub(crate) fn new(shutdown: Shutdown) -> Self {
        Self(shutdown)
    }

    /// Begins the shutdown and returns at once. The worker's `run` ends when everything in hand is done. Calling it
    /// again does nothing.
    pub fn shutdown(&self) {
        self.0.drain();
    }

    /// Whether the shutdown has begun, for whatever reason.
    pub fn is_shutting_down(&self) -> bool {
        self.0.is_draining()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &'static str) -> WorkerError {
        WorkerError::Broken(message)
    }

    #[test]
    fn a_fatal_error_drains_and_the_first_one_is_the_verdict() {
        let shutdown = Shutdown::default();
        assert!(!shutdown.is_draining());
        shutdown.fail(error("first"));
        shutdown.fail(error("second"));
        assert!(shutdown.is_draining());
        assert!(matches!(shutdown.verdict(), Err(WorkerError::Broken("first"))));
    }

    #[tokio::test(start_paused = true)]
    async fn each_step_is_waited_for_on_its_own() {
        let shutdown = Shutdown::default();
        let other = shutdown.clone();
        shutdown.drain();
        other.draining().await;
        assert!(!other.0.deaf.is_cancelled() && !other.0.canceling.is_cancelled());
        shutdown.deafen(Duration::from_secs(1));
        other.deaf().await;
        assert!(!other.0.canceling.is_cancelled());
        shutdown.cancel();
        other.canceling().await;
        assert!(other.verdict().is_ok());
    }
}
