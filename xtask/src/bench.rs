//! Measures what is ours beside what is there already, in one run.

mod replay;
mod servers;
mod worlds;

pub(crate) use replay::run as replay;
pub(crate) use servers::run as servers;
pub(crate) use worlds::run as worlds;
