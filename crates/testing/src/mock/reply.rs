//! How a mocked call ends, and when.

use std::fmt;
use std::time::Duration;

use perpetua_convert::{CallError, Canceled, ConversionError, DataConverter, RawValue, Value};
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, Payload, TimeoutKind};

/// How a mocked call ends, and when: what the closure of a mock returns where a plain `Result` does not say enough.
///
/// ```text
/// env.mock(Bank::withdraw).answer(|account, _, booking| {
///     if account == "ann" { Reply::value(booking).after(days(2)) } else { Reply::timeout(TimeoutKind::StartToClose) }
/// });
/// ```
#[must_use = "a reply is what the closure of a mock returns"]
pub struct Reply<O, E> {
    pub(super) end: End<O, E>,
    pub(super) after: Option<Duration>,
}

/// How a mocked call ends.
pub(super) enum End<O, E> {
    Value(O),
    Error(E),
    Failure(Box<Failure>),
    Never,
}

impl<O, E> Reply<O, E> {
    /// Returns this value.
    pub fn value(value: O) -> Self {
        Self { end: End::Value(value), after: None }
    }

    /// Fails with this error, which is of the type that the activity or the workflow declares. Whether it is tried again is
    /// decided as ever: by the error and by the retry policy.
    pub fn error(error: E) -> Self {
        Self { end: End::Error(error), after: None }
    }

    /// Fails with this failure, of any kind.
    pub fn failure(failure: Failure) -> Self {
        Self { end: End::Failure(Box::new(failure)), after: None }
    }

    /// Fails with an error of this type and message, as one in another language would throw it, which is not tried again.
    pub fn non_retryable(failure_type: impl Into<String>, message: impl Into<String>) -> Self {
        let application = ApplicationFailure {
            failure_type: failure_type.into(),
            non_retryable: true,
            ..ApplicationFailure::default()
        };
        Self::failure(failure(message.into(), FailureInfo::Application(application)))
    }

    /// Fails as if this deadline had passed, now; an attempt of an activity is tried again where that is usual. To let a
    /// deadline of the call really pass, there is [`never`](Self::never), which is all that can be done on a server
    /// elsewhere.
    pub fn timeout(kind: TimeoutKind) -> Self {
        let info = FailureInfo::Timeout { kind, last_heartbeat: None };
        Self::failure(failure(format!("the mock timed out: {kind:?}"), info))
    }

    /// Never ends by itself: until it times out, it is asked to stop, or the test is over.
    pub fn never() -> Self {
        Self { end: End::Never, after: None }
    }

    /// The same so much later, by the clock of the world. Asked to stop meanwhile, it ends as canceled.
    pub fn after(mut self, time: Duration) -> Self {
        self.after = Some(time);
        self
    }
}

impl<O: fmt::Debug, E: fmt::Debug> fmt::Debug for Reply<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Value(value) => f.debug_tuple("Value").field(value).finish()?,
            End::Error(error) => f.debug_tuple("Error").field(error).finish()?,
            End::Failure(failure) => f.debug_tuple("Failure").field(failure).finish()?,
            End::Never => f.write_str("Never")?,
        }
        self.after.map_or(Ok(()), |after| write!(f, " after {after:?}"))
    }
}

/// A failure that a test makes.
pub(super) fn failure(message: String, info: FailureInfo) -> Failure {
    Failure { message, source: "Perpetua".to_owned(), info, ..Failure::default() }
}

/// A reply without its types. A run of a workflow that is played again gets the same.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(super) after: Option<Duration>,
    /// None if it never ends.
    pub(super) end: Option<Result<Payload, Box<Failure>>>,
}

impl Decision {
    pub(super) fn fail(failure: Failure) -> Self {
        Self { after: None, end: Some(Err(Box::new(failure))) }
    }

    /// # Errors
    /// When the value cannot be encoded.
    pub(super) fn of<O: Value, E: CallError>(
        reply: Reply<O, E>,
        converter: &DataConverter,
    ) -> Result<Self, ConversionError> {
        let Reply { end, after } = reply;
        let end = match end {
            End::Value(value) => Some(Ok(converter.payloads().encode(&value)?)),
            End::Error(error) => Some(Err(Box::new(error.into_failure(converter)))),
            End::Failure(failure) => Some(Err(failure)),
            End::Never => None,
        };
        Ok(Self { after, end })
    }
}

/// A failure as it is, as the error of an activity or a workflow.
#[derive(Debug)]
pub(super) struct Thrown(Box<Failure>);

impl CallError for Thrown {
    fn into_failure(self, _: &DataConverter) -> Failure {
        *self.0
    }

    fn read_failure(failure: &Failure, _: &DataConverter) -> Option<Self> {
        Some(Self(Box::new(failure.clone())))
    }

    fn is_cancellation(&self) -> bool {
        matches!(self.0.info, FailureInfo::Canceled { .. })
    }
}

impl From<Canceled> for Thrown {
    fn from(canceled: Canceled) -> Self {
        let info = FailureInfo::Canceled { details: None, identity: perpetua_vocab::Identity::default() };
        Self(Box::new(failure(canceled.to_string(), info)))
    }
}

/// What a mocked activity returns. Servers take no failures from activities but those of applications and cancellations.
pub(super) fn reported(end: Result<Payload, Box<Failure>>) -> Result<RawValue, Thrown> {
    returned(end.map_err(|thrown| match thrown.info {
        FailureInfo::Application(_) | FailureInfo::Canceled { .. } => thrown,
        _ => {
            let info = FailureInfo::Application(ApplicationFailure::default());
            Box::new(Failure { message: thrown.message.clone(), cause: Some(thrown), ..failure(String::new(), info) })
        }
    }))
}

/// What a mocked workflow returns.
pub(super) fn returned(end: Result<Payload, Box<Failure>>) -> Result<RawValue, Thrown> {
    end.map(RawValue).map_err(Thrown)
}
