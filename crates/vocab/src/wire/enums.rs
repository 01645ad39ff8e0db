//! Enums: numbers that have a name, and numbers that do not yet.

use perpetua_proto::enums;

use crate::{
    CancelExternalWorkflowFailedCause, ContinueAsNewReason, ContinueAsNewVersioning, ErrorCategory, ParentClosePolicy,
    RetryState, SignalExternalWorkflowFailedCause, StartChildWorkflowFailedCause, TimeoutKind, WorkflowIdReusePolicy,
    WorkflowTaskFailedCause,
};

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

impl From<i32> for ParentClosePolicy {
    fn from(number: i32) -> Self {
        use enums::ParentClosePolicy as Wire;
        match Wire::try_from(number) {
            Ok(Wire::Unspecified) => Self::Unspecified,
            Ok(Wire::Terminate) => Self::Terminate,
            Ok(Wire::Abandon) => Self::Abandon,
            Ok(Wire::RequestCancel) => Self::RequestCancel,
            Err(_) => Self::Other(number),
        }
    }
}

impl From<ParentClosePolicy> for i32 {
    fn from(policy: ParentClosePolicy) -> Self {
        use enums::ParentClosePolicy as Wire;
        match policy {
            ParentClosePolicy::Unspecified => Wire::Unspecified.into(),
            ParentClosePolicy::Terminate => Wire::Terminate.into(),
            ParentClosePolicy::Abandon => Wire::Abandon.into(),
            ParentClosePolicy::RequestCancel => Wire::RequestCancel.into(),
            ParentClosePolicy::Other(number) => number,
        }
    }
}

#[expect(deprecated, reason = "children have no other way to say it")]
impl From<i32> for WorkflowIdReusePolicy {
    fn from(number: i32) -> Self {
        use enums::WorkflowIdReusePolicy as Wire;
        match Wire::try_from(number) {
            Ok(Wire::Unspecified) => Self::Unspecified,
            Ok(Wire::AllowDuplicate) => Self::AllowDuplicate,
            Ok(Wire::AllowDuplicateFailedOnly) => Self::AllowDuplicateFailedOnly,
            Ok(Wire::RejectDuplicate) => Self::RejectDuplicate,
            Ok(Wire::TerminateIfRunning) => Self::TerminateIfRunning,
            Err(_) => Self::Other(number),
        }
    }
}

#[expect(deprecated, reason = "children have no other way to say it")]
impl From<WorkflowIdReusePolicy> for i32 {
    fn from(policy: WorkflowIdReusePolicy) -> Self {
        use enums::WorkflowIdReusePolicy as Wire;
        match policy {
            WorkflowIdReusePolicy::Unspecified => Wire::Unspecified.into(),
            WorkflowIdReusePolicy::AllowDuplicate => Wire::AllowDuplicate.into(),
            WorkflowIdReusePolicy::AllowDuplicateFailedOnly => Wire::AllowDuplicateFailedOnly.into(),
            WorkflowIdReusePolicy::RejectDuplicate => Wire::RejectDuplicate.into(),
            WorkflowIdReusePolicy::TerminateIfRunning => Wire::TerminateIfRunning.into(),
            WorkflowIdReusePolicy::Other(number) => number,
        }
    }
}

impl From<i32> for StartChildWorkflowFailedCause {
    fn from(number: i32) -> Self {
        use enums::StartChildWorkflowExecutionFailedCause as Wire;
        match Wire::try_from(number) {
            Ok(Wire::WorkflowAlreadyExists) => Self::WorkflowAlreadyExists,
            Ok(Wire::NamespaceNotFound) => Self::NamespaceNotFound,
            Ok(_) | Err(_) => Self::Other(number),
        }
    }
}

impl From<StartChildWorkflowFailedCause> for i32 {
    fn from(cause: StartChildWorkflowFailedCause) -> Self {
        use enums::StartChildWorkflowExecutionFailedCause as Wire;
        match cause {
            StartChildWorkflowFailedCause::WorkflowAlreadyExists => Wire::WorkflowAlreadyExists.into(),
            StartChildWorkflowFailedCause::NamespaceNotFound => Wire::NamespaceNotFound.into(),
            StartChildWorkflowFailedCause::Other(number) => number,
        }
    }
}

impl From<i32> for SignalExternalWorkflowFailedCause {
    fn from(number: i32) -> Self {
        use enums::SignalExternalWorkflowExecutionFailedCause as Wire;
        match Wire::try_from(number) {
            Ok(Wire::ExternalWorkflowExecutionNotFound) => Self::WorkflowNotFound,
            Ok(Wire::NamespaceNotFound) => Self::NamespaceNotFound,
            Ok(Wire::SignalCountLimitExceeded) => Self::SignalCountLimitExceeded,
            Ok(_) | Err(_) => Self::Other(number),
        }
    }
}

impl From<SignalExternalWorkflowFailedCause> for i32 {
    fn from(cause: SignalExternalWorkflowFailedCause) -> Self {
        use enums::SignalExternalWorkflowExecutionFailedCause as Wire;
        match cause {
            SignalExternalWorkflowFailedCause::WorkflowNotFound => Wire::ExternalWorkflowExecutionNotFound.into(),
            SignalExternalWorkflowFailedCause::NamespaceNotFound => Wire::NamespaceNotFound.into(),
            SignalExternalWorkflowFailedCause::SignalCountLimitExceeded => Wire::SignalCountLimitExceeded.into(),
            SignalExternalWorkflowFailedCause::Other(number) => number,
        }
    }
}

