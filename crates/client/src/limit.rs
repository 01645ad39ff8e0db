//! The time a caller gives to something that takes several calls.

use std::time::Duration;

use tokio::time::Instant;

/// The time a caller gives, if limited, counted from when it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    start: Instant,
    whole: Option<Duration>,
}

impl Limit {
    /// Begins now.
    pub(crate) fn begin(whole: Option<Duration>) -> Self {
        Self { start: Instant::now(), whole }
    }

    /// What is left of it, if limited.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.whole.map(|whole| whole.saturating_sub(self.start.elapsed()))
    }

    /// The whole of it, if limited.
    pub(crate) fn whole(&self) -> Option<Duration> {
        self.whole
    }
}
