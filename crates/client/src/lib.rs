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
mod client;
mod connect;
mod failure;
mod handle;
mod headers;
mod history;
mod limit;
mod payloads;
pub mod raw;
mod result;
mod rpc;
mod server_info;
mod start;
mod tls;
mod transport;

pub use builder::ClientBuilder;
pub use client::Client;
pub use connect::ConnectError;
pub use failure::WorkflowFailure;
pub use handle::{Handle, WorkflowHandle};
pub use payloads::PayloadError;
pub use result::ResultRequest;
pub use rpc::{OperationStatus, Patience, Rpc, RpcCall, RpcCode, RpcDetail, RpcError, RpcRetry};
pub use server_info::{Capabilities, ServerInfo};
pub use start::{IdConflict, IdReuse, RunWorkflow, StartError, StartWorkflow};
pub use tls::TlsOptions;
