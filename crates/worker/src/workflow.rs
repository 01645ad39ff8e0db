//! Workflow tasks: from the poll to the answer.
//!
//! ```text
//! poll --slot--> WorkflowDesk --decode--> Work ==> lane (a thread that owns its runs) ==> Played --encode--> server
//!                     ^  |                                                                                    |
//!                     |  `-- pages of history, as the run asks for them                                       |
//!                     `------------------ the next task of the run, come back with the answer ----------------'
//! ```
//!
//! *One task at a time*: whoever plays a run holds its [`Pass`](runs::Pass), from before the first event until the server
//! has accepted the answer. So a lane never sees two tasks of one run mixed, however many were polled.

mod codec;
mod desk;
mod fate;
mod lane;
mod lanes;
mod observer;
mod pages;
mod queues;
mod runs;
mod thread;
mod watch;

pub(crate) use desk::WorkflowDesk;
pub(crate) use fate::EndsWorkflow;
pub(crate) use lane::Subject;
pub(crate) use lanes::Lanes;
pub use observer::FailedWorkflowTask;
pub(crate) use observer::Observer;
pub(crate) use queues::Queues;
pub(crate) use runs::{Forgets, Limits, Runs};
