//! A server that crashes, and starts again, in its process: for tests.

use std::fmt;
use std::sync::Arc;

use crate::engine::Engine;
use crate::{Server, ServerError};

/// While this lives, time does not skip. Made by [`Server::hold_time`].
#[must_use = "time skips again when this is dropped"]
pub struct HeldTime(Arc<Engine>);

impl Server {
    /// Ends everything at once, as a power cut would: calls under way are cut off, those that come are refused as
    /// unavailable, nothing happens any more. Nothing changes when it has crashed already.
    ///
    /// # Errors
    /// When it was not made to be [crashable](crate::ServerBuilder::crashable).
    pub fn crash(&self) -> Result<(), ServerError> {
        if self.engine.crash() { Ok(()) } else { Err(ServerError::NotCrashable) }
    }

    /// Starts again after a [crash](Self::crash), with what was stored before it: everything that the server has
    /// acknowledged. Its clock went on meanwhile. Nothing happens when it has not crashed.
    ///
    /// # Errors
    /// When what was stored cannot be read.
    pub fn restart(&self) -> Result<(), ServerError> {
        let mut settled = Ok(());
        let restarted = self.engine.restart(self.plan.seed, |world| settled = self.plan.builder.settle(world));
        restarted.map_err(ServerError::Kept)?;
        settled
    }

    /// Waits until it has started again after a [crash](Self::crash).
    pub async fn is_back(&self) {
        self.engine.back().await;
    }

    /// Takes it that a worker of this identity, a client's, is dead: skipped time is no longer held for what it has
    /// taken, and goes on to the timeouts of that.
    pub fn forget_worker(&self, identity: &str) {
        self.engine.forget_worker(identity);
    }

    /// Lets time pass no faster than outside until what this returns is dropped. It always does where time does not skip.
    pub fn hold_time(&self) -> HeldTime {
        // Refused where time does not skip, which is as well.
        let _ = self.engine.lock_time(true);
        HeldTime(Arc::clone(&self.engine))
    }
}

impl Drop for HeldTime {
    fn drop(&mut self) {
        let _ = self.0.lock_time(false); // as above
    }
}

impl fmt::Debug for HeldTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldTime")
    }
}
