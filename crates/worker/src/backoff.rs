//! Waiting between polls that fail, for as long as it takes.
//!
//! The client tries polls again after errors that pass by themselves. What arrives here is the rest, and everything where
//! the client was told not to try again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use perpetua_client::{RpcCode, RpcError};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Waits that double, up to ten seconds, and that differ a little so that many pollers do not come back together.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        self.wait(RandomState::new().hash_one(self.failures))
    }

    /// Begins anew, after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    fn wait(&mut self, noise: u64) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let whole = FIRST.saturating_mul(factor).min(LONGEST);
        // From four fifths of it to all of it.
        whole - whole / 5 * u32::try_from(noise % 1000).unwrap_or_default() / 1000
    }
}

/// Whether a poll that failed so will never succeed: this worker has no business with this server.
pub(crate) fn is_fatal(error: &RpcError) -> bool {
    matches!(
        error.code(),
        RpcCode::NotFound
            | RpcCode::PermissionDenied
            | RpcCode::Unauthenticated
            | RpcCode::InvalidArgument
            | RpcCode::Unimplemented
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9).map(|_| backoff.wait(0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.wait(0).as_millis(), 100);
    }

    #[test]
    fn noise_takes_away_less_than_a_fifth() {
        assert_eq!(Backoff::default().wait(500).as_millis(), 90);
        assert!(Backoff::default().wait(999).as_millis() >= 80);
        for _ in 0..100 {
            let wait = Backoff { failures: u32::MAX }.next();
            assert!(wait <= LONGEST && wait >= LONGEST * 4 / 5, "{wait:?}");
        }
    }
}
