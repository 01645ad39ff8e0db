//! A connection to a server that is there again when it was lost.
//!
//! ```text
//! call ---> Channel: the connection that stands --> connection: HTTP/2, its own task --> socket
//!   ^          | none: one caller connects, the others wait for it                         |
//!   `----------+------------------------------- the answer wakes the caller, nobody else --'
//! ```
//!
//! A call puts its frames into the connection itself, and the connection wakes whoever called: two tasks, and no queue
//! between them. Whatever a general transport has between (a queue and a task for readiness, one for each request and one
//! for each answer) costs more than the call.

mod body;
mod connection;
mod fault;
mod gzip;
mod socket;
mod unary;

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Uri};
use perpetua_convert::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Mutex as Gate;
use tonic::Status;

pub(crate) use self::body::{AGENT, TIMEOUT};
pub(crate) use self::connection::KeepAlive;
use self::connection::{Connection, Fate, connect};
pub(crate) use self::gzip::compress;
pub(crate) use self::socket::{PROTOCOL, Tls};
pub(crate) use self::unary::{Call, ENCODING, call_service, frame};
use crate::transport::{Carry, Reply};

/// Where and how to connect.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) authority: Authority,
    /// How the connection is secured; none if it is not.
    pub(crate) tls: Option<Tls>,
    pub(crate) connect_timeout: Duration,
    pub(crate) keep_alive: Option<KeepAlive>,
}

/// A connection to a server, made when it is needed. Clones share it.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Shared>);

struct Shared {
    endpoint: Arc<Endpoint>,
    scheme: Scheme,
    /// Where connections live, whoever needs them.
    runtime: Handle,
    current: Mutex<Option<Connection>>,
    connecting: Gate<Attempts>,
}

/// What came of connecting so far.
#[derive(Default)]
struct Attempts {
    /// How often it was tried.
    made: u64,
    /// What the last one failed with.
    failure: Option<Arc<io::Error>>,
}

/// A place for one more stream on a connection.
struct Line {
    sender: SendRequest<Bytes>,
    fate: Fate,
}

impl Channel {
    /// One that connects with the first call. It must be made inside a Tokio runtime.
    pub(crate) fn lazy(endpoint: Endpoint) -> Self {
        let scheme = if endpoint.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        Self(Arc::new(Shared {
            endpoint: Arc::new(endpoint),
            scheme,
            runtime: Handle::current(),
            current: Mutex::new(None),
            connecting: Gate::default(),
        }))
    }

    /// Connects, unless there is a connection.
    ///
    /// # Errors
    /// What stands in the way.
    pub(crate) async fn connect(&self) -> Result<(), NotConnected> {
        self.line().await.map(drop).map_err(NotConnected)
    }

    /// The URI of a method.
    fn uri(&self, path: PathAndQuery) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.0.scheme.clone());
        parts.authority = Some(self.0.endpoint.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).expect("a scheme, an authority and a path are a URI")
    }

    /// A place on the connection, which is made if there is none that can be used.
    async fn line(&self) -> Result<Line, Arc<io::Error>> {
        if let Some(line) = self.standing().await {
            return Ok(line);
        }
        let before = self.attempts_so_far();
        let mut attempts = self.0.connecting.lock().await;
        if let Some(line) = self.standing().await {
            return Ok(line);
        }
        // Whoever waited while somebody else tried, and failed, has tried with them.
        if let Some(failure) = attempts.failure.as_ref().filter(|_| attempts.made > before) {
            return Err(Arc::clone(failure));
        }
        attempts.made += 1;
        let made = self.0.runtime.spawn(connect(Arc::clone(&self.0.endpoint))).await;
        match made.unwrap_or_else(|_| Err(io::Error::other("the runtime of the client has ended"))) {
            Ok(connection) => {
                attempts.failure = None;
                let line = Line { sender: connection.sender.clone(), fate: connection.fate.clone() };
                *self.current() = Some(connection);
                Ok(line)
            }
            Err(error) => {
                let error = Arc::new(error);
                attempts.failure = Some(Arc::clone(&error));
                Err(error)
            }
        }
    }

    /// How often it was tried to connect.
    fn attempts_so_far(&self) -> u64 {
        // Where somebody is at it, what comes of that is for us, too.
        self.0.connecting.try_lock().map_or(0, |attempts| attempts.made)
    }

    /// A place on the connection that stands, if there is one.
    async fn standing(&self) -> Option<Line> {
        let Connection { mut sender, fate } = self.current().clone()?;
        if poll_fn(|cx| sender.poll_ready(cx)).await.is_ok() {
            return Some(Line { sender, fate });
        }
        // It is over. Somebody else may have made a new one meanwhile.
        let mut current = self.current();
        if current.as_ref().is_some_and(|current| current.fate.is(&fate)) {
            *current = None;
        }
        None
    }

    fn current(&self) -> MutexGuard<'_, Option<Connection>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carry for Channel {
    fn carry(&self, request: Request<tonic::body::Body>) -> BoxFuture<'static, Reply> {
        let channel = self.clone();
        Box::pin(async move { body::carry(&channel, request).await })
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct NotConnected(Arc<io::Error>);

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no connection")
    }
}

impl Error for NotConnected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0) // the error itself, so that whoever looks for one of the system finds it
    }
}

/// What a call failed with that has no connection.
fn unreachable(error: Arc<io::Error>) -> Status {
    let mut status = Status::unavailable(error.to_string());
    status.set_source(error);
    status
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("authority", &self.0.endpoint.authority).finish_non_exhaustive()
    }
}
