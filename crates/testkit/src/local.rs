//! A development server of this process's own.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use perpetua_client::{Client, ConnectError};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::install::{InstallError, temporal_cli};

/// How long the server may take until it answers; a slow machine with a cold disk needs some of it.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The search attributes that the server knows beside its own, with their kinds: one of each kind.
pub(crate) const SEARCH_ATTRIBUTES: [(&str, &str); 7] = [
    ("CustomBoolField", "Bool"),
    ("CustomDatetimeField", "Datetime"),
    ("CustomDoubleField", "Double"),
    ("CustomIntField", "Int"),
    ("CustomKeywordField", "Keyword"),
    ("CustomKeywordListField", "KeywordList"),
    ("CustomTextField", "Text"),
];

/// How often another port is tried, when something else took the free one first.
const TRIES: usize = 3;

/// A development server of this process's own, on a free port of the loopback interface. It knows one search attribute of
/// each kind, such as `CustomKeywordField`.
#[derive(Debug)]
pub struct LocalServer {
    address: String,
    /// Holds the pipe that ends the server when it is closed, by us or by our end.
    _keeper: Child,
}

/// Why there is no local server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalServerError {
    /// It is not there and cannot be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// It cannot be started.
    #[error("the development server cannot be started")]
    Start(#[source] std::io::Error),
    /// It started and does not answer.
    #[error("the development server at {address} did not answer within {READY_WITHIN:?}")]
    NotReady {
        /// Where it should be.
        address: String,
        /// What came of the last try.
        #[source]
        last: Option<ConnectError>,
    },
    /// It cannot be reached.
    #[error(transparent)]
    Connect(ConnectError),
    /// The embedded server does not start.
    #[error(transparent)]
    Embedded(#[from] perpetua_server::ServerError),
}

static SHARED: OnceCell<LocalServer> = OnceCell::const_new();

impl LocalServer {
    /// The server that everything in this process shares; started by whoever asks first.
    ///
    /// # Errors
    /// When it cannot be installed or started.
    pub async fn shared() -> Result<&'static Self, LocalServerError> {
        SHARED.get_or_try_init(Self::start).await
    }

    /// Starts a server for the caller alone. It stops when the value is dropped.
    ///
    /// # Errors
    /// When it cannot be installed or started.
    pub async fn start() -> Result<Self, LocalServerError> {
        let cli = temporal_cli().await?;
        let mut last = None;
        for _ in 0..TRIES {
            let port = free_port().map_err(LocalServerError::Start)?;
            // The shell ends the server when our end of the pipe is closed, which also happens when we are killed.
            let mut keeper = Command::new("sh")
                .args(["-c", r#""$@" </dev/null & server=$!; cat >/dev/null; kill "$server" 2>/dev/null; wait"#, "sh"])
                .arg(&cli)
                .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "never"])
                // A worker that shuts down gets its polls back. Servers where this is off may, for a moment, hand tasks
                // to polls that were given up, and the tasks are lost until they time out.
                .args(["--dynamic-config-value", "frontend.enableCancelWorkerPollsOnShutdown=true"])
                .args(
                    SEARCH_ATTRIBUTES
                        .iter()
                        .flat_map(|(name, kind)| ["--search-attribute".to_owned(), format!("{name}={kind}")]),
                )
                .args(["--port", &port.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map_err(LocalServerError::Start)?;
            let address = format!("127.0.0.1:{port}");
            match ready(&address, &mut keeper).await {
                Ok(()) => return Ok(Self { address, _keeper: keeper }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.expect("at least one try was made"))
    }

    /// Where it listens, `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client of its `default` namespace.
    ///
    /// # Errors
    /// When it does not answer any more.
    pub async fn client(&self) -> Result<Client, LocalServerError> {
        // Histories that are kept say who took part, and shall not name this machine.
        let client = Client::builder().address(&self.address).identity("testkit");
        client.connect().await.map_err(LocalServerError::Connect)
    }
}

/// Waits until the server answers for its namespace.
async fn ready(address: &str, keeper: &mut Child) -> Result<(), LocalServerError> {
    let until = Instant::now() + READY_WITHIN;
    let mut ticks = interval(Duration::from_millis(50));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    while Instant::now() < until {
        ticks.tick().await;
        match Client::builder().address(address).connect().await {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
        if !matches!(keeper.try_wait(), Ok(None)) {
            break;
        }
    }
    Err(LocalServerError::NotReady { address: address.to_owned(), last })
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
