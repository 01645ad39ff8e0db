//! What `#[derive(ApplicationError)]` generates, written by hand, to prove that the helpers suffice.

use std::time::Duration;

use perpetua_convert::{
    ActivityFailure, AnyError, ApplicationDescription, ApplicationError, CallError, Canceled, ConversionError,
    DataConverter, Elapsed, FromCause, Remote, RemoteApplication, WaitFailure, derive,
};
use perpetua_vocab::{
    ActivityFailureInfo, ApplicationFailure, ErrorCategory, Failure, FailureInfo, Payload, TimeoutKind,
};

/// `#[derive(ApplicationError)]`
#[derive(Debug, thiserror::Error)]
enum BankError {
    /// `#[application(non_retryable)]`
    #[error("insufficient funds: {available} of {needed}")]
    InsufficientFunds { available: u64, needed: u64, hint: Option<String> },
    #[error("account {0} is closed by {1:?}")]
    Closed(String, Option<Vec<u8>>, #[source] Option<Remote>),
    /// `#[application(type = "Down", next_retry_delay = "30s", benign)]`
    #[error("bank is down")]
    Unavailable,
    #[error("bank refused")]
    Upstream {
        #[source]
        source: ActivityFailure<AnyError>,
    },
    #[error("ledger: {note}")]
    Ledger { note: String, source: Box<LedgerError> },
    #[error(transparent)]
    Stopped(#[from] WaitFailure),
    #[error("storage")]
    Storage(#[from] std::io::Error),
    #[error("something")]
    Anything(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ApplicationError for BankError {
    fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
        Ok(match self {
            Self::InsufficientFunds { available, needed, hint } => ApplicationDescription {
                non_retryable: true,
                ..derive::named(
                    "InsufficientFunds",
                    &["available", "needed", "hint"],
                    (available, (needed, (hint, ()))),
                    converter,
                )?
            },
            Self::Closed(account, by, source) => ApplicationDescription {
                cause: FromCause::to_cause(source, converter),
                ..derive::positional("Closed", (account, (by, ())), converter)?
            },
            Self::Unavailable => ApplicationDescription {
                next_retry_delay: Some(Duration::new(30, 0)),
                category: ErrorCategory::Benign,
                ..derive::unit("Down")
            },
            Self::Upstream { source } => ApplicationDescription {
                cause: FromCause::to_cause(source, converter),
                ..derive::named("Upstream", &[], (), converter)?
            },
            Self::Ledger { note, source } => ApplicationDescription {
                cause: FromCause::to_cause(source, converter),
                ..derive::named("Ledger", &["note"], (note, ()), converter)?
            },
            Self::Stopped(source) => ApplicationDescription {
                cause: FromCause::to_cause(source, converter),
                ..derive::positional("Stopped", (), converter)?
            },
            Self::Storage(source) => ApplicationDescription {
                cause: FromCause::to_cause(source, converter),
                ..derive::positional("Storage", (), converter)?
            },
            Self::Anything(source) => ApplicationDescription {
                cause: FromCause::to_cause(source, converter),
                ..derive::positional("Anything", (), converter)?
            },
        })
    }

    fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self> {
        match remote.failure_type {
            "InsufficientFunds" => {
                let (available, (needed, (hint, ()))) =
                    derive::read_named(remote, &["available", "needed", "hint"], converter)?;
                Some(Self::InsufficientFunds { available, needed, hint })
            }
            "Closed" => {
                let (account, (by, ())) = derive::read_positional(remote, converter)?;
                Some(Self::Closed(account, by, FromCause::from_cause(remote.cause, converter)?))
            }
            "Down" => Some(Self::Unavailable),
            "Upstream" => Some(Self::Upstream { source: FromCause::from_cause(remote.cause, converter)? }),
            "Ledger" => {
                let (note, ()) = derive::read_named(remote, &["note"], converter)?;
                Some(Self::Ledger { note, source: FromCause::from_cause(remote.cause, converter)? })
            }
            "Stopped" => Some(Self::Stopped(FromCause::from_cause(remote.cause, converter)?)),
            "Storage" => Some(Self::Storage(FromCause::from_cause(remote.cause, converter)?)),
            "Anything" => Some(Self::Anything(FromCause::from_cause(remote.cause, converter)?)),
            _ => None,
        }
    }

    fn as_canceled(&self) -> Option<&Canceled> {
        match self {
            Self::Closed(_, _, source) => FromCause::as_canceled(source),
            Self::Upstream { source } => FromCause::as_canceled(source),
            Self::Ledger { source, .. } => FromCause::as_canceled(source),
            Self::Stopped(source) => FromCause::as_canceled(source),
            Self::Storage(source) => FromCause::as_canceled(source),
            Self::Anything(source) => FromCause::as_canceled(source),
            _ => None,
        }
    }
}

/// `#[derive(ApplicationError)]`
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("ledger is off by {off_by}")]
struct LedgerError {
    off_by: i64,
}

impl ApplicationError for LedgerError {
    fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
        let Self { off_by } = self;
        Ok(ApplicationDescription {
            non_retryable: true,
            ..derive::named("LedgerError", &["off_by"], (off_by, ()), converter)?
        })
    }

    fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self> {
        match remote.failure_type {
            "LedgerError" => {
                let (off_by, ()) = derive::read_named(remote, &["off_by"], converter)?;
                Some(Self { off_by })
            }
            _ => None,
        }
    }
}

fn converters() -> Vec<DataConverter> {
    vec![
        DataConverter::default(),
        #[cfg(feature = "bincode")]
        DataConverter::default().with_payloads(perpetua_convert::PayloadConverter::bincode()),
    ]
}

fn sent(error: BankError) -> Failure {
    error.into_failure(&DataConverter::default())
}

fn arrived(failure: &Failure) -> BankError {
    BankError::read_failure(failure, &DataConverter::default()).unwrap()
}

fn application(failure: &Failure) -> &ApplicationFailure {
    failure.application().unwrap()
}

fn texts(failure: &Failure) -> Vec<&str> {
    let details = application(failure).details.iter().flatten();
    details.map(|detail| std::str::from_utf8(&detail.data).unwrap()).collect()
}

#[test]
fn named_fields_are_one_object() {
    for converter in converters() {
        let error = BankError::InsufficientFunds { available: 1, needed: 2, hint: None };
        let failure = error.into_failure(&converter);
        assert_eq!(failure.message, "insufficient funds: 1 of 2");
        assert_eq!(application(&failure).failure_type, "InsufficientFunds");
        assert!(application(&failure).non_retryable);
        assert_eq!(application(&failure).details.as_ref().unwrap().len(), 1);
        let back = BankError::read_failure(&failure, &converter);
        assert!(matches!(back, Some(BankError::InsufficientFunds { available: 1, needed: 2, hint: None })), "{back:?}");
    }
    let failure = sent(BankError::InsufficientFunds { available: 1, needed: 2, hint: None });
    assert_eq!(texts(&failure), [r#"{"available":1,"needed":2,"hint":null}"#]);
}

#[test]
fn fields_without_names_are_a_detail_each() {
    for converter in converters() {
        let failure = BankError::Closed("a1".into(), Some(vec![7]), None).into_failure(&converter);
        assert_eq!(application(&failure).details.as_ref().unwrap().len(), 2);
        assert_eq!(failure.cause, None);
        let back = BankError::read_failure(&failure, &converter);
        assert!(
            matches!(&back, Some(BankError::Closed(account, Some(by), None)) if account == "a1" && by == &[7]),
            "{back:?}"
        );
    }
}

#[test]
fn a_variant_without_fields_has_no_details() {
    let failure = sent(BankError::Unavailable);
    let ApplicationFailure { failure_type, non_retryable, details, next_retry_delay, category } = application(&failure);
    assert_eq!((failure_type.as_str(), *non_retryable, details), ("Down", false, &None));
    assert_eq!((*next_retry_delay, *category), (Some(Duration::from_secs(30)), ErrorCategory::Benign));
    assert!(matches!(arrived(&failure), BankError::Unavailable));
}

fn from_python(failure_type: &str, details: &[&'static str]) -> Failure {
    Failure {
        message: "declined".into(),
        source: "PythonSDK".into(),
        stack_trace: "  File \"bank.py\", line 3, in withdraw\n".into(),
        info: FailureInfo::Application(ApplicationFailure {
            failure_type: failure_type.into(),
            details: Some(details.iter().map(|detail| Payload::encoded("json/plain", *detail)).collect()),
            ..ApplicationFailure::default()
        }),
        ..Failure::default()
    }
}

#[test]
fn other_languages_can_throw_it() {
    let failure = from_python("InsufficientFunds", &[r#"{"needed": 2, "extra": [1], "available": 1}"#, "7"]);
    assert!(matches!(arrived(&failure), BankError::InsufficientFunds { available: 1, needed: 2, hint: None }));
    let failure = from_python("Closed", &[r#""a1""#]);
    assert!(matches!(arrived(&failure), BankError::Closed(account, None, None) if account == "a1"));
}

#[test]
fn what_it_does_not_know_is_not_it() {
    let read = |failure: &Failure| BankError::read_failure(failure, &DataConverter::default());
    assert!(read(&from_python("Overdrawn", &[])).is_none());
    assert!(read(&from_python("InsufficientFunds", &[])).is_none());
    assert!(read(&from_python("InsufficientFunds", &[r#"{"available": 1}"#])).is_none());
    assert!(read(&from_python("InsufficientFunds", &[r#"{"available": "1", "needed": 2}"#])).is_none());
    assert!(read(&from_python("InsufficientFunds", &["not json"])).is_none());
    assert!(read(&from_python("Closed", &[])).is_none());
    assert!(read(&from_python("Upstream", &[])).is_none());
    assert!(read(&Failure::default()).is_none());
}

#[test]
fn an_unencodable_field_is_said_and_does_not_stop_the_error() {
    #[derive(Debug, thiserror::Error)]
    #[error("bad map")]
    struct BadMap(std::collections::BTreeMap<Vec<u8>, u8>);
    impl ApplicationError for BadMap {
        fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
            derive::positional("BadMap", (&1, (&self.0, ())), converter)
        }
        fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self> {
            derive::read_nth_detail(remote, 1, converter).map(Self)
        }
    }
    let failure = BadMap([(vec![1], 1)].into()).into_failure(&DataConverter::default());
    assert!(failure.message.starts_with("bad map (argument 2 of 2: "), "{}", failure.message);
    assert!(failure.message.ends_with("cannot be encoded: key must be a string)"), "{}", failure.message);
    assert_eq!(application(&failure).failure_type, "ConversionError");
}

#[test]
fn a_typed_source_comes_back_typed() {
    let failure = sent(BankError::Ledger { note: "x".into(), source: Box::new(LedgerError { off_by: -1 }) });
    let cause = failure.cause.as_deref().unwrap();
    assert_eq!(application(cause).failure_type, "LedgerError");
    assert_eq!(texts(cause), [r#"{"off_by":-1}"#]);
    assert!(application(&failure).non_retryable, "taken from the cause");
    match arrived(&failure) {
        BankError::Ledger { note, source } => assert_eq!((note.as_str(), source.off_by), ("x", -1)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_as_source_is_the_cause_whole() {
    let inner = from_python("Overdrawn", &["1"]);
    let failure = sent(BankError::Closed("a1".into(), None, Some(Remote::new(inner.clone()))));
    assert_eq!(failure.cause.as_deref(), Some(&inner));
    match arrived(&failure) {
        BankError::Closed(_, _, Some(remote)) => assert_eq!(remote.to_failure(), inner),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_activity_as_source_comes_back_readable() {
    let inner = Failure {
        message: "activity task timed out".into(),
        cause: Some(Box::new(Failure {
            message: "too late".into(),
            info: FailureInfo::Timeout { kind: TimeoutKind::Heartbeat, last_heartbeat: None },
            ..Failure::default()
        })),
        info: FailureInfo::Activity(ActivityFailureInfo::default()),
        ..Failure::default()
    };
    let source = ActivityFailure::read(inner.clone(), &DataConverter::default());
    let failure = sent(BankError::Upstream { source });
    assert_eq!(failure.cause.as_deref(), Some(&inner));
    match arrived(&failure) {
        BankError::Upstream { source } => assert!(source.is_timeout()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_source_comes_back_as_a_failure() {
    let failure = sent(BankError::Storage(std::io::ErrorKind::NotFound.into()));
    assert_eq!(failure.cause.as_ref().unwrap().message, "entity not found");
    let again = sent(arrived(&failure));
    assert_eq!(again, failure);

    let failure = sent(BankError::Anything("words".into()));
    assert_eq!(failure.cause.as_ref().unwrap().message, "words");
    let again = sent(arrived(&failure));
    assert_eq!(again, failure);
}

#[test]
fn a_canceled_source_makes_it_a_cancellation() {
    let canceled = Canceled::because("enough");
    let failure = sent(BankError::Stopped(canceled.clone().into()));
    assert_eq!(failure, CallError::into_failure(AnyError::from(canceled.clone()), &DataConverter::default()));
    assert_eq!(failure.message, "canceled: enough");
    assert!(matches!(failure.info, FailureInfo::Canceled { .. }));

    let failure = sent(BankError::Anything(Box::new(canceled)));
    assert!(matches!(failure.info, FailureInfo::Canceled { .. }));
}

#[test]
fn an_elapsed_source_is_an_ordinary_cause() {
    let elapsed = Elapsed { after: Duration::from_millis(1500) };
    let failure = sent(BankError::Stopped(elapsed.clone().into()));
    assert_eq!(application(&failure).failure_type, "Stopped");
    assert!(matches!(arrived(&failure), BankError::Stopped(WaitFailure::Elapsed(back)) if back == elapsed));
}

#[test]
fn one_detail_can_be_read_alone() {
    let failure = from_python("X", &["1", "\"two\""]);
    let application = application(&failure);
    let details = application.details.as_deref().unwrap();
    let remote = RemoteApplication { failure_type: "X", message: "", details, cause: None };
    let converter = DataConverter::default();
    assert_eq!(derive::read_one_detail(&remote, &converter), Some(1));
    assert_eq!(derive::read_nth_detail(&remote, 1, &converter), Some("two".to_owned()));
    assert_eq!(derive::read_nth_detail(&remote, 2, &converter), Some(None::<u8>));
    assert_eq!(derive::read_nth_detail::<u8>(&remote, 2, &converter), None);
}
