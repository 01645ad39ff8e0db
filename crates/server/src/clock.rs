//! The time of a world: that of the machine, or ahead of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use perpetua_server_core::Time;
use tokio::time::Instant;

/// The time of a world. It follows the machine's, and may be pushed ahead.
#[derive(Debug)]
pub(crate) struct Clock {
    /// What it showed when it was made.
    origin: Time,
    started: Instant,
    /// How far it was pushed.
    ahead: Duration,
}

impl Clock {
    /// A clock that shows this time now; none for that of the machine.
    pub(crate) fn new(shows: Option<SystemTime>) -> Self {
        let since = shows.unwrap_or_else(SystemTime::now).duration_since(UNIX_EPOCH).unwrap_or_default();
        let origin = Time::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        Self { origin, started: Instant::now(), ahead: Duration::ZERO }
    }

    pub(crate) fn now(&self) -> Time {
        self.origin.plus(self.started.elapsed()).plus(self.ahead)
    }

    /// Pushes the clock to this time, if it is not there yet.
    pub(crate) fn push_to(&mut self, time: Time) {
        self.ahead += time.since(self.now());
    }
}
