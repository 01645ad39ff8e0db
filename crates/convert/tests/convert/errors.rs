//! Errors on their way out and back.

use std::error::Error;
use std::time::Duration;

use perpetua_convert::{
    ActivityFailure, AnyError, ApplicationDescription, ApplicationError, CallError, Canceled, ConversionError,
    DataConverter, Elapsed, LateFailure, Remote, RemoteApplication, ReturnedError, WaitFailure, WorkflowError,
    WorkflowResult,
};
use perpetua_vocab::{
    ActivityFailureInfo, ApplicationFailure, ChildWorkflowFailureInfo, ErrorCategory, Failure, FailureInfo, Payload,
    TimeoutKind,
};

#[derive(Debug, PartialEq, thiserror::Error)]
enum BankError {
    #[error("account {0} is closed")]
    Closed(String),
    #[error("the vault is stuck")]
    Stuck(#[source] Box<Self>),
}

impl ApplicationError for BankError {
    fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
        Ok(match self {
            Self::Closed(account) => ApplicationDescription {
                failure_type: "Closed".into(),
                details: Some(vec![converter.payloads().encode(account)?]),
                ..ApplicationDescription::default()
            },
            Self::Stuck(_) => {
                ApplicationDescription { failure_type: "Stuck".into(), ..ApplicationDescription::default() }
            }
        })
    }

    fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self> {
        match remote.failure_type {
            "Closed" => converter.payloads().decode(remote.details.first()?).ok().map(Self::Closed),
            _ => None,
        }
    }
}

/// An error that says nothing but what it came from.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Wrapped<E: Error + 'static> {
    message: &'static str,
    source: E,
}

fn wrap<E: Error>(message: &'static str, source: E) -> Wrapped<E> {
    Wrapped { message, source }
}

/// The same without a place among the sources.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Transparent<E: Error + 'static>(E);

fn converter() -> DataConverter {
    DataConverter::default()
}

fn send<E: ReturnedError>(error: E) -> Failure {
    error.into_failure(&converter())
}

