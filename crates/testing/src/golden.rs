//! Histories of tests, kept beside the code and reviewed like snapshots.
//!
//! A test records the histories of its runs under `histories/` in its crate, a file for each workflow. [`replay_all`] replays
//! them in another test: it fails when a change of the code no longer fits runs that an earlier version began. And a test can
//! be checked to ask for what was recorded.
//!
//! ```text
//!                    PERPETUA_HISTORIES=record                     replay_all
//! TestEnv::finish --------------------------> histories/**.json -------------> fits, or the report
//!        `--------- PERPETUA_HISTORIES=check ---------^
//! ```
//!
//! Not here: how a history is replayed, which is `perpetua_workflow::Replayer`.

mod commands;
mod difference;
mod files;
mod keeper;
mod mask;

use std::fmt;
use std::path::{Path, PathBuf};

use perpetua_workflow::Replayer;

pub(crate) use keeper::{Keeper, Keeping, Site};

/// How to record.
const HOW_TO_RECORD: &str = "PERPETUA_HISTORIES=record cargo test";

/// Recorded histories that do not fit the code. As an error it says everything, and what to do.
#[derive(Clone, PartialEq, Eq)]
pub struct Unfit {
    folder: PathBuf,
    problems: Vec<(PathBuf, String)>,
}

/// Replays all histories in a folder and the folders in it: files that end with `.json`, in the form that the command line,
/// the web UI and other SDKs write, too. Gives how many there are.
///
/// ```no_run
/// # use perpetua::prelude::*;
/// # #[workflow]
/// # async fn reminder(ctx: Ctx) -> WorkflowResult<()> { Ok(ctx.sleep(days(1)).await?) }
/// use perpetua::Replayer;
/// use perpetua::testing::golden;
///
/// #[test]
/// fn the_code_fits_what_was_recorded() {
///     golden::replay_all("histories", &Replayer::new().workflow(reminder)).unwrap();
/// }
/// ```
///
/// A path that is not absolute begins at the folder of the crate, where `cargo test` runs tests.
///
/// While `PERPETUA_HISTORIES=record` records them, nothing is replayed: they are about to change.
///
/// # Errors
/// Each history that cannot be read, or that the code no longer fits; and that there is none.
pub fn replay_all(folder: impl AsRef<Path>, replayer: &Replayer) -> Result<usize, Unfit> {
    let folder = folder.as_ref();
    if let Ok(Some(Keeping::Record)) = Keeping::from_environment() {
        return Ok(0);
    }
    let unfit = |problems| Unfit { folder: folder.to_owned(), problems };
    let paths = files::under(folder).map_err(|error| unfit(vec![(folder.to_owned(), error.to_string())]))?;
    if paths.is_empty() {
        return Err(unfit(vec![(folder.to_owned(), "there is no history".to_owned())]));
    }
    let problem = |path: &PathBuf| {
        let replayed =
            files::read(path).and_then(|history| replayer.replay(&history).map_err(|failure| failure.to_string()));
        replayed.err().map(|problem| (path.clone(), problem))
    };
    let problems: Vec<_> = paths.iter().filter_map(problem).collect();
    if problems.is_empty() { Ok(paths.len()) } else { Err(unfit(problems)) }
}

impl Unfit {
    /// What is wrong, and with which file.
    pub fn problems(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.problems.iter().map(|(path, problem)| (path.as_path(), problem.as_str()))
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} not fit the code, in {}:", plural(self.problems.len()), self.folder.display())?;
        for (path, problem) in &self.problems {
            writeln!(f, "\n{}: {problem}", path.display())?;
        }
        write!(
            f,
            "\nRuns that were begun by an earlier version of the code would fail in the same way. Let them go on as they \
             began, with `ctx.patched(..)`; or, where no such run is left, record anew what the tests do now, and review the \
             difference: {HOW_TO_RECORD}"
        )
    }
}

fn plural(count: usize) -> String {
    if count == 1 { "1 recorded history does".to_owned() } else { format!("{count} recorded histories do") }
}

impl fmt::Debug for Unfit {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Unfit {}
