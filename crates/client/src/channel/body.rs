//! Calls as the generated clients make them: bodies that come in pieces.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use h2::{RecvStream, SendStream};
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use tokio::time::timeout;
use tonic::body::Body;
use tonic::{Status, TimeoutExpired};

use super::connection::Fate;
use super::{Channel, fault, unreachable};

/// Who we are, as servers log it.
pub(crate) const AGENT: &str = concat!("perpetua/", env!("CARGO_PKG_VERSION"));
/// The time that a call may take.
pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request and its body, and waits for the head of the answer, no longer than the request says.
pub(super) async fn carry(channel: &Channel, request: Request<Body>) -> Result<Response<Body>, BoxError> {
    match request.headers().get(TIMEOUT).and_then(|limit| parse(limit.to_str().ok()?)) {
        Some(limit) => timeout(limit, send(channel, request)).await.map_err(|_| TimeoutExpired(()))?,
        None => send(channel, request).await,
    }
    .map_err(Into::into)
}

async fn send(channel: &Channel, request: Request<Body>) -> Result<Response<Body>, Status> {
    let line = channel.line().await.map_err(unreachable)?;
    let (mut sender, fate) = (line.sender, line.fate);
    let failed = |error| fault::of_stream(error, &fate);
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    parts.uri = channel.uri(path);
    parts.headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let (response, stream) = sender.send_request(Request::from_parts(parts, ()), false).map_err(failed)?;
    push(body, stream, &fate).await?;
    let (parts, stream) = response.await.map_err(failed)?.into_parts();
    Ok(Response::from_parts(parts, Body::new(Received { stream, fate })))
}

/// Sends a body: of a client of ours that is one message, which is there already.
async fn push(mut body: Body, mut stream: SendStream<Bytes>, fate: &Fate) -> Result<(), Status> {
    let failed = |error| fault::of_stream(error, fate);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame?.into_data() {
            Ok(data) => stream.send_data(data, body.is_end_stream()).map_err(failed)?,
            // A client sends no trailers.
            Err(_) => break,
        }
        if body.is_end_stream() {
            return Ok(());
        }
    }
    stream.send_data(Bytes::new(), true).map_err(failed)
}

/// What comes of a body, as it comes.
pub(super) struct Received {
    pub(super) stream: RecvStream,
    pub(super) fate: Fate,
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { stream, fate } = &mut *self;
        let frame = match std::task::ready!(stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // What was taken makes place for more, unless the stream is over, where it does not matter.
                let _ = stream.flow_control().release_capacity(data.remaining());
                Some(Ok(Frame::data(data)))
            }
            Some(Err(error)) => Some(Err(error)),
            None => {
                std::task::ready!(stream.poll_trailers(cx)).map(|trailers| trailers.map(Frame::trailers)).transpose()
            }
        };
        Poll::Ready(frame.map(|frame| frame.map_err(|error| fault::of_stream(error, fate))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }
}

/// A timeout as gRPC writes it.
fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number.checked_mul(3600)?),
        "M" => Duration::from_secs(number.checked_mul(60)?),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}
