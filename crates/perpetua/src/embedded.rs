//! Clients that bring their own server.

use std::future::{Future, IntoFuture};
use std::path::PathBuf;
use std::pin::Pin;

use perpetua_client::{Client, ConnectError};
use perpetua_server::{Server, ServerBuilder, ServerError};

/// Clients that bring their own server, for programs and examples that run without any set-up.
///
/// The server lives in the process, keeps everything in memory unless it is given a file, and is gone with the
/// last client and worker that uses it. The same program runs against a development server or a Temporal cluster: only `TEMPORAL_ADDRESS` changes.
pub trait ConnectEmbedded: Sized {
    /// Connects to the server at `TEMPORAL_ADDRESS`, as
    /// [`connect_from_env`](perpetua_client::Client::connect_from_env) does; where that is not set, to a new server in
    /// this process. It needs a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used, or there is no server.
    fn connect_or_embedded() -> impl Future<Output = Result<Self, EmbeddedError>> + Send;

    /// Connects, when awaited, to a new server in this process, whatever the environment says. What the server knows is
    /// in memory, or in a file:
    ///
    /// ```no_run
    /// # use perpetua::prelude::*;
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::embedded().file("orders.db").await?;
    /// # Ok(())
    /// # }
    /// ```
    fn embedded() -> Embedded;

    /// Connects to this server in the same process, in its namespace `default`.
    ///
    /// # Errors
    /// When the server does not answer.
    fn connect_to(server: &Server) -> impl Future<Output = Result<Self, EmbeddedError>> + Send;
}

/// A server in this process, and a client of it, to be awaited.
#[derive(Clone, Debug)]
#[must_use = "there is no server until this is awaited"]
pub struct Embedded {
    server: ServerBuilder,
}

impl Embedded {
    /// Keeps everything in this SQLite file, which is made if it is not there: workflows go on when the program is started
    /// again, however it ended. A file belongs to one server at a time.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.server = self.server.file(path);
        self
    }
}

impl IntoFuture for Embedded {
    type Output = Result<Client, EmbeddedError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Client::connect_to(&self.server.start()?).await })
    }
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
        Self::embedded().await
    }

    fn embedded() -> Embedded {
        Embedded { server: Server::builder() }
    }

    async fn connect_to(server: &Server) -> Result<Self, EmbeddedError> {
        Ok(Self::builder().address("embedded:7233").transport(server.transport()).connect().await?)
    }
}
