//! Errors that cross the network: what code throws, what callers see.
//!
//! ```text
//! thrown:   ApplicationError, AnyError, WorkflowError --ReturnedError--> Failure
//! seen:     Failure --CallError--> the same type again, inside ActivityFailure and its siblings; else a Remote
//! ```

mod activity;
mod any;
mod application;
mod call;
mod canceled;
mod cause;
mod child;
mod external;
mod remote;
mod workflow;

pub use activity::ActivityFailure;
pub use any::AnyError;
pub use application::{ApplicationDescription, ApplicationError, RemoteApplication};
pub use call::{CallError, LateFailure, ReturnedError};
pub use canceled::{Canceled, Elapsed, WaitFailure};
pub use cause::FromCause;
pub use child::ChildFailure;
pub use external::ExternalFailure;
pub use remote::Remote;
pub use workflow::{WorkflowError, WorkflowResult};
