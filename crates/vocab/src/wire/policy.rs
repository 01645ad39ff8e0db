//! Policies: retries, priority, versions.

use perpetua_proto::workflow::versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior};
use perpetua_proto::{common, deployment, workflow};

use super::time::{encode_duration, optional_duration};
use crate::{Malformed, Priority, RetryPolicy, VersioningOverride, WorkerDeploymentVersion};

impl TryFrom<common::RetryPolicy> for RetryPolicy {
    type Error = Malformed;

    fn try_from(wire: common::RetryPolicy) -> Result<Self, Malformed> {
        let common::RetryPolicy {
            initial_interval,
            backoff_coefficient,
            maximum_interval,
            maximum_attempts,
            non_retryable_error_types,
        } = wire;
        Ok(Self {
            initial_interval: optional_duration("RetryPolicy.initial_interval", initial_interval)?,
            backoff_coefficient: if backoff_coefficient == 0.0 { None } else { Some(backoff_coefficient) },
            maximum_interval: optional_duration("RetryPolicy.maximum_interval", maximum_interval)?,
            maximum_attempts: u32::try_from(maximum_attempts).map_err(|_| {
                Malformed::new("RetryPolicy.maximum_attempts", format!("is negative: {maximum_attempts}"))
            })?,
            non_retryable_error_types,
        })
    }
}

/// More attempts than the protocol can count are written as the most that it can.
impl From<RetryPolicy> for common::RetryPolicy {
    fn from(policy: RetryPolicy) -> Self {
        let RetryPolicy {
            initial_interval,
            backoff_coefficient,
            maximum_interval,
            maximum_attempts,
            non_retryable_error_types,
        } = policy;
        Self {
            initial_interval: initial_interval.map(encode_duration),
            backoff_coefficient: backoff_coefficient.unwrap_or_default(),
            maximum_interval: maximum_interval.map(encode_duration),
            maximum_attempts: i32::try_from(maximum_attempts).unwrap_or(i32::MAX),
            non_retryable_error_types,
        }
    }
}

impl From<VersioningOverride> for workflow::VersioningOverride {
    fn from(versioning: VersioningOverride) -> Self {
        let said = match versioning {
            VersioningOverride::AutoUpgrade => Override::AutoUpgrade(true),
            VersioningOverride::Pinned(WorkerDeploymentVersion { deployment_name, build_id }) => {
                Override::Pinned(PinnedOverride {
                    behavior: PinnedOverrideBehavior::Pinned.into(),
                    version: Some(deployment::WorkerDeploymentVersion { build_id, deployment_name }),
                })
            }
        };
        Self { r#override: Some(said), ..Self::default() }
    }
}

impl From<common::Priority> for Priority {
    fn from(wire: common::Priority) -> Self {
        let common::Priority { priority_key, fairness_key, fairness_weight } = wire;
        Self { key: priority_key, fairness_key, fairness_weight }
    }
}

impl From<Priority> for common::Priority {
    fn from(priority: Priority) -> Self {
        let Priority { key, fairness_key, fairness_weight } = priority;
        Self { priority_key: key, fairness_key, fairness_weight }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_of_zero_leaves_it_to_the_server() {
        let read = RetryPolicy::try_from(common::RetryPolicy::default()).expect("nothing is malformed");
        assert_eq!(read, RetryPolicy::default());
        assert_eq!(common::RetryPolicy::from(read), common::RetryPolicy::default());
    }

    #[test]
    fn negative_attempts_are_malformed() {
        let wire = common::RetryPolicy { maximum_attempts: -1, ..Default::default() };
        let malformed = RetryPolicy::try_from(wire).expect_err("negative");
        assert_eq!(malformed.to_string(), "RetryPolicy.maximum_attempts is negative: -1");
    }
}
