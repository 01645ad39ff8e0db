//! Recorded histories as files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use perpetua_vocab::History;
use serde_json::Value;

/// Who worked on what, in files: not the process and the machine that happened to.
const IDENTITY: &str = "test";

/// The kind of a queue that one worker alone polls.
const STICKY: &str = "TASK_QUEUE_KIND_STICKY";

const EXTENSION: &str = "json";

/// The files with histories in a folder and the folders in it, in order.
pub(super) fn under(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = within(folder)?;
    for path in entries(folder)? {
        if path.is_dir() {
            paths.extend(under(&path)?);
        }
    }
    Ok(paths)
}

/// The files with histories in a folder, in order.
pub(super) fn within(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_history =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file();
    Ok(entries(folder)?.into_iter().filter(is_history).collect())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// Reads a history.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn read(path: &Path) -> Result<History, String> {
    let json = fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}"))?;
    History::from_json(&json).map_err(|error| format!("the file is no history: {error}"))
}

/// Writes a history, without what says where it was made.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn write(path: &Path, history: &History) -> Result<(), String> {
    let problem = |error: &dyn std::error::Error| format!("{} cannot be written: {error}", path.display());
    let json = neutral(history).map_err(|error| problem(&*error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    // Another test may read it at any time.
    let half = path.with_extension("half");
    let written =
        fs::create_dir_all(folder).and_then(|()| fs::write(&half, json)).and_then(|()| fs::rename(&half, path));
    written.map_err(|error| problem(&error))
}

/// The JSON of a history without identities, and without the server's own numbers.
fn neutral(history: &History) -> Result<String, Box<dyn std::error::Error>> {
    let mut value: Value = serde_json::from_str(&history.to_json())?;
    neutralize(&mut value);
    let mut json = History::from_json(&value.to_string())?.to_json();
    json.truncate(json.trim_end().len());
    json.push('\n');
    Ok(json)
}

fn neutralize(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // Workers name queues of their own after themselves.
            if fields.get("kind").is_some_and(|kind| kind == STICKY) {
                fields.insert("name".to_owned(), IDENTITY.into());
            }
            for (name, value) in fields {
                match (name.as_str(), &*value) {
                    ("identity", Value::String(_)) => *value = IDENTITY.into(),
                    ("taskId", Value::String(_)) => *value = "0".into(),
                    _ => neutralize(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(neutralize),
        _ => {}
    }
}

/// The name of the nth file of a workflow, from 1.
pub(super) fn name(workflow_type: &str, number: usize) -> String {
    let plain = plain(workflow_type);
    if number == 1 { format!("{plain}.{EXTENSION}") } else { format!("{plain}-{number}.{EXTENSION}") }
}

/// A text as a part of a path.
pub(super) fn plain(text: &str) -> String {
    text.replace(|letter: char| !letter.is_alphanumeric() && !"_-".contains(letter), "_")
}
