//! Which failed calls are tried again, and when.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use super::{Patience, RpcCode};

/// How calls to the server are tried again after errors that may pass.
///
/// Those are the codes `DATA_LOSS`, `INTERNAL`, `UNKNOWN`, `RESOURCE_EXHAUSTED`, `ABORTED`, `OUT_OF_RANGE` and
/// `UNAVAILABLE`. Calls that wait for something to happen are tried again for as long as the caller waits, also after a
/// deadline or a cancellation on the way; the limits here are for all others.
///
/// ```
/// use std::time::Duration;
/// use perpetua_client::RpcRetry;
///
/// let patient = RpcRetry::default().in_all(Duration::from_secs(60)).max_attempts(30);
/// let impatient = RpcRetry::none();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RpcRetry {
    first_wait: Duration,
    factor: f64,
    jitter: f64,
    longest_wait: Duration,
    in_all: Duration,
    attempts: u32,
}

/// The first wait after `RESOURCE_EXHAUSTED`: the limit that was reached is one a second, mostly.
const FIRST_WAIT_WHEN_EXHAUSTED: Duration = Duration::from_secs(1);

impl Default for RpcRetry {
    /// A first wait of 100 ms, times 1.7, give or take 20 %, up to 5 s; 10 attempts and 10 s in all.
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(100),
            factor: 1.7,
            jitter: 0.2,
            longest_wait: Duration::from_secs(5),
            in_all: Duration::from_secs(10),
            attempts: 10,
        }
    }
}

impl RpcRetry {
    /// One attempt, no retry; also not for calls that wait for something to happen.
    pub fn none() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Sets the wait before the second attempt.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Sets what each wait is multiplied by; below 1 counts as 1.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = if factor >= 1.0 { factor } else { 1.0 };
        self
    }

    /// Sets which part of a wait is left to chance, from 0 to 1.
    #[must_use]
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Sets the time after which no attempt is begun any more. A call with a timeout of its own goes by that instead.
    #[must_use]
    pub fn in_all(mut self, time: Duration) -> Self {
        self.in_all = time;
        self
    }

    /// Sets how many attempts are made at most; 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long to wait before the next attempt; none if there is to be none.
    pub(crate) fn wait_after(&self, failed: &Failed) -> Option<Duration> {
        self.wait_by_chance(failed, chance())
    }

    fn wait_by_chance(&self, failed: &Failed, chance: f64) -> Option<Duration> {
        if self.attempts <= 1 || failed.pointless || !is_passing(failed.code, failed.patience) {
            return None;
        }
        let wait = self.wait(failed, chance);
        let end = match (failed.limit, failed.patience) {
            (Some(limit), _) => Some(limit),
            (None, Patience::Short) => Some(self.in_all),
            (None, Patience::Long) => None,
        };
        if end.is_some_and(|end| failed.elapsed + wait >= end) {
            return None;
        }
        if failed.patience == Patience::Short && failed.attempts >= self.attempts {
            return None;
        }
        Some(wait)
    }

    fn wait(&self, failed: &Failed, chance: f64) -> Duration {
        let first = match failed.code {
            RpcCode::ResourceExhausted => self.first_wait.max(FIRST_WAIT_WHEN_EXHAUSTED),
            _ => self.first_wait,
        };
        let exponent = i32::try_from(failed.attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = first.as_secs_f64() * self.factor.powi(exponent);
        let wait = grown.min(self.longest_wait.max(first).as_secs_f64());
        let spread = 1.0 + self.jitter * (2.0 * chance - 1.0);
        Duration::try_from_secs_f64(wait * spread).unwrap_or(self.longest_wait)
    }
}

/// What is known when an attempt has failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    /// What it failed with.
    pub(crate) code: RpcCode,
    /// Whether it is known that the next attempt would fail the same way.
    pub(crate) pointless: bool,
    /// What kind of call it is.
    pub(crate) patience: Patience,
    /// The attempts made so far, this one included; for long waits those that failed in a row.
    pub(crate) attempts: u32,
    /// The time since the first attempt began.
    pub(crate) elapsed: Duration,
    /// The time the caller gives to the call, if limited.
    pub(crate) limit: Option<Duration>,
}

fn is_passing(code: RpcCode, patience: Patience) -> bool {
    match code {
        RpcCode::DataLoss
        | RpcCode::Internal
        | RpcCode::Unknown
        | RpcCode::ResourceExhausted
        | RpcCode::Aborted
        | RpcCode::OutOfRange
        | RpcCode::Unavailable => true,
        // Nothing happened in time, or something on the way lost patience: the caller has not.
        RpcCode::DeadlineExceeded | RpcCode::Canceled => patience == Patience::Long,
        _ => false,
    }
}

