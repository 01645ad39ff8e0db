//! Cancellation of one attempt of an activity, with the reason.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use perpetua_convert::Canceled;
use tokio_util::sync::CancellationToken;

/// Why an attempt of an activity should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// The workflow, or whoever started the activity, asked for it. An attempt that returns [`Canceled`] is then reported
    /// as canceled.
    Requested,
    /// The server no longer waits for this attempt: it timed out, its workflow is closed, or somebody else answered. Or, in
    /// a local activity: its workflow is closed, or is played by another worker.
    /// Whatever the attempt returns, nobody hears it.
    Gone,
    /// The time for this attempt (start-to-close) is over.
    TimedOut,
    /// The worker is shutting down, and the grace period is over. An attempt that returns [`Canceled`] is tried again
    /// elsewhere.
    WorkerShutdown,
    /// An operator paused the activity. An attempt that returns [`Canceled`] is tried again when it is unpaused.
    Paused,
    /// An operator reset the activity: it should begin anew.
    Reset,
    /// The details of a heartbeat could not be encoded. The attempt fails with that error.
    InvalidHeartbeat,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "cancellation was requested",
            Self::Gone => "the server no longer waits for this attempt",
            Self::TimedOut => "the time for this attempt is over",
            Self::WorkerShutdown => "the worker is shutting down",
            Self::Paused => "the activity was paused",
            Self::Reset => "the activity was reset",
            Self::InvalidHeartbeat => "the details of a heartbeat could not be encoded",
        })
    }
}

/// So that `Err(ctx.canceled().await)?` ends an activity as canceled.
impl From<CancelReason> for Canceled {
    fn from(reason: CancelReason) -> Self {
        Self::because(reason.to_string())
    }
}

/// The cancellation of one attempt: the first reason is the one that the activity sees.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    token: CancellationToken,
    reason: OnceLock<CancelReason>,
    requested: AtomicBool,
}

impl Cancellation {
    pub(crate) fn cancel(&self, reason: CancelReason) {
        if reason == CancelReason::Requested {
            self.requested.store(true, Ordering::Relaxed);
        }
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// Waits for the first reason; forever if none comes.
    pub(crate) async fn canceled(&self) -> CancelReason {
        self.token.cancelled().await;
        *self.reason.get().expect("the reason is set before the token")
    }

    /// The first reason, if there is one.
    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.reason.get().copied()
    }

    /// Whether the server asked for it, be it as the first reason or later.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// A token that is canceled with this; canceling it has no effect here.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.child_token()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_is_seen_and_a_later_request_is_remembered() {
        let cancellation = Cancellation::default();
        assert_eq!(cancellation.reason(), None);
        cancellation.cancel(CancelReason::Paused);
        cancellation.cancel(CancelReason::Requested);
        assert_eq!(cancellation.canceled().await, CancelReason::Paused);
        assert!(cancellation.is_requested());
    }

    #[test]
    fn a_token_given_away_cannot_cancel_the_attempt() {
        let cancellation = Cancellation::default();
        let given = cancellation.token();
        given.cancel();
        assert_eq!(cancellation.reason(), None);
        assert!(!cancellation.token().is_cancelled());
        cancellation.cancel(CancelReason::Gone);
        assert!(cancellation.token().is_cancelled());
    }
}
