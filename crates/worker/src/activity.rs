//! Activities: how one is implemented, what it holds, and how a worker runs its attempts.
//!
//! ```text
//! poll --slot--> ActivityTask --decode--> attempt (a task or a thread of its own) --Ended--> Report --encode--> server
//!                                             |  ^
//!                                   heartbeats|  |cancellation, with its reason
//!                                             v  |
//!                                            server
//! ```

mod attempt;
mod cancel;
mod context;
mod heartbeat;
mod implementation;
mod info;
mod lone;
mod report;

pub use cancel::CancelReason;
pub use context::ActivityContext;
pub use implementation::{Activities, ActivityExecution, ActivityImplementation, ActivitySet};
pub use info::ActivityInfo;
pub use lone::{LoneAttempt, lone_info};

pub(crate) use attempt::{ActivityDesk, failure_of_join, run};
pub(crate) use cancel::Cancellation;
pub(crate) use heartbeat::Throttle;
pub(crate) use report::{Ended, Report, report};
