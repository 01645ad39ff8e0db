//! Measures how long histories take to be replayed.

use crate::{Outcome, cargo, succeed};

/// Builds the program that replays with optimisation, and runs it on these files: protobuf histories of the workflows in
/// `crates/testkit/src/bin/bench_replay.rs`, as they are or compressed with gzip.
pub(crate) fn run(files: &[&str]) -> Outcome<()> {
    let program = ["run", "--release", "--package", "perpetua-testkit", "--bin", "bench_replay", "--"];
    succeed(cargo(&program).args(files))
}
