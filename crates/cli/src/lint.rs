//! `perpetua lint`: what is asked for, passed on to `perpetua_lint`, and its answer written.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use perpetua_lint::{Rule, Workspace, WorkspaceError, clippy_toml, lint};

use crate::arguments::Lint;

/// Why nothing was looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LintError {
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error("there is no rule {asked:?}; there are P001 to {last}")]
    NoSuchRule { asked: String, last: &'static str },
    #[error("nobody takes what is written")]
    Output(#[from] std::io::Error),
}

/// Looks, and says what was found. Fails if anything is wrong beyond warnings.
pub(crate) fn run(asked: Lint) -> Result<ExitCode, LintError> {
    let Lint { manifest_path, package, tests, json, explain, clippy_toml: wants_clippy_toml } = asked;
    let mut out = std::io::stdout();
    if let Some(asked) = explain {
        let last = Rule::all().last().map_or("P001", Rule::code);
        let rule = Rule::find(&asked).ok_or(LintError::NoSuchRule { asked, last })?;
        out.write_all(rule.explain().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if wants_clippy_toml {
        out.write_all(clippy_toml().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::read(manifest_path.as_deref(), &package, tests)?;
    let report = lint(&workspace.root, &workspace.targets, tests);
    match json {
        true => writeln!(out, "{}", report.to_json())?,
        false => out.write_all(report.render(out.is_terminal()).as_bytes())?,
    }
    Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
