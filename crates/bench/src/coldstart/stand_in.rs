//! A stand-in for a server: answers every call at once, with nothing, and lets polls hang.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{self, SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Outcome;

/// A worker that has not polled after this time never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than a measurement takes.
const FOREVER: Duration = Duration::from_secs(3600);

/// A server that waits for a poll. Dropping it ends it.
pub(super) struct StandIn {
    address: SocketAddr,
    polls: mpsc::UnboundedReceiver<Instant>,
    _running: JoinSet<()>,
}

impl StandIn {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, polls) = mpsc::unbounded_channel();
        let mut running = JoinSet::new();
        running.spawn(accept(listener, sender));
        Ok(Self { address, polls, _running: running })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the first poll for workflow tasks arrived.
    pub(super) async fn first_poll(mut self) -> Outcome<Instant> {
        let polled = timeout(PATIENCE, self.polls.recv()).await.map_err(|_| "the worker does not poll")?;
        Ok(polled.ok_or("the stand-in server has ended")?)
    }
}

async fn accept(listener: TcpListener, polls: mpsc::UnboundedSender<Instant>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let polls = polls.clone();
        connections.spawn(async move {
            // A connection that is cut off is the worker's end.
            let _ = serve(socket, &polls).await;
        });
    }
}

async fn serve(socket: TcpStream, polls: &mpsc::UnboundedSender<Instant>) -> Outcome {
    socket.set_nodelay(true)?;
    let mut connection = server::handshake(socket).await?;
    let mut answers = JoinSet::new();
    while let Some(call) = connection.accept().await {
        let (request, respond) = call?;
        if request.uri().path().ends_with("/PollWorkflowTaskQueue") {
            let _ = polls.send(Instant::now()); // only the first counts
        }
        answers.spawn(async move {
            let _ = answer(request, respond).await;
        });
    }
    Ok(())
}

/// An empty message, and the status "ok"; or, to a poll, nothing.
async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    while let Some(data) = body.data().await {
        let _ = body.flow_control().release_capacity(data?.len());
    }
    if head.uri.path().rsplit('/').next().is_some_and(|method| method.starts_with("Poll")) {
        sleep(FOREVER).await;
    }
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(Bytes::from_static(&[0; 5]), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}
