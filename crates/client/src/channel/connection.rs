//! One connection: HTTP/2 over a socket, driven by a task of its own until it is over.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{sleep, timeout};

use super::{Endpoint, socket};

/// How much of an answer may be on its way before somebody has taken it; of all answers together four times as much.
const WINDOW: u32 = 4 * 1024 * 1024;
/// The longest piece in which data may come.
const FRAME: u32 = 256 * 1024;
/// The longest headers of an answer.
const LONGEST_HEADERS: u32 = 1024 * 1024;

/// Asking whether the server is still there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    /// After so long without a sign of it.
    pub(crate) every: Duration,
    /// How long it may take to answer.
    pub(crate) answer_within: Duration,
}

/// A connection that stands, or stood. It ends when all of its clones and calls are gone.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Bytes>,
    pub(super) fate: Fate,
}

/// What is known of the end of a connection, beside what its streams say; one for each connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate(Arc<AtomicBool>);

impl Fate {
    /// Whether both are of the same connection.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it was given up because the server did not answer.
    pub(super) fn is_silence(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes a connection, within the time that there is for it.
pub(super) async fn connect(endpoint: Arc<Endpoint>) -> io::Result<Connection> {
    let limit = endpoint.connect_timeout;
    match timeout(limit, dial(&endpoint)).await {
        Ok(connected) => connected,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {limit:?}"))),
    }
}

async fn dial(endpoint: &Endpoint) -> io::Result<Connection> {
    let socket = socket::open(&endpoint.authority).await?;
    match &endpoint.tls {
        None => shake_hands(socket, endpoint.keep_alive).await,
        Some(tls) => shake_hands(tls.secure(socket).await?, endpoint.keep_alive).await,
    }
}

async fn shake_hands<S>(socket: S, keep_alive: Option<KeepAlive>) -> io::Result<Connection>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let heard = Arc::new(AtomicBool::new(false));
    let socket = Heard { socket, heard: Arc::clone(&heard) };
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW * 4)
        .max_frame_size(FRAME)
        .max_header_list_size(LONGEST_HEADERS);
    let (sender, mut connection) = builder.handshake(socket).await.map_err(into_io)?;
    let fate = Fate::default();
    let watch = match (keep_alive, connection.ping_pong()) {
        (Some(keep_alive), Some(pings)) => Some(listen(pings, keep_alive, heard)),
        _ => None,
    };
    let decided = fate.clone();
    tokio::spawn(async move {
        let mut watch = pin!(async move {
            match watch {
                Some(watch) => watch.await,
                None => std::future::pending().await,
            }
        });
        let ended = poll_fn(|cx| {
            if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
                return Poll::Ready(Some(ended));
            }
            watch.as_mut().poll(cx).map(|()| None)
        });
        match ended.await {
            Some(Ok(())) => tracing::debug!("a connection was closed"),
            Some(Err(error)) => tracing::debug!(%error, "a connection was lost"),
            None => {
                decided.0.store(true, Ordering::Relaxed);
                tracing::debug!("a connection was given up: the server does not answer");
            }
        }
    });
    Ok(Connection { sender, fate })
}

/// Asks whether the server is there, whenever nothing was heard of it for a while; ends when it does not answer.
async fn listen(mut pings: PingPong, keep_alive: KeepAlive, heard: Arc<AtomicBool>) {
    loop {
        sleep(keep_alive.every).await;
        if heard.swap(false, Ordering::Relaxed) {
            continue;
        }
        match timeout(keep_alive.answer_within, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {}
            // The connection is over, and says so itself.
            Ok(Err(_)) => std::future::pending().await,
            Err(_) => return,
        }
    }
}

/// What HTTP/2 says of a connection that did not come about, as the system would.
fn into_io(error: h2::Error) -> io::Error {
    if error.is_io() { error.into_io().unwrap_or_else(|| io::ErrorKind::Other.into()) } else { io::Error::other(error) }
}

/// A socket that notes that something was heard.
struct Heard<S> {
    socket: S,
    heard: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = &read {
            self.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
