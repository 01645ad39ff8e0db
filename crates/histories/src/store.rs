//! Histories as files: `type/workflow-run.json`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::choose::Listed;
use crate::name::safe;

/// What writing a history did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was no such file.
    New,
    /// The file said something else: the run has gone on.
    Updated,
    /// The file was there already.
    Unchanged,
}

/// Where the history of a run belongs.
pub(crate) fn place(folder: &Path, run: &Listed) -> PathBuf {
    let name = format!("{}-{}.json", safe(run.workflow_id.as_str()), safe(run.run_id.as_str()));
    folder.join(safe(&run.workflow_type)).join(name)
}

/// Writes a text. Whoever reads meanwhile reads the old one or the new one.
pub(crate) fn store(path: &Path, text: &str) -> io::Result<Change> {
    let change = match fs::read_to_string(path) {
        Ok(before) if before == text => return Ok(Change::Unchanged),
        Ok(_) => Change::Updated,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Change::New,
        Err(error) => return Err(error),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("json.unfinished");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)?;
    Ok(change)
}
