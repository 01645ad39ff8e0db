//! Listing, choosing, fetching, writing: all of it, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use perpetua_client::{Client, RequestError, RpcError, WorkflowStatus};
use perpetua_contract::NamedWorkflow;
use perpetua_vocab::{RunId, WorkflowId};

use crate::choose::{Listed, choose};
use crate::list::list;
use crate::store::{Change, place, store};

/// A sample to be taken. Describe it, then [`run`](Self::run) it.
#[derive(Clone, Debug)]
#[must_use = "nothing is fetched until it is run"]
pub struct Pull {
    client: Client,
    query: String,
    per_type: usize,
    at_most: usize,
    folder: PathBuf,
}

impl Pull {
    /// A sample of the workflows in the client's namespace: up to 5 runs of each type among the first 10,000 that the server
    /// lists, into the folder `histories`.
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), query: String::new(), per_type: 5, at_most: 10_000, folder: "histories".into() }
    }

    /// Only of workflows that match a query in the server's language of lists, such as `WorkflowType = 'Order'`.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// Sets how many runs of each type are taken at most.
    pub fn per_type(mut self, runs: usize) -> Self {
        self.per_type = runs;
        self
    }

    /// Sets how many runs are listed at most, to choose from.
    pub fn at_most(mut self, runs: usize) -> Self {
        self.at_most = runs;
        self
    }

    /// Sets the folder that histories are written to. It is made if it is not there.
    pub fn into_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Lists, chooses, fetches and writes. A history that cannot be fetched is noted, and the others are fetched.
    ///
    /// # Errors
    /// When the server does not list its workflows, or a file cannot be written.
    pub async fn run(self) -> Result<Pulled, PullError> {
        let Self { client, query, per_type, at_most, folder } = self;
        let found = list(&client, &query, at_most).await?;
        let mut types = Vec::new();
        for (name, chosen) in choose(&found.runs, per_type) {
            let listed = found.runs.iter().filter(|run| run.workflow_type == name).count();
            let mut of_type = PulledType { name, listed, taken: Vec::new(), failed: Vec::new() };
            for index in chosen {
                let run = &found.runs[index];
                let handle = client.handle::<NamedWorkflow>(run.workflow_id.clone()).at_run(run.run_id.clone());
                match handle.history().await {
                    Ok(history) => {
                        let path = place(&folder, run);
                        let stored = store(&path, &history.to_json());
                        let change = stored.map_err(|error| PullError::Store { path: path.clone(), error })?;
                        of_type.taken.push(Taken::new(run, history.events.len(), path, change));
                    }
                    Err(error) => of_type.failed.push((run.clone(), error)),
                }
            }
            types.push(of_type);
        }
        Ok(Pulled { listed: found.runs.len(), more: found.more, types })
    }
}

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The server does not list its workflows.
    #[error("the server does not list its workflows")]
    List(#[from] RpcError),
    /// A history cannot be written.
    #[error("{} cannot be written", path.display())]
    Store {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
}

/// What was taken, and what was left.
#[derive(Debug)]
#[non_exhaustive]
pub struct Pulled {
    /// How many runs the server listed.
    pub listed: usize,
    /// Whether it has more than were asked for.
    pub more: bool,
    /// By the names of the types.
    pub types: Vec<PulledType>,
}

/// What was taken of the workflows of one type.
#[derive(Debug)]
#[non_exhaustive]
pub struct PulledType {
    /// The name of the type.
    pub name: String,
    /// How many runs the server listed.
    pub listed: usize,
    /// What was written.
    pub taken: Vec<Taken>,
    /// What could not be fetched, such as runs that were deleted meanwhile.
    pub failed: Vec<(Listed, RequestError)>,
}

/// A history that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// The run's id.
    pub run_id: RunId,
    /// How the run was doing when it was listed.
    pub status: WorkflowStatus,
    /// How many events were written.
    pub events: usize,
    /// Where.
    pub path: PathBuf,
    /// Whether that was new.
    pub change: Change,
}

impl Taken {
    fn new(run: &Listed, events: usize, path: PathBuf, change: Change) -> Self {
        let Listed { workflow_id, run_id, status, .. } = run.clone();
        Self { workflow_id, run_id, status, events, path, change }
    }
}

impl Pulled {
    /// Whether something that was chosen could not be fetched.
    pub fn has_failures(&self) -> bool {
        self.types.iter().any(|of_type| !of_type.failed.is_empty())
    }
}

impl fmt::Display for Pulled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for of_type in &self.types {
            let PulledType { name, listed, taken, failed } = of_type;
            let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
            for one in taken {
                *statuses.entry(one.status.to_string()).or_default() += 1;
            }
            let statuses: Vec<String> = statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
            let left = listed - taken.len() - failed.len();
            writeln!(f, "{name}: took {} of {listed} ({}), left {left}", taken.len(), statuses.join(", "))?;
            for one in taken {
                let change = match one.change {
                    Change::New => "new",
                    Change::Updated => "updated",
                    Change::Unchanged => "unchanged",
                };
                writeln!(f, "  {change:9} {} ({} events, {})", one.path.display(), one.events, one.status)?;
            }
            for (run, error) in failed {
                writeln!(f, "  failed    {} {}: {error}", run.workflow_id, run.run_id)?;
            }
        }
        let taken: usize = self.types.iter().map(|of_type| of_type.taken.len()).sum();
        write!(f, "{} runs listed, {taken} taken", self.listed)?;
        match self.more {
            true => {
                writeln!(f, "; the server has more: narrow the query or raise the limit to choose from all of them")
            }
            false => writeln!(f),
        }
    }
}
