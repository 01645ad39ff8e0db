//! From pages of events to turns.

mod reader;
mod turn;

pub use reader::{Reader, Step};
pub use turn::{Record, Turn, UpdateArrival};
