//! A failure that came over the network, as an error.

use std::error::Error;
use std::fmt;

use perpetua_vocab::{Failure, FailureInfo, TimeoutKind};

/// A failure as it arrived: readable whatever made it, and passed on whole when it is returned again.
#[derive(Clone, PartialEq)]
pub struct Remote(Box<Whole>);

/// The failure itself. It is an error of its own so that an error that stands for the failure can have it as its source:
/// it shows what lies beneath, because the error in front of it already shows the rest.
#[derive(Clone, PartialEq)]
struct Whole {
    /// Without its cause.
    failure: Failure,
    cause: Option<Remote>,
}

impl Remote {
    /// Wraps a failure.
    pub fn new(mut failure: Failure) -> Self {
        let cause = failure.cause.take().map(|cause| Self::new(*cause));
        Self(Box::new(Whole { failure, cause }))
    }

    /// What a person reads.
    pub fn message(&self) -> &str {
        &self.0.failure.message
    }

    /// The type name of an application failure.
    pub fn failure_type(&self) -> Option<&str> {
        self.0.failure.application().map(|application| application.failure_type.as_str())
    }

    /// Whether an application failure, here or deeper in the causes, says that trying again is pointless.
    pub fn is_non_retryable(&self) -> bool {
        self.chain().any(|remote| forbids_retry(&remote.0.failure))
    }

    /// Whether a deadline passed, here or deeper in the causes.
    pub fn timeout(&self) -> Option<TimeoutKind> {
        self.chain().find_map(|remote| match remote.info() {
            FailureInfo::Timeout { kind, .. } => Some(*kind),
            _ => None,
        })
    }

    /// Whether it is a cancellation, or the report that an activity, a child or an operation ended with one. Somebody's
    /// own error that merely came from a cancellation is not.
    pub fn is_canceled(&self) -> bool {
        match (self.info(), self.cause()) {
            (FailureInfo::Canceled { .. }, _) => true,
            (
                FailureInfo::Activity(_) | FailureInfo::ChildWorkflow(_) | FailureInfo::NexusOperation(_),
                Some(cause),
            ) => cause.is_canceled(),
            _ => false,
        }
    }

    /// The stack trace, in the form of the language that made it; empty if there is none.
    pub fn stack_trace(&self) -> &str {
        &self.0.failure.stack_trace
    }

    /// What it came from.
    pub fn cause(&self) -> Option<&Self> {
        self.0.cause.as_ref()
    }

    /// This failure, its cause, the cause of that, and so on.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |remote| remote.0.cause.as_ref())
    }

    /// The kind of failure, with what belongs to it.
    pub fn info(&self) -> &FailureInfo {
        &self.0.failure.info
    }

    /// The failure, whole.
    pub fn into_failure(self) -> Failure {
        let Whole { mut failure, cause } = *self.0;
        failure.cause = cause.map(|cause| Box::new(cause.into_failure()));
        failure
    }

    /// The failure, whole, copied.
    pub fn to_failure(&self) -> Failure {
        self.clone().into_failure()
    }

    /// For the `source()` of an error type that stands for this failure and shows it: it shows the causes only, so that
    /// nothing is printed twice, and it lets the failure be passed on whole.
    pub fn as_source(&self) -> &(dyn Error + 'static) {
        &*self.0
    }

    /// The failure that an error is, or stands for.
    pub(crate) fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        error.downcast_ref::<Self>().cloned().or_else(|| {
            let whole = error.source()?.downcast_ref::<Whole>()?;
            Some(Self(Box::new(whole.clone())))
        })
    }
}

/// Whether this one failure, its causes aside, says that trying again is pointless.
pub(crate) fn forbids_retry(failure: &Failure) -> bool {
    match &failure.info {
        FailureInfo::Application(application) => application.non_retryable,
        FailureInfo::Server { non_retryable } => *non_retryable,
        _ => false,
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message();
        match self.info() {
            FailureInfo::Application(application) if !application.failure_type.is_empty() => {
                write!(f, "{}: {message}", application.failure_type)
            }
            FailureInfo::Activity(activity) => {
                f.write_str("activity ")?;
                if let Some(name) = &activity.activity_type {
                    write!(f, "{name} ")?;
                }
                write!(f, "(id {}) failed", activity.activity_id)
            }
            FailureInfo::ChildWorkflow(child) => {
                f.write_str("child workflow ")?;
                if let Some(name) = &child.workflow_type {
                    write!(f, "{name} ")?;
                }
                if let Some(execution) = &child.execution {
                    write!(f, "(id {}) ", execution.workflow_id)?;
                }
                f.write_str("failed")
            }
            _ if !message.is_empty() => f.write_str(message),
            FailureInfo::Timeout { .. } => f.write_str("timed out"),
            FailureInfo::Canceled { .. } => f.write_str("canceled"),
            FailureInfo::Terminated { .. } => f.write_str("terminated"),
            _ => f.write_str("failed without a message"),
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("failure", &self.0.failure).field("cause", &self.0.cause).finish()
    }
}

impl Error for Remote {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => cause.fmt(f),
            None if self.failure.message.is_empty() => f.write_str("failed without a message"),
            None => f.write_str(&self.failure.message),
        }
    }
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Whole {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref()?.source()
    }
}