impl From<i32> for CancelExternalWorkflowFailedCause {
    fn from(number: i32) -> Self {
        use enums::CancelExternalWorkflowExecutionFailedCause as Wire;
        match Wire::try_from(number) {
            Ok(Wire::ExternalWorkflowExecutionNotFound) => Self::WorkflowNotFound,
            Ok(Wire::NamespaceNotFound) => Self::NamespaceNotFound,
            Ok(_) | Err(_) => Self::Other(number),
        }
    }
}

impl From<CancelExternalWorkflowFailedCause> for i32 {
    fn from(cause: CancelExternalWorkflowFailedCause) -> Self {
        use enums::CancelExternalWorkflowExecutionFailedCause as Wire;
        match cause {
            CancelExternalWorkflowFailedCause::WorkflowNotFound => Wire::ExternalWorkflowExecutionNotFound.into(),
            CancelExternalWorkflowFailedCause::NamespaceNotFound => Wire::NamespaceNotFound.into(),
            CancelExternalWorkflowFailedCause::Other(number) => number,
        }
    }
}

impl From<i32> for ContinueAsNewVersioning {
    fn from(number: i32) -> Self {
        use enums::ContinueAsNewVersioningBehavior as Wire;
        match Wire::try_from(number) {
            Ok(Wire::Unspecified) => Self::Unspecified,
            Ok(Wire::AutoUpgrade) => Self::AutoUpgrade,
            Ok(Wire::UseRampingVersion) => Self::UseRampingVersion,
            Err(_) => Self::Other(number),
        }
    }
}

impl From<ContinueAsNewVersioning> for i32 {
    fn from(versioning: ContinueAsNewVersioning) -> Self {
        use enums::ContinueAsNewVersioningBehavior as Wire;
        match versioning {
            ContinueAsNewVersioning::Unspecified => Wire::Unspecified.into(),
            ContinueAsNewVersioning::AutoUpgrade => Wire::AutoUpgrade.into(),
            ContinueAsNewVersioning::UseRampingVersion => Wire::UseRampingVersion.into(),
            ContinueAsNewVersioning::Other(number) => number,
        }
    }
}

impl From<i32> for ContinueAsNewReason {
    fn from(number: i32) -> Self {
        use enums::SuggestContinueAsNewReason as Wire;
        match Wire::try_from(number) {
            Ok(Wire::HistorySizeTooLarge) => Self::HistorySizeTooLarge,
            Ok(Wire::TooManyHistoryEvents) => Self::TooManyHistoryEvents,
            Ok(Wire::TooManyUpdates) => Self::TooManyUpdates,
            Ok(Wire::Unspecified) | Err(_) => Self::Other(number),
        }
    }
}

impl From<ContinueAsNewReason> for i32 {
    fn from(reason: ContinueAsNewReason) -> Self {
        use enums::SuggestContinueAsNewReason as Wire;
        match reason {
            ContinueAsNewReason::HistorySizeTooLarge => Wire::HistorySizeTooLarge.into(),
            ContinueAsNewReason::TooManyHistoryEvents => Wire::TooManyHistoryEvents.into(),
            ContinueAsNewReason::TooManyUpdates => Wire::TooManyUpdates.into(),
            ContinueAsNewReason::Other(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number comes out as it went in, and those that have a word are not `Other`.
    fn check<T>(with_a_word: &[i32], is_other: impl Fn(&T) -> bool)
    where
        T: From<i32> + Into<i32> + std::fmt::Debug,
    {
        for number in (-2..100).chain([i32::MIN, i32::MAX]) {
            let read = T::from(number);
            assert_eq!(is_other(&read), !with_a_word.contains(&number), "{number} reads as {read:?}");
            assert_eq!(read.into(), number);
        }
    }

    #[test]
    fn known_numbers_have_words_and_unknown_ones_are_kept() {
        check(&[0, 1], |category| matches!(category, ErrorCategory::Other(_)));
        check(&[0, 1, 2, 3, 4], |kind| matches!(kind, TimeoutKind::Other(_)));
        check(&[0, 1, 2, 3, 4, 5, 6, 7], |state| matches!(state, RetryState::Other(_)));
        check(&[0, 1, 2, 3], |policy| matches!(policy, ParentClosePolicy::Other(_)));
        check(&[0, 1, 2, 3, 4], |policy| matches!(policy, WorkflowIdReusePolicy::Other(_)));
        check(&[0, 1, 2], |versioning| matches!(versioning, ContinueAsNewVersioning::Other(_)));
    }

    #[test]
    fn causes_without_a_word_are_kept_by_number() {
        check(&[14, 20, 24], |cause| matches!(cause, WorkflowTaskFailedCause::Other(_)));
        check(&[1, 2], |cause| matches!(cause, StartChildWorkflowFailedCause::Other(_)));
        check(&[1, 2, 3], |cause| matches!(cause, SignalExternalWorkflowFailedCause::Other(_)));
        check(&[1, 2], |cause| matches!(cause, CancelExternalWorkflowFailedCause::Other(_)));
        check(&[1, 2, 3], |reason| matches!(reason, ContinueAsNewReason::Other(_)));
    }
}
