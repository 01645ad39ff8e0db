//! `perpetua history`: what is asked for, passed on to `perpetua_histories`, and what came of it written.

use std::io::Write;
use std::process::ExitCode;

use perpetua_client::{Client, ConnectError};
use perpetua_histories::{Pull, PullError};

use crate::arguments;

/// Why there are no histories.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Pull(#[from] PullError),
    #[error("the runtime cannot be started, or nobody takes what is written")]
    Process(#[from] std::io::Error),
}

/// Does what was asked for. Fails if something that was chosen could not be fetched.
pub(crate) fn run(asked: arguments::History) -> Result<ExitCode, HistoryError> {
    let arguments::History::Pull(asked) = asked;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(pull(asked))
}

async fn pull(asked: arguments::Pull) -> Result<ExitCode, HistoryError> {
    let arguments::Pull { address, namespace, query, per_type, at_most, out } = asked;
    let mut builder = Client::builder().from_env()?;
    if let Some(address) = address {
        builder = builder.address(address);
    }
    if let Some(namespace) = namespace {
        builder = builder.namespace(namespace);
    }
    let client = builder.connect().await?;
    let pull = Pull::new(&client).query(query.unwrap_or_default()).per_type(per_type).at_most(at_most).into_folder(out);
    let pulled = pull.run().await?;
    write!(std::io::stdout(), "{pulled}")?;
    Ok(if pulled.has_failures() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
