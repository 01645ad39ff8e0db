//! Local activities: run where their workflow is played, while its task is in hand.
//!
//! ```text
//! lane --effects--> LocalDesk --slot--> attempts, one after the other --> end --> lane, as part of the same task
//!   |                                        ^
//!   `-- the run, and with it its Guard       |
//!          dropped: the run is gone ---------' canceled
//! ```
//!
//! Nothing of an attempt is told to the server. Its result is part of the workflow's answer; if that is lost, or the run
//! is forgotten, so is the result.

mod attempts;
mod desk;
mod retry;
mod running;

pub(crate) use desk::LocalDesk;
pub(crate) use running::{Guard, Running};
