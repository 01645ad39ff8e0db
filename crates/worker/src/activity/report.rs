//! What the server is told about the end of an attempt.
//!
//! | the attempt             | requested | worker shutdown  | paused, reset               | gone, timed out | not canceled |
//! |-------------------------|-----------|------------------|-----------------------------|-----------------|--------------|
//! | returned a value        | completed | completed        | completed                   | completed       | completed    |
//! | returned a cancellation | canceled  | retryable failure| `ActivityPause`, -`Reset`   | nothing         | failure      |
//! | returned another error  | failure   | failure          | failure                     | failure         | failure      |
//!
//! A value is reported whatever happened meanwhile: the server decides whether it still wants it.

use perpetua_vocab::{Failure, FailureInfo, Payload, Payloads};

use super::cancel::{CancelReason, Cancellation};
use crate::failure;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With a value.
    Returned(Payload),
    /// With a failure: its own, a panic's, or one of ours.
    Failed(Failure),
}

/// What the server is told.
#[derive(Debug, PartialEq)]
pub(crate) enum Report {
    Completed(Payload),
    Failed(Failure),
    Canceled(Option<Payloads>),
    /// Nobody waits for it.
    Nothing,
}

/// Decides what the server is told. `invalid_heartbeat` is what was wrong with a heartbeat, if something was.
pub(crate) fn report(ended: Ended, cancellation: &Cancellation, invalid_heartbeat: Option<Failure>) -> Report {
    let failed = match (ended, invalid_heartbeat) {
        (Ended::Returned(payload), _) => return Report::Completed(payload),
        (Ended::Failed(_), Some(invalid)) => return Report::Failed(invalid),
        (Ended::Failed(failed), None) => failed,
    };
    let Some(cancel) = canceled_in(&failed) else {
        return Report::Failed(as_application(failed));
    };
    if cancellation.is_requested() {
        return Report::Canceled(details(cancel));
    }
    match cancellation.reason() {
        Some(CancelReason::Requested) => Report::Canceled(details(cancel)),
        Some(CancelReason::WorkerShutdown) => {
            Report::Failed(failure::application("WorkerShutdown", "the worker shut down while the activity ran"))
        }
        Some(CancelReason::Paused) => Report::Failed(failure::application("ActivityPause", "the activity was paused")),
        Some(CancelReason::Reset) => Report::Failed(failure::application("ActivityReset", "the activity was reset")),
        Some(CancelReason::Gone | CancelReason::TimedOut) => Report::Nothing,
        Some(CancelReason::InvalidHeartbeat) | None => Report::Failed(as_application(failed)),
    }
}

/// The cancellation in a failure or its causes.
fn canceled_in(failure: &Failure) -> Option<&Failure> {
    failure.chain().find(|failure| matches!(failure.info, FailureInfo::Canceled { .. }))
}

fn details(cancel: &Failure) -> Option<Payloads> {
    match &cancel.info {
        FailureInfo::Canceled { details, .. } => details.clone(),
        _ => None,
    }
}

/// The server takes application failures only: that of a workflow or an activity that this one waited for, a time that ran
/// out, or a cancellation that nobody asked for is the cause of one.
fn as_application(failed: Failure) -> Failure {
    let kind = match failed.info {
        FailureInfo::Application(_) => return failed,
        FailureInfo::Canceled { .. } => "Canceled",
        FailureInfo::Timeout { .. } => "Timeout",
        FailureInfo::Terminated { .. } => "Terminated",
        FailureInfo::Server { .. } => "Server",
        FailureInfo::Activity(_) => "Activity",
        FailureInfo::ChildWorkflow(_) => "ChildWorkflow",
        FailureInfo::NexusOperation(_) => "NexusOperation",
        FailureInfo::NexusHandler(_) => "NexusHandler",
        _ => "Failure",
    };
    Failure { cause: Some(Box::new(failed.clone())), ..failure::application(kind, failed.message) }
}

#[cfg(test)]
mod tests {
    use perpetua_vocab::TimeoutKind;

    use super::*;

    fn canceled() -> Failure {
        let info = FailureInfo::Canceled { details: Some(vec![value()]), identity: Default::default() };
        Failure { message: "canceled".to_owned(), info, ..Failure::default() }
    }

