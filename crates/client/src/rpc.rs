//! Calls to the server: one way to make them, with deadlines, retries and typed errors.
//!
//! ```text
//! request --RpcCall--> attempt --ok--> response
//!                      ^     |
//!                      |     `--error--> RpcRetry: wait, or give up with an RpcError
//!                      `-------------------'
//! ```

mod call;
mod code;
mod codec;
mod deadline;
mod detail;
mod error;
mod exchange;
mod method;
mod methods;
mod retry;

pub use call::RpcCall;
pub use code::RpcCode;
pub use detail::{OperationStatus, RpcDetail};
pub use error::RpcError;
pub use method::{Patience, Rpc};
pub use retry::RpcRetry;

pub(crate) use codec::{AsItIs, MAX_RESPONSE_BYTES};
