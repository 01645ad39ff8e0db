//! Workflows whose code is data: plans made by dice, and the one workflow that follows them.

mod plan;
mod program;

pub use plan::{COUNTED, Leaving, Place, Plan};
pub use program::{Input, Program, stumble};
