//! One connection: HTTP/2 over a socket, with all its calls in one task.
//!
//! ```text
//! socket --> h2: frames --> calls, answered at once or waiting --> h2: frames, gathered --> socket
//! ```
//!
//! Everything that has come is looked at before anything is written, so that answers that are there at a time leave
//! together. Calls that wait are woken inside the task, and go with it when the client does.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use http_body::Body as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::Status;
use tonic::body::Body;

use super::socket::Gathered;
use crate::calls::{self, Answer, Received};
use crate::engine::Engine;
use crate::services;

/// How much may be on its way to the server before it has taken it, on a connection; a call alone may use half of it.
const WINDOW: u32 = 16 * 1024 * 1024;
/// The longest headers of a call.
const LONGEST_HEADERS: u32 = 1024 * 1024;
/// How many calls of a connection may be given up before the server has looked at them.
const GIVEN_UP: usize = 10_000;

/// Serves a connection until its client leaves, or, when the port is being closed, until its calls are answered.
pub(super) async fn serve(socket: TcpStream, engine: Arc<Engine>, mut closing: watch::Receiver<bool>) {
    // Without it, an answer waits for the acknowledgement of the one before. A socket that refuses works nevertheless.
    let _ = socket.set_nodelay(true);
    let mut closed = pin!(async move {
        // Nobody is left to say it where the port is gone.
        let _ = closing.wait_for(|closing| *closing).await;
    });
    let shaken = tokio::select! {
        shaken = builder().handshake(Gathered(socket)) => shaken,
        () = &mut closed => return,
    };
    let served = match shaken {
        Ok(connection) => drive(connection, engine, closed).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection was lost");
    }
}

/// A connection carries as many calls as its client likes: each poll of each worker is one, and a client that stops gives
/// all of them up at once.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .initial_window_size(WINDOW / 2)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(LONGEST_HEADERS)
        .max_concurrent_streams(u32::MAX)
        .max_pending_accept_reset_streams(GIVEN_UP);
    builder
}

/// How far a connection is from its end.
#[derive(PartialEq)]
enum Stage {
    Open,
    LastCalls,
    Over,
}

async fn drive(
    mut connection: Connection<Gathered, Bytes>,
    engine: Arc<Engine>,
    mut closed: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), h2::Error> {
    let mut calls = FuturesUnordered::new();
    let mut stage = Stage::Open;
    poll_fn(|cx| {
        if stage == Stage::Open && closed.as_mut().poll(cx).is_ready() {
            stage = Stage::LastCalls;
            connection.graceful_shutdown();
        }
        loop {
            while let Poll::Ready(Some(())) = calls.poll_next_unpin(cx) {}
            let before = calls.len();
            // Writes what there is, reads what has come.
            while let Poll::Ready(accepted) = connection.poll_accept(cx) {
                match accepted.transpose()? {
                    Some((request, respond)) => calls.push(attend(Arc::clone(&engine), request, respond)),
                    None => return Poll::Ready(Ok(())),
                }
            }
            if calls.len() != before {
                continue;
            }
            if stage != Stage::LastCalls || !calls.is_empty() || connection.has_streams() {
                return Poll::Pending;
            }
            // All answers have left. What a client may still send is not begun with, and it need not confirm that it knows.
            stage = Stage::Over;
            connection.abrupt_shutdown(Reason::NO_ERROR);
        }
    })
    .await
}

/// Answers a call, unless its client gives it up.
async fn attend(engine: Arc<Engine>, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let mut late = pin!(late(services::deadline(request.headers())));
    let mut answering = pin!(calls::answer(engine, request.map(Received)));
    let answer = poll_fn(|cx| {
        if let Poll::Ready(answer) = poll_unless_it_panics(answering.as_mut(), cx) {
            return Poll::Ready(Some(answer));
        }
        if respond.poll_reset(cx).is_ready() {
            return Poll::Ready(None);
        }
        late.as_mut().poll(cx).map(Some)
    })
    .await;
    let sent = match answer {
        Some(answer) => send(answer, respond).await,
        None => Ok(()),
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "an answer did not leave");
    }
}

/// What is answered when a client says how long it waits, and that is over.
async fn late(limit: Option<Duration>) -> Answer {
    match limit {
        Some(limit) => sleep(limit).await,
        None => pending().await,
    }
    Answer::Told(Err(Status::cancelled("Timeout expired"))) // tidy-allow: so gRPC spells it
}

/// A call that panics is one call, not all those of its connection.
fn poll_unless_it_panics(answering: Pin<&mut impl Future<Output = Answer>>, cx: &mut Context<'_>) -> Poll<Answer> {
    catch_unwind(AssertUnwindSafe(|| answering.poll(cx)))
        .unwrap_or_else(|_| Poll::Ready(Answer::Told(Err(Status::internal("the server has panicked")))))
}

async fn send(answer: Answer, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
    match answer {
        Answer::Told(Ok(framed)) => {
            let mut response = Response::new(());
            *response.headers_mut() = calls::head();
            let mut stream = respond.send_response(response, false)?;
            stream.send_data(framed, false)?;
            stream.send_trailers(calls::tail())
        }
        Answer::Told(Err(status)) => respond.send_response(status.into_http(), true).map(drop),
        Answer::Response(response) => {
            let (head, body) = response.into_parts();
            let stream = respond.send_response(Response::from_parts(head, ()), body.is_end_stream())?;
            if body.is_end_stream() { Ok(()) } else { push(body, stream).await }
        }
    }
}

/// Sends a body as it comes.
async fn push(mut body: Body, mut stream: SendStream<Bytes>) -> Result<(), h2::Error> {
    loop {
        let frame = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Pending => stream.poll_reset(cx).map(|_| None),
            frame => frame.map(Some),
        });
        match frame.await {
            // The client has gone.
            None => return Ok(()),
            Some(None) => return stream.send_data(Bytes::new(), true),
            Some(Some(Err(_))) => {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            Some(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => stream.send_data(data, false)?,
                Err(frame) => return stream.send_trailers(frame.into_trailers().unwrap_or_default()),
            },
        }
    }
}
