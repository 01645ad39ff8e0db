//! From descriptor sets to `proto/` to `crates/proto`; the work is done by `xtask-codegen`.

use std::{ffi::OsStr, path};

use crate::{Outcome, cargo, succeed};

/// Generates `crates/proto/src/generated` from `proto/`.
pub(crate) fn codegen() -> Outcome<()> {
    run("generate", None)
}

/// Renders `proto/` from the descriptor sets in a folder, which is named from where the caller stands.
pub(crate) fn render_proto(folder: Option<&str>) -> Outcome<()> {
    let folder = folder.map(path::absolute).transpose()?;
    run("render", folder.as_deref().map(AsRef::as_ref))
}

fn run(step: &str, argument: Option<&OsStr>) -> Outcome<()> {
    succeed(cargo(&["run", "--quiet", "--package", "xtask-codegen", "--", step]).args(argument))
}
