//! What is known of a method: its name, and how long its answer may take.

use std::time::Duration;

use prost::Message;

/// A request, and with it the method that takes it. Implemented for the requests of `WorkflowService` and
/// `OperatorService`.
///
/// [`Client::rpc`](crate::Client::rpc) sends it.
pub trait Rpc: Message + 'static {
    /// What the server answers with.
    type Response: Message + Default + 'static;

    /// The method's name, such as `StartWorkflowExecution`.
    const METHOD: &'static str;

    /// Its full path.
    const PATH: &'static str;

    /// How long the answer may take.
    fn patience(&self) -> Patience;
}

/// How long the answer to a call may take, and how long the call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Patience {
    /// The server answers at once: 10 s for an attempt, retries as [`RpcRetry`](crate::RpcRetry) says.
    Short,
    /// The server answers when something happens, or after a minute at the latest: 70 s for an attempt, retried for as
    /// long as the caller waits.
    Long,
}

impl Patience {
    /// The longest that one attempt may take.
    pub(crate) fn attempt(self) -> Duration {
        match self {
            Self::Short => Duration::from_secs(10),
            Self::Long => Duration::from_secs(70),
        }
    }
}
