//! Clients that bring their own server.

use std::future::Future;

use perpetua_client::{Client, ConnectError};
use perpetua_server::{Server, ServerError};

/// Clients that bring their own server, for programs and examples that run without any set-up.
///
/// The server lives in the process, keeps everything in memory, and is gone with the last client and worker that uses
/// it. The same program runs against a development server or a Temporal cluster: only `TEMPORAL_ADDRESS` changes.
pub trait ConnectEmbedded: Sized {
    /// Connects to the server at `TEMPORAL_ADDRESS`, as
    /// [`connect_from_env`](perpetua_client::Client::connect_from_env) does; where that is not set, to a new server in
    /// this process. It needs a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used, or there is no server.
    fn connect_or_embedded() -> impl Future<Output = Result<Self, EmbeddedError>> + Send;

    /// Connects to this server in the same process, in its namespace `default`.
    ///
    /// # Errors
    /// When the server does not answer.
    fn connect_to(server: &Server) -> impl Future<Output = Result<Self, EmbeddedError>> + Send;
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// It cannot connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server in this process does not start.
    #[error(transparent)]
    Server(#[from] ServerError),
}

impl ConnectEmbedded for Client {
    async fn connect_or_embedded() -> Result<Self, EmbeddedError> {
        if std::env::var_os("TEMPORAL_ADDRESS").is_some_and(|address| !address.is_empty()) {
            return Ok(Self::connect_from_env().await?);
        }
        Self::connect_to(&Server::builder().start()?).await
    }

    async fn connect_to(server: &Server) -> Result<Self, EmbeddedError> {
        Ok(Self::builder().address("embedded:7233").transport(server.transport()).connect().await?)
    }
}
