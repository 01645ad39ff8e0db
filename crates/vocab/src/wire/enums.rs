//! Enums: numbers that have a name, and numbers that do not yet.

use perpetua_proto::enums;

use crate::{ErrorCategory, RetryState, TimeoutKind, WorkflowTaskFailedCause};

impl From<i32> for ErrorCategory {
    fn from(number: i32) -> Self {
        match enums::ApplicationErrorCategory::try_from(number) {
            Ok(enums::ApplicationErrorCategory::Unspecified) => Self::Unspecified,
            Ok(enums::ApplicationErrorCategory::Benign) => Self::Benign,
            Err(_) => Self::Other(number),
        }
    }
}

impl From<ErrorCategory> for i32 {
    fn from(category: ErrorCategory) -> Self {
        match category {
            ErrorCategory::Unspecified => enums::ApplicationErrorCategory::Unspecified.into(),
            ErrorCategory::Benign => enums::ApplicationErrorCategory::Benign.into(),
            ErrorCategory::Other(number) => number,
        }
    }
}

impl From<i32> for TimeoutKind {
    fn from(number: i32) -> Self {
        match enums::TimeoutType::try_from(number) {
            Ok(enums::TimeoutType::Unspecified) => Self::Unspecified,
            Ok(enums::TimeoutType::StartToClose) => Self::StartToClose,
            Ok(enums::TimeoutType::ScheduleToStart) => Self::ScheduleToStart,
            Ok(enums::TimeoutType::ScheduleToClose) => Self::ScheduleToClose,
            Ok(enums::TimeoutType::Heartbeat) => Self::Heartbeat,
            Err(_) => Self::Other(number),
        }
    }
}

impl From<TimeoutKind> for i32 {
    fn from(kind: TimeoutKind) -> Self {
        match kind {
            TimeoutKind::Unspecified => enums::TimeoutType::Unspecified.into(),
            TimeoutKind::StartToClose => enums::TimeoutType::StartToClose.into(),
            TimeoutKind::ScheduleToStart => enums::TimeoutType::ScheduleToStart.into(),
            TimeoutKind::ScheduleToClose => enums::TimeoutType::ScheduleToClose.into(),
            TimeoutKind::Heartbeat => enums::TimeoutType::Heartbeat.into(),
            TimeoutKind::Other(number) => number,
        }
    }
}

impl From<i32> for RetryState {
    fn from(number: i32) -> Self {
        match enums::RetryState::try_from(number) {
            Ok(enums::RetryState::Unspecified) => Self::Unspecified,
            Ok(enums::RetryState::InProgress) => Self::InProgress,
            Ok(enums::RetryState::NonRetryableFailure) => Self::NonRetryableFailure,
            Ok(enums::RetryState::Timeout) => Self::Timeout,
            Ok(enums::RetryState::MaximumAttemptsReached) => Self::MaximumAttemptsReached,
            Ok(enums::RetryState::RetryPolicyNotSet) => Self::RetryPolicyNotSet,
            Ok(enums::RetryState::InternalServerError) => Self::InternalServerError,
            Ok(enums::RetryState::CancelRequested) => Self::CancelRequested,
            Err(_) => Self::Other(number),
        }
    }
}

impl From<RetryState> for i32 {
    fn from(state: RetryState) -> Self {
        match state {
            RetryState::Unspecified => enums::RetryState::Unspecified.into(),
            RetryState::InProgress => enums::RetryState::InProgress.into(),
            RetryState::NonRetryableFailure => enums::RetryState::NonRetryableFailure.into(),
            RetryState::Timeout => enums::RetryState::Timeout.into(),
            RetryState::MaximumAttemptsReached => enums::RetryState::MaximumAttemptsReached.into(),
            RetryState::RetryPolicyNotSet => enums::RetryState::RetryPolicyNotSet.into(),
            RetryState::InternalServerError => enums::RetryState::InternalServerError.into(),
            RetryState::CancelRequested => enums::RetryState::CancelRequested.into(),
            RetryState::Other(number) => number,
        }
    }
}

impl From<i32> for WorkflowTaskFailedCause {
    fn from(number: i32) -> Self {
        use enums::WorkflowTaskFailedCause as Wire;
        match Wire::try_from(number) {
            Ok(Wire::WorkflowWorkerUnhandledFailure) => Self::WorkflowWorkerUnhandledFailure,
            Ok(Wire::NonDeterministicError) => Self::NondeterminismError,
            Ok(Wire::ResetWorkflow) => Self::ResetWorkflow,
            Ok(_) | Err(_) => Self::Other(number),
        }
    }
}

impl From<WorkflowTaskFailedCause> for i32 {
    fn from(cause: WorkflowTaskFailedCause) -> Self {
        use enums::WorkflowTaskFailedCause as Wire;
        match cause {
            WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure => Wire::WorkflowWorkerUnhandledFailure.into(),
            WorkflowTaskFailedCause::NondeterminismError => Wire::NonDeterministicError.into(),
            WorkflowTaskFailedCause::ResetWorkflow => Wire::ResetWorkflow.into(),
            WorkflowTaskFailedCause::Other(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number comes out as it went in, and those the protocol names (0 to `last`) are not `Other`.
    fn check<T: From<i32> + Into<i32> + std::fmt::Debug>(last: i32, is_other: impl Fn(&T) -> bool) {
        for number in (-2..100).chain([i32::MIN, i32::MAX]) {
            let read = T::from(number);
            assert_eq!(is_other(&read), !(0..=last).contains(&number), "{number} reads as {read:?}");
            assert_eq!(read.into(), number);
        }
    }

    #[test]
    fn known_numbers_have_words_and_unknown_ones_are_kept() {
        check(1, |category| matches!(category, ErrorCategory::Other(_)));
        check(4, |kind| matches!(kind, TimeoutKind::Other(_)));
        check(7, |state| matches!(state, RetryState::Other(_)));
    }

    #[test]
    fn causes_without_a_word_are_kept_by_number() {
        for number in -2..100 {
            let cause = WorkflowTaskFailedCause::from(number);
            assert_eq!(matches!(cause, WorkflowTaskFailedCause::Other(_)), ![14, 20, 24].contains(&number));
            assert_eq!(i32::from(cause), number);
        }
    }
}
