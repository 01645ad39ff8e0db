//! What a world does with the histories of its runs when it is finished.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use perpetua_convert::DataConverter;
use perpetua_vocab::History;
use perpetua_workflow::{Replayer, Workflows};

use super::HOW_TO_RECORD;
use super::commands::commands;
use super::difference::{common, difference};
use super::files;
use crate::checks::apart;
use crate::runs::{Run, started};

/// The variable that says what all worlds do.
const VARIABLE: &str = "PERPETUA_HISTORIES";
/// Where histories are, in the folder of the crate.
const FOLDER: &str = "histories";

/// What becomes of histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They are recorded: what is recorded already, or still fits the code, stays as it is.
    Record,
    /// They are held against those that were recorded.
    Check,
}

/// Which test it is, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    /// The folder of the crate.
    pub(crate) crate_folder: Option<PathBuf>,
    /// The path of the test: `module::test`.
    pub(crate) test: Option<String>,
    /// Where the histories are, if not in `histories` in the folder of the crate.
    pub(crate) root: Option<PathBuf>,
}

/// A value that the variable has, and that means nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{VARIABLE} is `{0}`; it is `record`, `check`, or not set")]
pub(crate) struct Misspelled(String);

/// What a world does with the histories of its runs.
#[derive(Debug)]
pub(crate) struct Keeper {
    keeping: Keeping,
    site: Site,
    has_given_up: AtomicBool,
}

impl Keeping {
    /// What the variable says.
    pub(crate) fn from_environment() -> Result<Option<Self>, Misspelled> {
        match std::env::var(VARIABLE).as_deref() {
            Ok("record") => Ok(Some(Self::Record)),
            Ok("check") => Ok(Some(Self::Check)),
            Ok("") | Err(_) => Ok(None),
            Ok(other) => Err(Misspelled(other.to_owned())),
        }
    }
}

impl Keeper {
    pub(crate) fn new(keeping: Keeping, site: Site) -> Self {
        Self { keeping, site, has_given_up: AtomicBool::new(false) }
    }

    /// Nothing is done: the test has failed, so that its runs are not those that it wants.
    pub(crate) fn give_up(&self) {
        self.has_given_up.store(true, Ordering::Release);
    }

    /// Does it, for all runs of workflows that a worker of the test knows. Gives what is wrong, with the run if it is about
    /// one.
    pub(crate) fn keep<'a>(
        &self,
        runs: &'a [Run],
        registries: impl Fn(&str) -> Vec<Arc<Workflows>>,
        converter: &DataConverter,
    ) -> Vec<(Option<&'a Run>, String)> {
        if self.has_given_up.load(Ordering::Acquire) {
            return Vec::new();
        }
        let folder = match self.folder() {
            Ok(folder) => folder,
            Err(problem) => return vec![(None, problem)],
        };
        let mut by_type: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
        for run in runs {
            by_type.entry(run.workflow_type().as_str()).or_default().push(run);
        }
        let mut problems = Vec::new();
        for (workflow_type, runs) in by_type {
            let registries = registries(workflow_type);
            if registries.is_empty() {
                continue;
            }
            let shelf = Shelf { folder: &folder, workflow_type };
            match self.keeping {
                Keeping::Record => {
                    let fits = |history: &History| {
                        registries.iter().any(|workflows| {
                            let replayer = Replayer::new().workflows(Workflows::clone(workflows));
                            apart(|| replayer.converter(converter.clone()).replay(history).is_ok())
                        })
                    };
                    problems.extend(shelf.record(&runs, fits).err().map(|problem| (None, problem)));
                }
                Keeping::Check if folder.is_dir() => {
                    let unlike = runs.into_iter().filter_map(|run| Some((Some(run), shelf.check(run).err()?)));
                    problems.extend(unlike);
                }
                // A test of which nothing was recorded.
                Keeping::Check => {}
            }
        }
        problems
    }

    /// Where the histories of this test are.
    fn folder(&self) -> Result<PathBuf, String> {
        let Site { crate_folder, test, root } = &self.site;
        let of_thread = || thread::current().name().filter(|name| *name != "main").map(str::to_owned);
        let test = test.clone().or_else(of_thread).ok_or(
            "the histories of the test cannot be kept, because its name is not known: say it with \
             `TestEnvBuilder::test_name`, or make the test with `#[perpetua::test]`",
        )?;
        let root = match (root, crate_folder) {
            (Some(root), _) => root.clone(),
            (None, Some(folder)) => folder.join(FOLDER),
            // Where `cargo test` runs tests.
            (None, None) => PathBuf::from(FOLDER),
        };
        Ok(test.split("::").fold(root, |folder, part| folder.join(files::plain(part))))
    }
}

/// The recorded histories of one workflow in one test.
struct Shelf<'a> {
    folder: &'a Path,
    workflow_type: &'a str,
}

impl Shelf<'_> {
    /// Records what is not recorded yet, and removes what the code no longer fits.
    fn record(&self, runs: &[&Run], fits: impl Fn(&History) -> bool) -> Result<(), String> {
        let mut recorded = Vec::new();
        for (path, history) in self.files()? {
            if fits(&history) {
                recorded.push(commands(&history));
            } else {
                fs::remove_file(&path).map_err(|error| format!("{} cannot be removed: {error}", path.display()))?;
            }
        }
        // In an order that does not depend on which run began first.
        let mut new: Vec<_> = runs.iter().map(|run| (commands(&run.history), &run.history)).collect();
        new.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (commands, history) in new {
            if !recorded.contains(&commands) {
                let mut paths = (1..).map(|number| self.folder.join(files::name(self.workflow_type, number)));
                let free = paths.find(|path| !path.exists()).ok_or("there are too many histories")?;
                files::write(&free, history)?;
                recorded.push(commands);
            }
        }
        Ok(())
    }

    /// Whether the run asks for what a recorded one has asked for.
    fn check(&self, run: &Run) -> Result<(), String> {
        let now = commands(&run.history);
        let mut nearest: Option<(usize, PathBuf, Vec<String>)> = None;
        for (path, history) in self.files()? {
            let recorded = commands(&history);
            if recorded == now {
                return Ok(());
            }
            let alike = common(recorded.iter(), now.iter());
            if nearest.as_ref().is_none_or(|(most, ..)| alike > *most) {
                nearest = Some((alike, path, recorded));
            }
        }
        let what_to_do = format!("If that is meant, record it, and review the difference: {HOW_TO_RECORD}");
        Err(match nearest {
            Some((_, path, recorded)) => format!(
                "asks for something else than what is recorded in {}:{}\n{what_to_do}",
                path.display(),
                difference(&recorded, &now)
            ),
            None => format!("of this workflow, no history is recorded in {}. {what_to_do}", self.folder.display()),
        })
    }

    /// The histories of this workflow that there are.
    fn files(&self) -> Result<Vec<(PathBuf, History)>, String> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let paths = files::within(self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let mut histories = Vec::new();
        for path in paths {
            let history = files::read(&path).map_err(|problem| format!("{}: {problem}", path.display()))?;
            if started(&history).is_some_and(|started| started.workflow_type == self.workflow_type) {
                histories.push((path, history));
            }
        }
        Ok(histories)
    }
}
