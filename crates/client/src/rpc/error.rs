//! What became of a call that failed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use perpetua_vocab::Namespace;
use tonic::Status;

use super::{RpcCode, RpcDetail, detail};
use crate::connect::{root_cause, tls_problem};

/// A call to the server that failed: which one, where, with what, and how often it was tried.
pub struct RpcError(Box<Inner>);

struct Inner {
    method: &'static str,
    address: Arc<str>,
    code: RpcCode,
    message: String,
    details: Vec<RpcDetail>,
    attempts: u32,
    origin: Origin,
}

/// Who says so.
#[derive(Debug)]
enum Origin {
    /// The server.
    Server,
    /// Whatever lies between us and the server.
    Transport(Status),
    /// We: the response is not what it should be.
    Unreadable(Status),
    /// We: no answer came in time. What the attempt before failed with, if there was one.
    Elapsed { after: Duration, last: Option<RpcError> },
}

impl RpcError {
    /// An attempt failed.
    pub(super) fn of_status(method: &'static str, address: &Arc<str>, attempts: u32, status: Status) -> Self {
        let (code, details) = (RpcCode::of(status.code()), detail::details(status.details()));
        let (message, origin) = match status.source() {
            None => (status.message().to_owned(), Origin::Server),
            Some(source) if source.is::<prost::DecodeError>() => (root_cause(source), Origin::Unreadable(status)),
            Some(source) => (root_cause(source), Origin::Transport(status)),
        };
        Self(Box::new(Inner { method, address: Arc::clone(address), code, message, details, attempts, origin }))
    }

    /// We stopped waiting; `last` is what the attempt before failed with, if there was one.
    pub(super) fn elapsed(
        method: &'static str,
        address: &Arc<str>,
        attempts: u32,
        after: Duration,
        last: Option<Self>,
    ) -> Self {
        Self(Box::new(Inner {
            method,
            address: Arc::clone(address),
            code: RpcCode::DeadlineExceeded,
            message: String::new(),
            details: Vec::new(),
            attempts,
            origin: Origin::Elapsed { after, last },
        }))
    }

    /// Says how long was waited in all, where it took several calls.
    pub(crate) fn after(mut self, whole: Option<Duration>) -> Self {
        if let (Origin::Elapsed { after, last: _ }, Some(whole)) = (&mut self.0.origin, whole) {
            *after = whole;
        }
        self
    }

    /// Whether another attempt would fail the same way, whatever the code says.
    pub(super) fn is_pointless(&self) -> bool {
        let too_large = ["message larger than max", "message length too large"];
        matches!(self.0.origin, Origin::Unreadable(_))
            || too_large.iter().any(|words| self.0.message.contains(words))
            || tls_problem(self).is_some()
    }

    /// What kind of error it is.
    pub fn code(&self) -> RpcCode {
        self.0.code
    }

    /// What the server, or the network, said.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the server said beside.
    pub fn details(&self) -> &[RpcDetail] {
        &self.0.details
    }

    /// The method that was called, such as `StartWorkflowExecution`.
    pub fn method(&self) -> &'static str {
        self.0.method
    }

    /// The address of the server.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether no answer came in time. The request may have been carried out nonetheless.
    pub fn is_timeout(&self) -> bool {
        self.0.code == RpcCode::DeadlineExceeded
    }

    /// Whether what was named, such as the workflow, does not exist (any more), or is not open where it must be.
    pub fn is_not_found(&self) -> bool {
        self.0.code == RpcCode::NotFound
    }

    /// The namespace, if the error is that it does not exist.
    pub fn missing_namespace(&self) -> Option<&Namespace> {
        self.0.details.iter().find_map(|detail| match detail {
            RpcDetail::NamespaceNotFound { namespace } => Some(namespace),
            _ => None,
        })
    }

    /// What the error says, without where and what to do.
    fn what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = self.missing_namespace() {
            return write!(f, "namespace `{namespace}` does not exist");
        }
        match &self.0.origin {
            Origin::Elapsed { after, last: _ } => write!(f, "no answer within {after:?}"),
            Origin::Transport(_) if self.0.code == RpcCode::Unavailable => {
                write!(f, "the server cannot be reached ({})", self.0.message)
            }
            Origin::Transport(_) => write!(f, "the connection failed ({})", self.0.message),
            Origin::Unreadable(_) => write!(f, "the response cannot be read ({})", self.0.message),
            Origin::Server if self.0.message.is_empty() => write!(f, "{}", self.0.code),
            Origin::Server => write!(f, "{}: {}", self.0.code, self.0.message),
        }
    }

    /// What to do about it, where that is known.
    fn advice(&self) -> Option<&'static str> {
        match (&self.0.origin, self.0.code) {
            (Origin::Transport(_), RpcCode::Unavailable) => Some("check that it runs and that the address is right"),
            (_, RpcCode::DeadlineExceeded) if self.0.method == "QueryWorkflow" => {
                Some("queries are answered by workers: check that one polls the workflow's task queue")
            }
            (_, RpcCode::Unauthenticated) => Some("check the API key or the client certificate"),
            (_, RpcCode::PermissionDenied) => Some("ask whoever runs the server for the permission"),
            (_, RpcCode::Unimplemented) => Some("the server is too old for it, or has it switched off"),
            _ => None,
        }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} failed: ", self.0.method, self.0.address)?;
        self.what(f)?;
        if self.0.attempts > 1 && !matches!(self.0.origin, Origin::Elapsed { .. }) {
            write!(f, " ({} attempts)", self.0.attempts)?;
        }
        match (self.missing_namespace(), self.advice()) {
            (Some(namespace), _) => write!(
                f,
                "; create it with `temporal operator namespace create -n {namespace}`, or choose another when connecting"
            ),
            (None, Some(advice)) => write!(f, "; {advice}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcError")
            .field("method", &self.0.method)
            .field("address", &self.0.address)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("details", &self.0.details)
            .field("attempts", &self.0.attempts)
            .field("origin", &self.0.origin)
            .finish()
    }
}

impl Error for RpcError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.origin {
            Origin::Server => None,
            Origin::Transport(status) | Origin::Unreadable(status) => status.source(),
            Origin::Elapsed { after: _, last } => last.as_ref().map(|last| last as _),
        }
    }
}
