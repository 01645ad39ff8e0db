//! The time of a world.

use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use crate::TestEnv;
use crate::explain::explain;

/// How often a predicate is asked where time does not skip.
const PERIOD: Duration = Duration::from_millis(20);

/// What [`TestEnv::advance_until`] waits for will not come: nothing happens any more, and the report says what the open
/// workflows wait for.
#[derive(Clone, PartialEq, Eq)]
pub struct Stuck {
    report: String,
}

/// Why time cannot pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The world is being finished.
    #[error("the world of the test is finished")]
    Finished,
}

impl TestEnv {
    /// The time of the world: what workflows see as the present. A server elsewhere has that of this machine.
    pub fn now(&self) -> SystemTime {
        self.inner.now()
    }

    /// Lets so much time pass in the world, and everything that happens in it. Where time skips, it takes no longer than
    /// that takes.
    ///
    /// # Errors
    /// When the world is finished.
    pub async fn sleep(&self, time: Duration) -> Result<(), TimeError> {
        match &self.inner.server {
            Some(server) => server.sleep(time).await.map_err(|_| TimeError::Finished),
            None => {
                sleep(time).await;
                Ok(())
            }
        }
    }

    /// Lets one thing after the other happen until the predicate is true. It is asked when no worker has anything to do,
    /// first of all at once.
    ///
    /// ```text
    /// env.advance_until(async || handle.approver().await.unwrap().is_some()).await?;
    /// ```
    ///
    /// # Errors
    /// When nothing more happens by itself and it is still not true; the error says what the open workflows wait for.
    /// Where time does not skip, when it is not true within the [time limit](crate::TestEnvBuilder::time_limit) of the
    /// test.
    pub async fn advance_until(&self, mut predicate: impl AsyncFnMut() -> bool) -> Result<(), Stuck> {
        let begun = Instant::now();
        loop {
            if predicate().await {
                return Ok(());
            }
            let goes_on = match self.inner.server.as_ref().filter(|_| self.inner.skips) {
                Some(server) => matches!(server.leap().await, Ok(Some(_))),
                None => {
                    sleep(PERIOD).await;
                    begun.elapsed() < self.inner.time_limit
                }
            };
            if !goes_on && !predicate().await {
                return Err(self.stuck("what the test waits for does not come").await);
            }
        }
    }

    pub(crate) async fn stuck(&self, what: &str) -> Stuck {
        let unattended = self.inner.server.as_ref().and_then(|server| server.standstill());
        let unattended = unattended.as_ref().map_or(&[][..], |standstill| standstill.unattended());
        let (_, waits) = explain(&self.inner, unattended).await;
        Stuck { report: format!("{what}:{waits}") }
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

impl fmt::Debug for Stuck {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

impl std::error::Error for Stuck {}
