//! From descriptor sets to `proto/` to `crates/proto`; the work is done by `xtask-codegen`.

use crate::{Outcome, cargo, succeed};

/// Generates `crates/proto/src/generated` from `proto/`.
pub(crate) fn codegen() -> Outcome<()> {
    run("generate", &[])
}

/// Renders `proto/` from the descriptor sets in a folder.
pub(crate) fn render_proto(folder: &[&str]) -> Outcome<()> {
    run("render", folder)
}

fn run(step: &str, arguments: &[&str]) -> Outcome<()> {
    succeed(cargo(&["run", "--quiet", "--package", "xtask-codegen", "--", step]).args(arguments))
}
