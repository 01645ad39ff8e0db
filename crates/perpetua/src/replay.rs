//! Replaying recorded histories: whether a change of code can follow the workflows that run already.
//!
//! ```
//! use perpetua::prelude::*;
//! use perpetua::replay::{History, ReplayFailure, Replayer};
//!
//! # #[workflow]
//! # async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> { Ok(name) }
//! /// For a test, with histories of production: a change that they cannot follow fails it.
//! fn the_workflows_still_do_what_was_recorded(histories: &[History]) -> Result<(), ReplayFailure> {
//!     let replayer = Replayer::new().workflow(greeting);
//!     for replayed in replayer.replay_all(histories) {
//!         let replayed = replayed?;
//!         println!("{} tasks of {} replayed", replayed.turns, replayed.workflow_type);
//!     }
//!     Ok(())
//! }
//! # assert!(the_workflows_still_do_what_was_recorded(&[]).is_ok());
//! ```

pub use perpetua_vocab::{History, Malformed};
pub use perpetua_workflow::{
    Cause, Fault, Mismatch, Pending, Place, ReplayFailure, Replayed, Replayer, Row, Workflows,
};