fn thrown(failure_type: &str, non_retryable: bool) -> Failure {
    Failure {
        message: "it broke".into(),
        source: "PythonSDK".into(),
        stack_trace: "  File \"bank.py\"\n".into(),
        info: FailureInfo::Application(ApplicationFailure {
            failure_type: failure_type.into(),
            non_retryable,
            details: Some(vec![Payload::encoded("json/plain", r#""a1""#)]),
            ..ApplicationFailure::default()
        }),
        ..Failure::default()
    }
}

fn of_kind(info: FailureInfo) -> Failure {
    Failure { message: "as it is".into(), info, ..Failure::default() }
}

fn canceled() -> Failure {
    of_kind(FailureInfo::Canceled { details: None, identity: Default::default() })
}

fn in_activity(cause: Failure) -> Failure {
    Failure {
        message: "Activity task failed".into(),
        cause: Some(Box::new(cause)),
        info: FailureInfo::Activity(ActivityFailureInfo {
            activity_type: Some("withdraw".into()),
            activity_id: "5".into(),
            ..ActivityFailureInfo::default()
        }),
        ..Failure::default()
    }
}

fn read<E: CallError>(failure: Failure) -> ActivityFailure<E> {
    ActivityFailure::read(failure, &converter())
}

fn application(failure: &Failure) -> &ApplicationFailure {
    failure.application().unwrap_or_else(|| panic!("not an application failure: {failure:?}"))
}

fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}

mod remote {
    use super::*;

    #[test]
    fn a_failure_comes_out_as_it_went_in() {
        let failure = in_activity(Failure { cause: Some(Box::new(canceled())), ..thrown("X", true) });
        let remote = Remote::new(failure.clone());
        assert_eq!(remote.to_failure(), failure);
        assert_eq!(remote.clone().into_failure(), failure);
        assert_eq!(send(AnyError::from(remote.clone())), failure);
        assert_eq!(send(WorkflowError::<BankError>::Remote(remote)), failure);
    }

    #[test]
    fn it_can_be_asked() {
        let remote = Remote::new(in_activity(thrown("X", true)));
        assert_eq!(remote.message(), "Activity task failed");
        assert_eq!(remote.failure_type(), None);
        assert!(remote.is_non_retryable());
        assert!(!remote.is_canceled());
        assert_eq!(remote.timeout(), None);
        let cause = Remote::cause(&remote).unwrap();
        assert_eq!(cause.failure_type(), Some("X"));
        assert_eq!(cause.stack_trace(), "  File \"bank.py\"\n");
        assert_eq!(remote.chain().count(), 2);
        assert!(Remote::new(of_kind(FailureInfo::Server { non_retryable: true })).is_non_retryable());
        let kind = TimeoutKind::Heartbeat;
        let late = of_kind(FailureInfo::Timeout { kind, last_heartbeat: None });
        assert_eq!(Remote::new(in_activity(late)).timeout(), Some(kind));
    }

    #[test]
    fn every_kind_has_words() {
        let text = |failure| Remote::new(failure).to_string();
        assert_eq!(text(thrown("X", false)), "X: it broke");
        assert_eq!(text(thrown("", false)), "it broke");
        assert_eq!(text(in_activity(canceled())), "activity withdraw (id 5) failed");
        let info = ChildWorkflowFailureInfo { workflow_type: Some("Order".into()), ..Default::default() };
        assert_eq!(text(of_kind(FailureInfo::ChildWorkflow(info))), "child workflow Order failed");
        assert_eq!(text(Failure::default()), "failed without a message");
        assert_eq!(text(canceled()), "as it is");
        let silent = |failure: Failure| Failure { message: String::new(), ..failure };
        assert_eq!(text(silent(canceled())), "canceled");
    }

    #[test]
    fn only_a_cancellation_itself_is_one() {
        let is_canceled = |failure| Remote::new(failure).is_canceled();
        assert!(is_canceled(canceled()));
        assert!(is_canceled(in_activity(canceled())));
        assert!(is_canceled(Failure {
            info: FailureInfo::ChildWorkflow(ChildWorkflowFailureInfo::default()),
            ..in_activity(in_activity(canceled()))
        }));
        assert!(!is_canceled(Failure { cause: Some(Box::new(canceled())), ..thrown("X", false) }));
    }
}

mod activity_failure {
    use super::*;

    #[test]
    fn its_own_error_is_found_in_the_envelope() {
        let failure = in_activity(send(BankError::Closed("a1".into())));
        let seen = read::<BankError>(failure.clone());
        assert_eq!(seen.application(), Some(&BankError::Closed("a1".into())));
        assert_eq!(seen.remote().to_failure(), failure);
        assert_eq!(seen.into_remote().into_failure(), failure);
        // Without an envelope too: local activities and mocks have none.
        assert!(read::<BankError>(send(BankError::Closed("a1".into()))).application().is_some());
    }

    #[test]
    fn an_error_of_another_language_is_its_own_error_too() {
        assert_eq!(read(in_activity(thrown("Closed", false))).application(), Some(&BankError::Closed("a1".into())));
    }

    #[test]
    fn what_is_not_its_error_stays_readable() {
        for failure in [
            thrown("Unheard", false),
            Failure { info: FailureInfo::Application(Default::default()), ..thrown("Closed", false) },
            of_kind(FailureInfo::Server { non_retryable: false }),
            of_kind(FailureInfo::None),
        ] {
            match read::<BankError>(in_activity(failure.clone())) {
                ActivityFailure::Other(remote) => assert_eq!(remote.into_failure(), in_activity(failure)),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn details_that_cannot_be_read_leave_it_readable() {
        let mut failure = thrown("Closed", false);
        failure.info = FailureInfo::Application(ApplicationFailure {
            failure_type: "Closed".into(),
            details: Some(vec![Payload::encoded("my/own", "?")]),
            ..ApplicationFailure::default()
        });
        let seen = read::<BankError>(in_activity(failure));
        assert!(matches!(&seen, ActivityFailure::Other(remote) if remote.cause().is_some()));
    }

    #[test]
    fn the_platforms_failures_are_told_apart() {
        let kind = TimeoutKind::StartToClose;
        let late = of_kind(FailureInfo::Timeout { kind, last_heartbeat: None });
        assert!(
            matches!(read::<BankError>(in_activity(late.clone())), ActivityFailure::Timeout(seen, _) if seen == kind)
        );
        assert!(read::<BankError>(late).is_timeout());
        assert!(read::<BankError>(in_activity(canceled())).is_canceled());
    }

    #[test]
    fn any_error_takes_every_application_failure() {
        match read::<AnyError>(in_activity(thrown("X", true))) {
            ActivityFailure::Application(error, _) => {
                assert_eq!(error.remote().unwrap().failure_type(), Some("X"));
                assert_eq!(error.to_string(), "X: it broke");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_shown_twice() {
        let seen = read::<BankError>(in_activity(Failure { cause: Some(Box::new(canceled())), ..thrown("X", false) }));
        assert_eq!(chain(&seen), ["activity withdraw (id 5) failed", "X: it broke", "as it is"]);
        assert_eq!(chain(&read::<BankError>(thrown("X", false))), ["activity failed", "it broke"]);
        assert_eq!(
            format!("{:?}", AnyError::from(seen)),
            "activity withdraw (id 5) failed\n  caused by: X: it broke\n  caused by: as it is"
        );
    }
}

mod any_error {
    use super::*;

    #[test]
    fn it_is_a_message_with_what_was_said() {
        let error = AnyError::message("no such order")
            .failure_type("NotFound")
            .non_retryable()
            .next_retry_delay(Duration::from_secs(3))
            .benign()
            .details(("a1", 7));
        let failure = send(error);
        assert_eq!((failure.message.as_str(), failure.source.as_str()), ("no such order", "Perpetua"));
        let expected = ApplicationFailure {
            failure_type: "NotFound".into(),
            non_retryable: true,
            details: Some(vec![Payload::encoded("json/plain", r#"["a1",7]"#)]),
            next_retry_delay: Some(Duration::from_secs(3)),
            category: ErrorCategory::Benign,
        };
        assert_eq!(application(&failure), &expected);
    }

    #[test]
    fn sources_become_causes() {
        let parse = "x".parse::<u8>().unwrap_err();
        let failure = send(AnyError::from(wrap("outer", wrap("inner", parse))));
        let messages: Vec<_> = failure.chain().map(|failure| failure.message.as_str()).collect();
        assert_eq!(messages, ["outer", "inner", "invalid digit found in string"]);
        assert!(failure.chain().all(|failure| failure.source == "Perpetua" && failure.application().is_some()));
        assert!(!application(&failure).non_retryable);
    }

    #[test]
    fn deep_causes_are_all_kept() {
        let mut remote = Remote::new(thrown("X", true));
        for _ in 0..90 {
            remote = Remote::new(Failure { cause: Some(Box::new(remote.into_failure())), ..thrown("Y", false) });
        }
        let failure = send(AnyError::from(wrap("outer", remote)));
        assert_eq!(failure.chain().count(), 92);
        assert!(application(&failure).non_retryable);
    }

    #[test]
    fn a_failure_beneath_is_kept_whole_and_keeps_its_say_about_retries() {
        let inner = in_activity(thrown("X", true));
        let failure = send(AnyError::from(wrap("could not pay", read::<BankError>(inner.clone()))));
        assert_eq!(failure.message, "could not pay");
        assert_eq!(failure.cause.as_deref(), Some(&inner));
        assert!(application(&failure).non_retryable);

        let retryable = send(AnyError::from(wrap("could not pay", Remote::new(thrown("X", false)))));
        assert!(!application(&retryable).non_retryable);
    }

    #[test]
    fn an_error_that_stands_for_a_failure_is_that_failure() {
        let inner = in_activity(thrown("X", false));
        assert_eq!(send(AnyError::from(read::<BankError>(inner.clone()))), inner);
        assert_eq!(send(AnyError::from(std::io::Error::other(Remote::new(inner.clone())))), inner);
        let bare = thrown("X", false);
        assert_eq!(send(AnyError::from(read::<BankError>(bare.clone()))), bare);
        assert_eq!(AnyError::from(read::<BankError>(bare.clone())).remote().unwrap().to_failure(), bare);
        assert_eq!(AnyError::from(wrap("x", Remote::new(bare.clone()))).remote().unwrap().to_failure(), bare);
        assert!(AnyError::message("x").remote().is_none());
    }

    #[test]
    fn what_is_said_of_a_failure_wraps_it_unless_it_can_be_said_of_itself() {
        let inner = in_activity(thrown("X", false));
        let failure = send(AnyError::from(read::<BankError>(inner.clone())).failure_type("Y").non_retryable());
        assert_eq!(failure.message, "activity withdraw (id 5) failed");
        assert_eq!(application(&failure).failure_type, "Y");
        assert!(application(&failure).non_retryable);
        assert_eq!(failure.cause.as_deref(), Some(&inner));

        let failure = send(AnyError::from(Remote::new(thrown("X", false))).non_retryable());
        assert_eq!(failure, thrown("X", true));
    }

    #[test]
    fn a_cancellation_inside_makes_it_one() {
        let canceled = Canceled::because("enough");
        for error in [
            AnyError::from(canceled.clone()),
            AnyError::from(WaitFailure::from(canceled.clone())),
            AnyError::from(wrap("step 2", canceled.clone())),
            AnyError::from(wrap("step 2", WaitFailure::from(canceled.clone()))).non_retryable(),
        ] {
            assert!(error.is_cancellation());
            let failure = send(error);
            assert!(matches!(failure.info, FailureInfo::Canceled { .. }));
            assert_eq!(failure.message, "canceled: enough");
        }
    }

    #[test]
    fn boxed_errors_and_words_have_a_way_in() {
        let boxed: Box<dyn Error + Send + Sync> = Box::new(Remote::new(thrown("X", false)));
        assert_eq!(send(AnyError::boxed(boxed)), thrown("X", false));
        assert_eq!(AnyError::boxed("words").to_string(), "words");
    }

    #[test]
    fn an_elapsed_wait_has_a_name() {
        let failure = send(AnyError::from(Elapsed { after: Duration::from_secs(3) }));
        assert_eq!(application(&failure).failure_type, Elapsed::FAILURE_TYPE);
        assert_eq!(failure.message, "the wait took longer than 3s");
    }
}

mod application_error {
    use super::*;

    #[test]
    fn its_sources_become_causes() {
        let failure = send(BankError::Stuck(Box::new(BankError::Closed("a1".into()))));
        assert_eq!(application(&failure).failure_type, "Stuck");
        assert_eq!(failure.cause.as_ref().unwrap().message, "account a1 is closed");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Box<dyn Error + Send + Sync>);

    impl ApplicationError for Outer {
        fn describe(&self, _converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
            Ok(ApplicationDescription { failure_type: "Outer".into(), ..ApplicationDescription::default() })
        }

        fn rebuild(_remote: &RemoteApplication<'_>, _converter: &DataConverter) -> Option<Self> {
            None
        }
    }

    #[test]
    fn a_failure_beneath_keeps_its_say_about_retries() {
        let failure = send(Outer(Box::new(read::<BankError>(in_activity(thrown("X", true))))));
        assert!(application(&failure).non_retryable);
        let failure = send(Outer(Box::new(wrap("middle", Remote::new(thrown("X", true))))));
        assert!(application(&failure).non_retryable);
        let failure = send(Outer(Box::new(Remote::new(thrown("X", false)))));
        assert!(!application(&failure).non_retryable);
    }

    #[test]
    fn a_cancellation_beneath_makes_it_one() {
        let error = Outer(Box::new(wrap("middle", Canceled::default())));
        assert!(error.is_cancellation());
        let failure = send(error);
        assert!(matches!(failure.info, FailureInfo::Canceled { .. }));
        assert_eq!(failure.message, "canceled");
    }

    #[test]
    fn a_canceled_activity_beneath_does_not() {
        let error = Outer(Box::new(read::<BankError>(in_activity(canceled()))));
        assert!(!error.is_cancellation());
        assert_eq!(application(&send(error)).failure_type, "Outer");
    }
}

mod workflow_error {
    use super::*;

    type Typed<T> = WorkflowResult<T, BankError>;

    fn typed_own() -> Typed<()> {
        Err(BankError::Closed("a1".into()))?
    }
    fn typed_activity() -> Typed<()> {
        Err(read::<std::convert::Infallible>(in_activity(canceled())))?
    }
    fn typed_any_activity() -> Typed<()> {
        Err(read::<AnyError>(in_activity(thrown("X", true))))?
    }
    fn typed_canceled() -> Typed<()> {
        Err(Canceled::default())?
    }
    fn typed_elapsed() -> Typed<()> {
        Err(Elapsed { after: Duration::from_secs(1) })?
    }
    fn typed_wait() -> Typed<()> {
        Err(WaitFailure::from(Canceled::default()))?
    }
    fn typed_into() -> Typed<()> {
        Err(BankError::Closed("a1".into()).into())
    }

    #[test]
    fn question_mark_works_on_everything_where_the_error_is_typed() {
        assert!(matches!(typed_own(), Err(WorkflowError::Application(BankError::Closed(_)))));
        assert!(matches!(typed_into(), Err(WorkflowError::Application(BankError::Closed(_)))));
        assert!(matches!(typed_activity(), Err(WorkflowError::Remote(remote)) if remote.is_canceled()));
        assert!(matches!(typed_any_activity(), Err(WorkflowError::Remote(remote)) if remote.is_non_retryable()));
        assert!(matches!(typed_canceled(), Err(WorkflowError::Canceled(_))));
        assert!(matches!(typed_elapsed(), Err(WorkflowError::Elapsed(_))));
        assert!(matches!(typed_wait(), Err(WorkflowError::Canceled(_))));
    }

    fn untyped_std() -> WorkflowResult<u8> {
        Ok("x".parse::<u8>()?)
    }
    fn untyped_own() -> WorkflowResult<()> {
        Err(BankError::Closed("a1".into()))?
    }
    fn untyped_any() -> WorkflowResult<()> {
        Err(AnyError::message("x"))?
    }
    fn untyped_activity() -> WorkflowResult<()> {
        Err(read::<BankError>(in_activity(canceled())))?
    }
    fn untyped_remote() -> WorkflowResult<()> {
        Err(Remote::new(thrown("X", true)))?
    }
    fn untyped_canceled() -> WorkflowResult<()> {
        Err(Canceled::default())?
    }
    fn untyped_elapsed() -> WorkflowResult<()> {
        Err(Elapsed { after: Duration::from_secs(1) })?
    }
    fn untyped_wait(canceled: bool) -> WorkflowResult<()> {
        let elapsed = Elapsed { after: Duration::from_secs(1) };
        Err(if canceled { WaitFailure::Canceled(Canceled::default()) } else { WaitFailure::Elapsed(elapsed) })?
    }

    #[test]
    fn question_mark_works_on_everything_where_it_is_not() {
        assert!(matches!(untyped_std(), Err(WorkflowError::Application(_))));
        assert!(matches!(untyped_own(), Err(WorkflowError::Application(_))));
        assert!(matches!(untyped_any(), Err(WorkflowError::Application(_))));
        assert!(matches!(untyped_activity(), Err(WorkflowError::Remote(remote)) if remote.is_canceled()));
        assert!(matches!(untyped_remote(), Err(WorkflowError::Remote(_))));
        assert!(matches!(untyped_canceled(), Err(WorkflowError::Canceled(_))));
        assert!(matches!(untyped_elapsed(), Err(WorkflowError::Elapsed(_))));
        assert!(matches!(untyped_wait(true), Err(WorkflowError::Canceled(_))));
        assert!(matches!(untyped_wait(false), Err(WorkflowError::Elapsed(_))));
    }

    #[test]
    fn what_was_said_survives_the_question_mark() {
        let error: WorkflowError<AnyError> = AnyError::from(Remote::new(thrown("X", false))).failure_type("Y").into();
        assert_eq!(application(&send(error)).failure_type, "Y");
    }

    #[test]
    fn each_knows_whether_it_is_a_cancellation() {
        assert!(typed_activity().unwrap_err().is_canceled());
        assert!(typed_canceled().unwrap_err().is_canceled());
        assert!(untyped_activity().unwrap_err().is_canceled());
        assert!(WorkflowError::from(wrap("x", Canceled::default())).is_canceled());
        assert!(!typed_own().unwrap_err().is_canceled());
        assert!(!typed_elapsed().unwrap_err().is_canceled());
    }

    #[test]
    fn each_travels() {
        assert_eq!(application(&send(typed_own().unwrap_err())).failure_type, "Closed");
        assert_eq!(send(typed_any_activity().unwrap_err()), in_activity(thrown("X", true)));
        assert_eq!(send(untyped_remote().unwrap_err()), thrown("X", true));
        assert!(matches!(send(typed_canceled().unwrap_err()).info, FailureInfo::Canceled { .. }));
        assert_eq!(application(&send(typed_elapsed().unwrap_err())).failure_type, "Elapsed");
        assert_eq!(send(untyped_own().unwrap_err()).message, "account a1 is closed");
    }

    #[test]
    fn words_of_each() {
        assert_eq!(typed_own().unwrap_err().to_string(), "account a1 is closed");
        assert_eq!(typed_activity().unwrap_err().to_string(), "activity withdraw (id 5) failed");
        assert_eq!(untyped_std().unwrap_err().to_string(), "invalid digit found in string");
        assert_eq!(typed_canceled().unwrap_err().to_string(), "canceled");
    }
}

#[test]
fn a_transparent_layer_hides_a_cancellation_from_the_sources() {
    // Why `ApplicationError::as_canceled` is overridden by the derive. Without it, `source` does not show what is inside.
    let failure = send(AnyError::from(Transparent(Canceled::default())));
    assert!(failure.application().is_some());
}

#[test]
fn an_error_can_wait_for_its_converter() {
    let late = LateFailure::new(BankError::Closed("a1".into()));
    assert_eq!(late.into_failure(&converter()), send(BankError::Closed("a1".into())));
    assert_eq!(
        LateFailure::new(WorkflowError::<BankError>::from(Canceled::default())).into_failure(&converter()).message,
        "canceled"
    );
}

#[test]
fn errors_are_small() {
    let words = |size: usize| size / size_of::<usize>();
    assert_eq!(words(size_of::<AnyError>()), 1);
    assert_eq!(words(size_of::<Remote>()), 1);
    assert!(words(size_of::<ActivityFailure<AnyError>>()) <= 3);
    assert!(words(size_of::<WorkflowError<AnyError>>()) <= 4);
    assert!(words(size_of::<perpetua_convert::CodecError>()) <= 6);
}
