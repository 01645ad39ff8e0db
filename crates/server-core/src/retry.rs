//! When something that failed is tried again: the one rule for activities and workflows.

use std::time::Duration;

use perpetua_proto::common::RetryPolicy;
use perpetua_proto::enums::{RetryState, TimeoutType};
use perpetua_proto::failure::Failure;
use perpetua_proto::failure::failure::FailureInfo;

use crate::time::{self, Time};

/// The first wait, unless a policy says otherwise.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// By how much a wait is longer than the one before.
const FACTOR: f64 = 2.0;
/// The longest wait, in first waits.
const LONGEST: u32 = 100;

/// With what the names of timeouts begin among those of failures.
const TIMEOUT: &str = "TemporalTimeout:";

/// The next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    /// How long to wait for it.
    pub(crate) after: Duration,
}

/// Fills in what a policy leaves open.
pub(crate) fn complete(policy: &mut RetryPolicy) {
    let first = time::duration(policy.initial_interval.as_ref()).unwrap_or(FIRST_WAIT);
    policy.initial_interval = Some(time::to_wire(first));
    if policy.backoff_coefficient == 0.0 {
        policy.backoff_coefficient = FACTOR;
    }
    if time::duration(policy.maximum_interval.as_ref()).is_none() {
        policy.maximum_interval = Some(time::to_wire(first.saturating_mul(LONGEST)));
    }
}

/// What is wrong with a policy.
pub(crate) fn check(policy: &RetryPolicy) -> Result<(), String> {
    if policy.maximum_attempts == 1 {
        return Ok(());
    }
    let sound = |name, wait: Option<&perpetua_proto::protobuf::Duration>| {
        time::check(wait).map_err(|problem| format!("invalid {name} set on retry policy: {problem}"))
    };
    sound("InitialInterval", policy.initial_interval.as_ref())?;
    if policy.backoff_coefficient < 1.0 && policy.backoff_coefficient != 0.0 {
        return Err("BackoffCoefficient cannot be less than 1 on retry policy.".to_owned());
    }
    sound("MaximumInterval", policy.maximum_interval.as_ref())?;
    let (first, longest) =
        (time::duration(policy.initial_interval.as_ref()), time::duration(policy.maximum_interval.as_ref()));
    if let (Some(first), Some(longest)) = (first, longest)
        && longest < first
    {
        return Err("MaximumInterval cannot be less than InitialInterval on retry policy.".to_owned());
    }
    if policy.maximum_attempts < 0 {
        return Err("MaximumAttempts cannot be negative on retry policy.".to_owned());
    }
    let timeouts = policy.non_retryable_error_types.iter().filter_map(|name| name.strip_prefix(TIMEOUT));
    for name in timeouts {
        if !["StartToClose", "ScheduleToStart", "ScheduleToClose", "Heartbeat"].contains(&name) {
            return Err(format!("Invalid timeout type value: {name}."));
        }
    }
    Ok(())
}

/// When to try again what failed in its attempt `attempt` (from 1).
///
/// # Errors
/// Why not.
pub(crate) fn next(
    policy: &RetryPolicy,
    attempt: i32,
    failure: &Failure,
    now: Time,
    deadline: Option<Time>,
) -> Result<Retry, RetryState> {
    if !is_retryable(failure, &policy.non_retryable_error_types) {
        return Err(RetryState::NonRetryableFailure);
    }
    if policy.maximum_attempts > 0 && attempt >= policy.maximum_attempts {
        return Err(RetryState::MaximumAttemptsReached);
    }
    let after = asked_delay(failure).unwrap_or_else(|| wait(policy, attempt));
    if deadline.is_some_and(|deadline| now.plus(after) > deadline) {
        return Err(RetryState::Timeout);
    }
    Ok(Retry { after })
}

/// The wait after the attempt `attempt`.
pub(crate) fn wait(policy: &RetryPolicy, attempt: i32) -> Duration {
    let first = time::duration(policy.initial_interval.as_ref()).unwrap_or(FIRST_WAIT);
    let longest = time::duration(policy.maximum_interval.as_ref()).unwrap_or_else(|| first.saturating_mul(LONGEST));
    let factor = if policy.backoff_coefficient == 0.0 { FACTOR } else { policy.backoff_coefficient };
    let seconds = first.as_secs_f64() * factor.powi(attempt.saturating_sub(1));
    Duration::try_from_secs_f64(seconds).map_or(longest, |wait| wait.min(longest))
}

