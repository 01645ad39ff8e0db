//! Connections and typed handles to workflows.
//!
//! A [`Client`] starts workflows and reaches running ones through handles. Every operation is described, refined and
//! awaited, in one expression; nothing happens before `.await`. What a workflow takes, returns and throws is known from
//! its definition, so results and errors arrive as the types that the workflow declares.
//!
//! Not here: running workflows and activities (that is the worker's), and deciding what a history means.
//!
//! Read first: [`Client`], [`StartWorkflow`], [`WorkflowHandle`].
//!
//! ```text
//! Client::connect("localhost:7233") --> Client --start(call)--> StartWorkflow --.await--> handle of the workflow
//!                                         |                                                  |
//!                                         |   .result()  .query  .signal  .update  .cancel() ..
//!                                         |                                                  |
//!                                         `-- rpc(request): deadline, retries, typed errors <'--> server
//! ```

mod address;
mod builder;
mod channel;
mod client;
mod connect;
mod describe;
mod environment;
mod failure;
mod handle;
mod headers;
mod history;
mod host;
mod limit;
mod payloads;
mod query;
pub mod raw;
mod request_error;
mod reset;
mod result;
mod rpc;
mod server_info;
mod signal;
mod start;
mod status;
mod stop;
mod tls;
mod transport;
mod update;

pub use builder::ClientBuilder;
pub use client::Client;
pub use connect::ConnectError;
pub use describe::{
    DescribeRequest, PendingActivity, PendingActivityState, PendingChild, PendingWorkflowTask, WorkflowDescription,
};
pub use failure::WorkflowFailure;
pub use handle::{Handle, WorkflowHandle};
pub use history::{HistoryPages, HistoryRequest, RawHistoryRequest};
pub use payloads::PayloadError;
pub use perpetua_vocab::History;
pub use query::{QueryFailure, QueryReject, QueryRequest};
pub use request_error::RequestError;
pub use reset::{ResetPoint, ResetRequest};
pub use result::ResultRequest;
pub use rpc::{OperationStatus, Patience, Rpc, RpcCall, RpcCode, RpcDetail, RpcError, RpcRetry};
pub use server_info::{Capabilities, ServerInfo};
pub use signal::SignalRequest;
pub use start::{IdConflict, IdReuse, RunWorkflow, StartError, StartWorkflow};
pub use status::WorkflowStatus;
pub use stop::{CancelRequest, TerminateRequest};
pub use tls::TlsOptions;
pub use update::{UpdateCallRequest, UpdateFailure, UpdateHandle, UpdateResultRequest};
