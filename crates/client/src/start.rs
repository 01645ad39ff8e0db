//! Starting workflows: `client.start(call)` and `client.run(call)`.

mod error;
mod options;
mod policy;
mod run;
mod send;
mod workflow;

pub use error::StartError;
pub use policy::{IdConflict, IdReuse};
pub use run::RunWorkflow;
pub use workflow::StartWorkflow;
