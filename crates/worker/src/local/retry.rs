//! Whether, and when, a local activity is tried again: what a server decides for other activities.

use std::time::Duration;

use perpetua_vocab::{Failure, FailureInfo, RetryPolicy, TimeoutKind};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const FACTOR: f64 = 2.0;
/// The longest wait, in first waits.
const LONGEST: u32 = 100;

/// How long to wait after the failure of this attempt, counted from 1; none if it is not tried again.
pub(super) fn wait_after(attempt: u32, failure: &Failure, policy: Option<&RetryPolicy>) -> Option<Duration> {
    let unlimited = RetryPolicy::default();
    let policy = policy.unwrap_or(&unlimited);
    let is_last = policy.maximum_attempts > 0 && attempt >= policy.maximum_attempts;
    if is_last || !may_be_retried(failure, &policy.non_retryable_error_types) {
        return None;
    }
    if let Some(wait) = failure.application().and_then(|application| application.next_retry_delay) {
        return Some(wait);
    }
    let set = |time: Option<Duration>| time.filter(|time| !time.is_zero());
    let first = set(policy.initial_interval).unwrap_or(FIRST_WAIT);
    let longest = set(policy.maximum_interval).unwrap_or(first.saturating_mul(LONGEST));
    let factor = policy.backoff_coefficient.filter(|factor| *factor >= 1.0).unwrap_or(FACTOR);
    let retries = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let wait = first.as_secs_f64() * factor.powi(retries);
    Some(Duration::try_from_secs_f64(wait).map_or(longest, |wait| wait.min(longest)))
}

fn may_be_retried(failure: &Failure, never: &[String]) -> bool {
    let is_listed = |name: &str| never.iter().any(|never| never == name);
    match &failure.info {
        FailureInfo::Application(application) => !application.non_retryable && !is_listed(&application.failure_type),
        FailureInfo::Timeout { kind: TimeoutKind::StartToClose, .. } => !is_listed("TemporalTimeout:StartToClose"),
        FailureInfo::Timeout { .. } | FailureInfo::Canceled { .. } | FailureInfo::Terminated { .. } => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use perpetua_vocab::ApplicationFailure;

    use super::*;

    fn application(change: impl FnOnce(&mut ApplicationFailure)) -> Failure {
        let mut application = ApplicationFailure { failure_type: "Bad".to_owned(), ..ApplicationFailure::default() };
        change(&mut application);
        Failure { info: FailureInfo::Application(application), ..Failure::default() }
    }

    fn timeout(kind: TimeoutKind) -> Failure {
        Failure { info: FailureInfo::Timeout { kind, last_heartbeat: None }, ..Failure::default() }
    }

    fn waits(policy: Option<&RetryPolicy>, attempts: &[u32]) -> Vec<Option<u128>> {
        let wait = |attempt: &u32| wait_after(*attempt, &application(|_| ()), policy);
        attempts.iter().map(|attempt| wait(attempt).map(|wait| wait.as_millis())).collect()
    }

    #[test]
    fn waits_grow_up_to_the_longest() {
        let default = [Some(1_000), Some(2_000), Some(64_000), Some(100_000), Some(100_000)];
        assert_eq!(waits(None, &[1, 2, 7, 8, u32::MAX]), default);
        let policy = RetryPolicy::exponential().first_wait(Duration::from_millis(10)).factor(3.0);
        assert_eq!(waits(Some(&policy), &[1, 2, 3, 9]), [Some(10), Some(30), Some(90), Some(1_000)]);
        let policy = policy.longest_wait(Duration::from_millis(50));
        assert_eq!(waits(Some(&policy), &[2, 3]), [Some(30), Some(50)]);
    }

    #[test]
    fn attempts_are_limited() {
        let policy = RetryPolicy::exponential().max_attempts(2);
        assert_eq!(waits(Some(&policy), &[1, 2, 3]), [Some(1_000), None, None]);
        assert_eq!(waits(Some(&RetryPolicy::none()), &[1]), [None]);
    }

    #[test]
    fn a_failure_can_forbid_to_be_tried_again_or_say_when() {
        let policy = RetryPolicy::exponential().never_after("Bad").never_after("TemporalTimeout:StartToClose");
        let later = application(|application| application.next_retry_delay = Some(Duration::from_secs(7)));
        assert_eq!(wait_after(1, &later, None), Some(Duration::from_secs(7)));
        assert_eq!(wait_after(1, &later, Some(&RetryPolicy::none())), None);
        assert_eq!(wait_after(1, &application(|application| application.non_retryable = true), None), None);
        assert_eq!(wait_after(1, &application(|_| ()), Some(&policy)), None);
        assert_eq!(wait_after(1, &timeout(TimeoutKind::StartToClose), Some(&policy)), None);
    }

    #[test]
    fn only_the_timeout_of_an_attempt_is_tried_again() {
        assert_eq!(wait_after(1, &timeout(TimeoutKind::StartToClose), None), Some(FIRST_WAIT));
        assert_eq!(wait_after(1, &timeout(TimeoutKind::ScheduleToStart), None), None);
        assert_eq!(wait_after(1, &timeout(TimeoutKind::ScheduleToClose), None), None);
    }
}