    fn value() -> Payload {
        Payload::encoded("json/plain", "1")
    }

    fn for_reasons(reasons: &[CancelReason]) -> Cancellation {
        let cancellation = Cancellation::default();
        reasons.iter().for_each(|reason| cancellation.cancel(*reason));
        cancellation
    }

    fn reported(failure: Failure, reasons: &[CancelReason]) -> Report {
        report(Ended::Failed(failure), &for_reasons(reasons), None)
    }

    fn failure_type(report: Report) -> String {
        match report {
            Report::Failed(failure) => {
                let application = failure.application().expect("an application failure");
                assert!(!application.non_retryable);
                application.failure_type.clone()
            }
            other => panic!("not a failure: {other:?}"),
        }
    }

    const ALL: [CancelReason; 7] = [
        CancelReason::Requested,
        CancelReason::Gone,
        CancelReason::TimedOut,
        CancelReason::WorkerShutdown,
        CancelReason::Paused,
        CancelReason::Reset,
        CancelReason::InvalidHeartbeat,
    ];

    #[test]
    fn a_value_is_reported_whatever_happened_meanwhile() {
        for reason in ALL {
            let report = report(Ended::Returned(value()), &for_reasons(&[reason]), Some(Failure::default()));
            assert_eq!(report, Report::Completed(value()), "{reason:?}");
        }
    }

    #[test]
    fn an_error_of_its_own_is_reported_whatever_happened_meanwhile() {
        let own = failure::application("Own", "own");
        for reason in ALL {
            assert_eq!(reported(own.clone(), &[reason]), Report::Failed(own.clone()), "{reason:?}");
        }
    }

    #[test]
    fn only_what_the_server_asked_for_is_reported_as_canceled() {
        let details = Some(vec![value()]);
        assert_eq!(reported(canceled(), &[CancelReason::Requested]), Report::Canceled(details.clone()));
        let later = [CancelReason::Paused, CancelReason::Requested];
        assert_eq!(reported(canceled(), &later), Report::Canceled(details.clone()));
        let wrapped = Failure { cause: Some(Box::new(canceled())), ..failure::application("Wrapper", "stopped") };
        assert_eq!(reported(wrapped.clone(), &[CancelReason::Requested]), Report::Canceled(details));
        assert_eq!(reported(wrapped.clone(), &[]), Report::Failed(wrapped));
    }

    #[test]
    fn other_reasons_become_failures_that_are_tried_again() {
        assert_eq!(failure_type(reported(canceled(), &[CancelReason::WorkerShutdown])), "WorkerShutdown");
        assert_eq!(failure_type(reported(canceled(), &[CancelReason::Paused])), "ActivityPause");
        assert_eq!(failure_type(reported(canceled(), &[CancelReason::Reset])), "ActivityReset");
        assert_eq!(failure_type(reported(canceled(), &[])), "Canceled");
    }

    #[test]
    fn failures_of_others_travel_in_one_of_the_activity() {
        let timeout = FailureInfo::Timeout { kind: TimeoutKind::StartToClose, last_heartbeat: None };
        let timeout = Failure { message: "too late".to_owned(), info: timeout, ..Failure::default() };
        let Report::Failed(told) = reported(timeout.clone(), &[]) else { panic!("it failed") };
        assert_eq!(told.message, "too late");
        assert_eq!(told.cause.as_deref(), Some(&timeout));
        assert_eq!(failure_type(Report::Failed(told)), "Timeout");
    }

    #[test]
    fn nobody_is_told_what_nobody_waits_for() {
        assert_eq!(reported(canceled(), &[CancelReason::Gone]), Report::Nothing);
        assert_eq!(reported(canceled(), &[CancelReason::TimedOut]), Report::Nothing);
    }

    #[test]
    fn an_invalid_heartbeat_is_what_the_attempt_fails_with() {
        let invalid = failure::application("InvalidHeartbeat", "not text");
        let cancellation = for_reasons(&[CancelReason::InvalidHeartbeat]);
        let report = report(Ended::Failed(canceled()), &cancellation, Some(invalid.clone()));
        assert_eq!(report, Report::Failed(invalid));
    }
}
