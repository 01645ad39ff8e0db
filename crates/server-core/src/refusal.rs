//! Why a request is not done: a gRPC code, a message, and the detail that clients decide by.

use std::fmt;

use perpetua_proto::errordetails;
use perpetua_proto::protobuf::Any;
use perpetua_proto::rpc::Status;

use crate::any::{Named, any};

/// The gRPC codes that the server answers with, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The caller gave up.
    Canceled = 1,
    /// The request is wrong in itself.
    InvalidArgument = 3,
    /// There was not enough time.
    DeadlineExceeded = 4,
    /// What the request speaks of is not there.
    NotFound = 5,
    /// What the request would make is there.
    AlreadyExists = 6,
    /// It is not allowed here.
    PermissionDenied = 7,
    /// A limit is reached.
    ResourceExhausted = 8,
    /// Not in this state.
    FailedPrecondition = 9,
    /// Another operation of the same request failed.
    Aborted = 10,
    /// This server does not do that.
    Unimplemented = 12,
    /// A fault of the server's own.
    Internal = 13,
    /// The server is going away.
    Unavailable = 14,
}

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What kind of reason.
    pub code: Code,
    /// The reason in words.
    pub message: String,
    /// What clients decide by, beside the code.
    pub detail: Option<Any>,
}

/// The answer to a request.
pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// Without a detail.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None }
    }

    /// With a detail.
    #[must_use]
    pub fn with(mut self, detail: &impl Named) -> Self {
        self.detail = Some(any(detail));
        self
    }

    /// The request is wrong in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// What the request speaks of is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message).with(&errordetails::NotFoundFailure::default())
    }

    /// Not in this state.
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, message)
    }

    /// A limit is reached.
    pub fn exhausted(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceExhausted, message).with(&errordetails::ResourceExhaustedFailure::default())
    }

    /// As `grpc-status-details-bin` has it.
    pub fn to_status(&self) -> Status {
        Status { code: self.code as i32, message: self.message.clone(), details: self.detail.iter().cloned().collect() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
