//! Updates: requests that a running workflow may refuse, accept and answer.
//!
//! ```text
//! describe --.start().await--> accepted --.result().await--> answer, or UpdateFailure
//!    `-------------------------.await-----------------------------^
//! ```

mod failure;
mod handle;
mod request;

pub use failure::UpdateFailure;
pub use handle::{UpdateHandle, UpdateResultRequest};
pub use request::UpdateCallRequest;
