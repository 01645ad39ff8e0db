//! What the tests and examples of Perpetua stand on: a real server of their own.
//!
//! [`LocalServer`] is the development server of the `temporal` CLI on a free port. It is installed when it is not there,
//! shared by everything in the process, and stops with the process, however that ends.
//!
//! Not here: anything that a program in production needs.
//!
//! Read first: [`LocalServer`], [`connect_or_start`], [`both_ways`].

mod commands;
mod dice;
mod embedded;
mod evidence;
pub mod fuzz;
mod install;
mod local;
mod pages;
pub mod programs;
pub mod raw;
mod record;
mod stage;

pub use commands::commands;
pub use dice::Dice;
pub use install::InstallError;
pub use local::{LocalServer, LocalServerError};
pub use pages::{replay, replay_at_every_cut};
pub use record::{Recorded, recorded_histories};
pub use stage::{Outcome, Stage, both_ways};

use perpetua_client::Client;

/// Connects to the server at `TEMPORAL_ADDRESS` (and `TEMPORAL_NAMESPACE` ..), or, where that is not set, to a
/// development server of this process's own; with `PERPETUA_SERVER=embedded`, to a new embedded server, which
/// with `embedded-file` keeps what it knows in a file and with `embedded-skipping` skips time.
///
/// # Errors
/// When there is no server to connect to, or it does not start.
pub async fn connect_or_start() -> Result<Client, LocalServerError> {
    if let Some(kept) = embedded::Kept::asked_for() {
        return embedded::connect(kept).await;
    }
    if std::env::var_os("TEMPORAL_ADDRESS").is_some() {
        return Client::connect_from_env().await.map_err(LocalServerError::Connect);
    }
    LocalServer::shared().await?.client().await
}
