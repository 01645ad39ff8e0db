//! Errors that the derive makes travel, there and back.

use std::time::Duration;

use perpetua::{ApplicationError, CallError, Canceled, DataConverter, ErrorCategory, Failure, FailureInfo, Remote};

#[derive(Debug, thiserror::Error, ApplicationError)]
enum BankError {
    #[error("insufficient funds: {available} of {needed}")]
    #[application(non_retryable)]
    InsufficientFunds { available: u64, needed: u64 },
    #[error("account {0} is closed")]
    #[application(type = "Closed", benign)]
    AccountClosed(String, #[source] Remote),
    #[error("bank is down")]
    #[application(next_retry_delay = "1500ms")]
    Unavailable,
    #[error("stopped")]
    Stopped { source: Canceled },
    #[error("wrong card")]
    Card {
        #[source]
        reason: Declined,
        hint: Option<String>,
    },
}

#[derive(Debug, PartialEq, thiserror::Error, ApplicationError)]
#[error("declined: {reason}")]
#[application(type = "CardDeclined")]
struct Declined {
    reason: String,
}

fn sent<E: CallError>(error: E) -> Failure {
    error.into_failure(&DataConverter::default())
}

fn received<E: CallError>(failure: &Failure) -> Option<E> {
    E::read_failure(failure, &DataConverter::default())
}

#[test]
fn named_fields_are_one_object() {
    let failure = sent(BankError::InsufficientFunds { available: 1, needed: 2 });
    let application = failure.application().expect("an application failure");
    assert_eq!(failure.message, "insufficient funds: 1 of 2");
    assert_eq!(application.failure_type, "InsufficientFunds");
    assert!(application.non_retryable);
    let details = application.details.as_deref().expect("details");
    assert_eq!(details.len(), 1);
    assert_eq!(details[0].data, r#"{"available":1,"needed":2}"#);
    assert!(matches!(received(&failure), Some(BankError::InsufficientFunds { available: 1, needed: 2 })));
}

#[test]
fn fields_without_names_are_one_value_each_and_the_source_is_the_cause() {
    let failure = sent(BankError::AccountClosed("A1".to_owned(), Remote::new(sent(BankError::Unavailable))));
    let application = failure.application().expect("an application failure");
    assert_eq!(application.failure_type, "Closed");
    assert_eq!(application.category, ErrorCategory::Benign);
    assert_eq!(application.details.as_deref().map(|details| details.len()), Some(1));
    let Some(BankError::AccountClosed(account, cause)) = received(&failure) else { panic!("not the same error") };
    assert_eq!((account.as_str(), cause.message()), ("A1", "bank is down"));
}

#[test]
fn a_kind_without_fields_has_no_details() {
    let failure = sent(BankError::Unavailable);
    let application = failure.application().expect("an application failure");
    assert_eq!(application.details, None);
    assert_eq!(application.next_retry_delay, Some(Duration::from_millis(1500)));
    assert!(matches!(received(&failure), Some(BankError::Unavailable)));
}

#[test]
fn another_application_error_may_be_the_source() {
    let reason = Declined { reason: "stolen".to_owned() };
    let failure = sent(BankError::Card { reason, hint: None });
    let Some(BankError::Card { reason, hint: None }) = received(&failure) else { panic!("not the same error") };
    assert_eq!(reason.reason, "stolen");
    assert_eq!(received::<Declined>(failure.cause.as_deref().expect("a cause")), Some(reason));
}

#[test]
fn an_error_that_comes_from_a_cancellation_travels_as_one() {
    let failure = sent(BankError::Stopped { source: Canceled::default() });
    assert!(matches!(failure.info, FailureInfo::Canceled { .. }));
}

#[test]
fn an_error_of_another_type_is_not_read() {
    assert!(received::<BankError>(&sent(Declined { reason: String::new() })).is_none());
}
