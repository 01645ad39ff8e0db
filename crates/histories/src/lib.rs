//! Takes a sample of a server's histories and writes each to a file, so that tests can replay what really happened.
//!
//! ```text
//! list (executions of the server) -> choose (a few of each kind) -> fetch -> store (type/id-run.json)
//! ```
//!
//! Which ones are taken depends on the list alone: the same list gives the same sample. Payloads are written as the server has
//! them; what a codec has encrypted stays encrypted.
//!
//! Read first: [`Pull`], `choose.rs`.

mod choose;
mod list;
mod name;
mod pull;
mod store;

pub use choose::{Listed, choose};
pub use pull::{Pull, PullError, Pulled, PulledType, Taken};
pub use store::Change;