/// A number from 0 to 1. The standard library's hash seed is random enough to keep clients apart.
fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    let chance = bits as f64 / (1_u64 << 53) as f64;
    chance
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: RpcCode, attempts: u32) -> Failed {
        Failed { code, pointless: false, patience: Patience::Short, attempts, elapsed: Duration::ZERO, limit: None }
    }

    fn millis(wait: Option<Duration>) -> Option<u128> {
        wait.map(|wait| wait.as_millis())
    }

    #[test]
    fn waits_grow_from_100_ms_by_1_7_up_to_5_s() {
        let policy = RpcRetry::default();
        let waits: Vec<_> = (1..=9)
            .map(|attempts| millis(policy.wait_by_chance(&failed(RpcCode::Unavailable, attempts), 0.5)))
            .collect();
        let expected = [100, 170, 289, 491, 835, 1419, 2413, 4103, 5000];
        assert_eq!(waits, expected.map(Some));
    }

    #[test]
    fn jitter_is_a_fifth_either_way() {
        let policy = RpcRetry::default();
        assert_eq!(millis(policy.wait_by_chance(&failed(RpcCode::Internal, 1), 0.0)), Some(80));
        assert_eq!(millis(policy.wait_by_chance(&failed(RpcCode::Internal, 1), 1.0)), Some(120));
        for _ in 0..100 {
            assert!((0.0..=1.0).contains(&chance()));
        }
    }

    #[test]
    fn an_exhausted_resource_is_given_a_second() {
        let policy = RpcRetry::default();
        assert_eq!(millis(policy.wait_by_chance(&failed(RpcCode::ResourceExhausted, 1), 0.5)), Some(1000));
        assert_eq!(millis(policy.wait_by_chance(&failed(RpcCode::ResourceExhausted, 2), 0.5)), Some(1700));
    }

    #[test]
    fn ten_attempts_and_ten_seconds_are_the_end() {
        let policy = RpcRetry::default();
        assert_eq!(policy.wait_by_chance(&failed(RpcCode::Unavailable, 10), 0.5), None);
        let late = Failed { elapsed: Duration::from_millis(9950), ..failed(RpcCode::Unavailable, 1) };
        assert_eq!(policy.wait_by_chance(&late, 0.5), None);
    }

    #[test]
    fn a_limit_of_the_callers_own_replaces_the_ten_seconds() {
        let policy = RpcRetry::default();
        let failed = Failed {
            elapsed: Duration::from_secs(20),
            limit: Some(Duration::from_secs(30)),
            ..failed(RpcCode::Unavailable, 2)
        };
        assert_eq!(millis(policy.wait_by_chance(&failed, 0.5)), Some(170));
        let limit = Some(Duration::from_millis(20_100));
        assert_eq!(policy.wait_by_chance(&Failed { limit, ..failed }, 0.5), None);
    }

    #[test]
    fn a_wait_for_something_to_happen_has_no_end_of_its_own() {
        let policy = RpcRetry::default();
        for code in [RpcCode::Unavailable, RpcCode::DeadlineExceeded, RpcCode::Canceled] {
            let long = Failed { patience: Patience::Long, elapsed: Duration::from_secs(3600), ..failed(code, 5000) };
            assert_eq!(millis(policy.wait_by_chance(&long, 0.5)), Some(5000), "{code}");
        }
        let refused = Failed { patience: Patience::Long, ..failed(RpcCode::NotFound, 1) };
        assert_eq!(policy.wait_by_chance(&refused, 0.5), None);
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        let policy = RpcRetry::default();
        for code in [
            RpcCode::InvalidArgument,
            RpcCode::NotFound,
            RpcCode::AlreadyExists,
            RpcCode::PermissionDenied,
            RpcCode::FailedPrecondition,
            RpcCode::Unimplemented,
            RpcCode::Unauthenticated,
            RpcCode::DeadlineExceeded,
            RpcCode::Canceled,
        ] {
            assert_eq!(policy.wait_by_chance(&failed(code, 1), 0.5), None, "{code}");
        }
        let pointless = Failed { pointless: true, ..failed(RpcCode::Unavailable, 1) };
        assert_eq!(policy.wait_by_chance(&pointless, 0.5), None);
        assert_eq!(RpcRetry::none().wait_by_chance(&failed(RpcCode::Unavailable, 1), 0.5), None);
    }
}