/// The wait that the failure itself asks for.
fn asked_delay(failure: &Failure) -> Option<Duration> {
    match failure.failure_info.as_ref()? {
        FailureInfo::ApplicationFailureInfo(info) => time::duration(info.next_retry_delay.as_ref()),
        _ => None,
    }
}

/// Whether what failed like this may be tried again.
pub(crate) fn is_retryable(failure: &Failure, never: &[String]) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::TerminatedFailureInfo(_) | FailureInfo::CanceledFailureInfo(_)) => false,
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            let name = match info.timeout_type() {
                TimeoutType::StartToClose => "TemporalTimeout:StartToClose",
                TimeoutType::Heartbeat => "TemporalTimeout:Heartbeat",
                _ => return false,
            };
            !never.iter().any(|kind| kind == name)
        }
        Some(FailureInfo::ServerFailureInfo(info)) => !info.non_retryable,
        Some(FailureInfo::ApplicationFailureInfo(info)) => !info.non_retryable && !never.contains(&info.r#type),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use perpetua_proto::failure::ApplicationFailureInfo;

    use super::*;

    fn failure(info: ApplicationFailureInfo) -> Failure {
        Failure { failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() }
    }

    fn after(policy: &RetryPolicy, attempt: i32) -> Result<Duration, RetryState> {
        next(policy, attempt, &failure(ApplicationFailureInfo::default()), Time::default(), None).map(|next| next.after)
    }

    #[test]
    fn waits_double_up_to_a_hundred_times_the_first() {
        let policy = RetryPolicy::default();
        let waits: Vec<u64> = (1..=9).map(|attempt| after(&policy, attempt).map_or(0, |wait| wait.as_secs())).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 100, 100]);
        assert_eq!(after(&policy, i32::MAX), Ok(Duration::from_secs(100)));
    }

    #[test]
    fn attempts_and_time_run_out() {
        let policy = RetryPolicy { maximum_attempts: 3, ..RetryPolicy::default() };
        assert!(after(&policy, 2).is_ok());
        assert_eq!(after(&policy, 3), Err(RetryState::MaximumAttemptsReached));
        let deadline = Some(Time::default().plus(Duration::from_millis(500)));
        let failed = failure(ApplicationFailureInfo::default());
        let late = next(&RetryPolicy::default(), 1, &failed, Time::default(), deadline);
        assert_eq!(late, Err(RetryState::Timeout));
    }

    #[test]
    fn a_failure_has_a_say() {
        let policy = RetryPolicy { non_retryable_error_types: vec!["Fatal".into()], ..RetryPolicy::default() };
        let try_again = |info| next(&policy, 1, &failure(info), Time::default(), None);
        let fatal = ApplicationFailureInfo { r#type: "Fatal".into(), ..ApplicationFailureInfo::default() };
        assert_eq!(try_again(fatal), Err(RetryState::NonRetryableFailure));
        let never = ApplicationFailureInfo { non_retryable: true, ..ApplicationFailureInfo::default() };
        assert_eq!(try_again(never), Err(RetryState::NonRetryableFailure));
        let delay = Duration::from_secs(500);
        let later = ApplicationFailureInfo {
            next_retry_delay: Some(time::to_wire(delay)),
            ..ApplicationFailureInfo::default()
        };
        assert_eq!(try_again(later), Ok(Retry { after: delay }));
    }

    #[test]
    fn a_policy_is_completed_and_checked() {
        let mut policy = RetryPolicy::default();
        complete(&mut policy);
        assert_eq!(policy.maximum_interval, Some(perpetua_proto::protobuf::Duration { seconds: 100, nanos: 0 }));
        assert_eq!(check(&policy), Ok(()));
        let slow = RetryPolicy { backoff_coefficient: 0.5, ..RetryPolicy::default() };
        assert!(check(&slow).is_err_and(|problem| problem.contains("BackoffCoefficient")));
    }
}
