//! Finds in the sources of workflows what a replay could not repeat, explains it, and says what to write instead.
//!
//! Clippy knows names, and not where they are used; this knows workflows. It reads the sources of a workspace, without
//! compiling them, follows calls from the functions of `#[workflow]`, and looks at what is reached, and at nothing else: in
//! activities, tests and `main`, everything is fine.
//!
//! ```text
//! cargo metadata -> workspace -> source (files, modules) -> index (imports, functions, types)
//!     index + resolve + ty -> walk, chain, macros, loops (one function) -> lint (calls, allowances) -> report
//! ```
//!
//! It sees what syntax shows: names through imports, types that are declared nearby. What hides in another crate or behind a
//! trait it does not see; the feature `guard` of `perpetua` finds that while it happens.
//!
//! Read first: [`Rule`], [`lint`], `forbidden.rs`.

mod allow;
mod chain;
mod clippy;
mod forbidden;
mod index;
mod lint;
mod loops;
mod macros;
mod report;
mod resolve;
mod rule;
mod source;
mod ty;
mod walk;
mod workspace;

pub use clippy::clippy_toml;
pub use lint::lint;
pub use report::{Finding, Report};
pub use rule::{Rule, Severity};
pub use source::Unreadable;
pub use workspace::{Target, Workspace, WorkspaceError};
