//! Histories that scenarios left behind, kept under `testdata/histories/<module>/<scenario>/<name>.json`, in the JSON that
//! the command line, the web UI and other SDKs write and read.
//!
//! They are written when the environment says so (`cargo xtask record` does), and read by tests that need no server.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use perpetua_vocab::{EventKind, History};

use crate::Outcome;
use crate::evidence::Run;
use crate::install::workspace_root;

/// The variable that says that histories are to be kept.
const RECORD: &str = "PERPETUA_RECORD";

/// Longer histories are not kept, in bytes of their protobuf message.
const LONGEST: usize = 16 << 10;

/// Of one scenario, so many histories are kept.
const MOST: usize = 6;

/// A history that was kept.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The module of the scenario, which knows its workflows.
    pub module: String,
    /// The scenario.
    pub scenario: String,
    /// The name that the scenario has for the workflow.
    pub name: String,
    /// What has happened.
    pub history: History,
}

impl Recorded {
    /// Which workflow it is the history of.
    pub fn workflow_type(&self) -> &str {
        match self.history.events.first().map(|event| &event.kind) {
            Some(EventKind::WorkflowStarted(started)) => started.workflow_type.as_str(),
            _ => "",
        }
    }

    /// Where it is from, for messages.
    pub fn place(&self) -> String {
        format!("{}/{}/{}", self.module, self.scenario, self.name)
    }
}

/// All histories that were kept, in the order of their names.
///
/// # Errors
/// When one cannot be read, or not without loss.
pub fn recorded_histories() -> Outcome<Vec<Recorded>> {
    let mut all = Vec::new();
    let root = folder();
    for module in names_in(&root)? {
        for scenario in names_in(&root.join(&module))? {
            for file in names_in(&root.join(&module).join(&scenario))? {
                let json = fs::read_to_string(root.join(&module).join(&scenario).join(&file))?;
                let place = format!("{module}/{scenario}/{file}");
                let history = History::from_json(&json).map_err(|problem| format!("{place}: {problem}"))?;
                if history.to_json().trim_end() != json.trim_end() {
                    return Err(format!("{place}: something is lost when it is read and written").into());
                }
                let name =
                    file.strip_suffix(SUFFIX).ok_or_else(|| format!("{place}: its name does not end with {SUFFIX}"))?;
                all.push(Recorded {
                    module: module.clone(),
                    scenario: scenario.clone(),
                    name: name.to_owned(),
                    history,
                });
            }
        }
    }
    Ok(all)
}

const SUFFIX: &str = ".json";

/// Whether histories are to be kept.
pub(crate) fn is_recording() -> bool {
    std::env::var_os(RECORD).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Keeps what the scenario of this thread left behind; what it left behind the last time is forgotten. Scenarios that are
/// in no module, as those of examples, keep nothing.
pub(crate) fn keep(runs: &[Run]) -> io::Result<()> {
    // Tests have threads of the name `module::scenario`.
    let thread = thread::current();
    let Some((module, scenario)) = thread.name().and_then(|name| name.rsplit_once("::")) else { return Ok(()) };
    let folder = folder().join(module.replace("::", "_")).join(scenario);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut kept = BTreeSet::new();
    let worth_it = runs
        .iter()
        .filter(|run| run.raw.len() <= LONGEST && !names_this_machine(&run.raw))
        // A child may have a name of its own, too.
        .filter(|run| kept.insert(&run.raw));
    for run in worth_it.take(MOST) {
        fs::create_dir_all(&folder)?;
        let name = run.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        // Stack traces of other languages name files, and shall not say where this tree lies.
        let here = format!("{}/", workspace_root().display());
        fs::write(folder.join(name + SUFFIX), History::new(run.events.clone()).to_json().replace(&here, ""))?;
    }
    Ok(())
}

/// Whether whoever took part called itself after the machine, as programs that we do not start in our own way do.
fn names_this_machine(raw: &[u8]) -> bool {
    let host = gethostname::gethostname();
    let suffix = [b"@", host.as_encoded_bytes()].concat();
    raw.windows(suffix.len()).any(|bytes| bytes == suffix)
}

fn folder() -> PathBuf {
    workspace_root().join("testdata/histories")
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
