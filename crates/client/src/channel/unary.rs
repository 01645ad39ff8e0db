//! Calls as this client makes them: one message there, one back.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName};
use http::response::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode, Uri, Version};
use http_body::{Frame, SizeHint};
use prost::Message;
use tonic::body::Body;
use tonic::codec::Streaming;
use tonic::{Code, Status};

use super::body::Received;
use super::{Channel, fault, gzip, unreachable};
use crate::rpc::{AsItIs, MAX_RESPONSE_BYTES};
use crate::transport::Carry;

/// What is before every message: whether it is compressed, and its length in four bytes.
pub(super) const PREFIX: usize = 5;
/// How the messages of a call, or of its answer, are compressed.
pub(crate) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// How a call ended.
const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A call, ready to be sent, as often as needed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) headers: HeaderMap,
    /// The message, [framed](frame).
    pub(crate) message: Bytes,
}

/// A message as it travels: what is before every message, and the message.
pub(crate) fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut framed = BytesMut::with_capacity(PREFIX + length);
    framed.put_u8(0);
    // One that is too long for the prefix is not sent.
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    message.encode_raw(&mut framed);
    framed.freeze()
}

impl Channel {
    /// Makes a call; the answer's message, as it came.
    pub(crate) async fn call(&self, call: Call) -> Result<Bytes, Status> {
        let length = call.message.len() - PREFIX;
        if u32::try_from(length).is_err() {
            return Err(Status::resource_exhausted(format!("a message of {length} bytes is too long to be sent")));
        }
        let line = self.line().await.map_err(unreachable)?;
        let (mut sender, fate) = (line.sender, line.fate);
        let failed = |error| fault::of_stream(error, &fate);
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri(PathAndQuery::from_static(call.path));
        *request.headers_mut() = call.headers;
        let (response, mut stream) = sender.send_request(request, false).map_err(failed)?;
        stream.send_data(call.message, true).map_err(failed)?;
        drop(stream);
        let (head, stream) = response.await.map_err(failed)?.into_parts();
        answer(head, Received { stream, fate }).await
    }
}

/// Makes a call of something that answers gRPC requests; the answer's message, as it came.
pub(crate) async fn call_service(service: &dyn Carry, call: Call) -> Result<Bytes, Status> {
    let mut request = Request::new(Body::new(Whole(Some(call.message))));
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from(PathAndQuery::from_static(call.path));
    *request.headers_mut() = call.headers;
    let (head, body) = service.carry(request).await.map_err(Status::from_error)?.into_parts();
    answer(head, body).await
}

/// Reads an answer: its one message, and how the call ended.
async fn answer<B>(head: Parts, mut body: B) -> Result<Bytes, Status>
where
    B: http_body::Body<Data = Bytes, Error = Status> + Send + Unpin + 'static,
{
    if head.headers.contains_key(STATUS) {
        // There is no message: whatever it says, the call has ended.
        return Err(failure(&head.headers).unwrap_or_else(missing));
    }
    if head.status != StatusCode::OK {
        return unusual(head, body).await;
    }
    let mut pieces = Pieces { gzip: is_gzip(&head.headers)?, ..Pieces::default() };
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame?.into_data() {
            Ok(data) => pieces.add(data)?,
            Err(frame) => {
                if let Some(failure) = frame.trailers_ref().and_then(failure) {
                    return Err(failure);
                }
            }
        }
    }
    pieces.message()?.ok_or_else(missing)
}

/// Whether the message of an answer may be compressed.
fn is_gzip(headers: &HeaderMap) -> Result<bool, Status> {
    match headers.get(ENCODING).map(|encoding| encoding.as_bytes()) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(other) => {
            let other = String::from_utf8_lossy(other);
            Err(Status::unimplemented(format!("Content is compressed with `{other}` which isn't supported")))
        }
    }
}

/// What a call failed with, as headers say it; none if it did not.
fn failure(headers: &HeaderMap) -> Option<Status> {
    headers.get(STATUS).filter(|status| *status != "0")?;
    Status::from_header_map(headers).filter(|status| status.code() != Code::Ok)
}

fn missing() -> Status {
    Status::internal("Missing response message.")
}

/// A body of one piece.
struct Whole(Option<Bytes>);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|whole| Ok(Frame::data(whole))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |whole| whole.len() as u64))
    }
}

/// What has come of a message.
#[derive(Debug, Default)]
struct Pieces {
    /// Whether it may be compressed.
    gzip: bool,
    /// The first piece, which mostly is all.
    first: Bytes,
    /// All pieces, where there are more.
    all: BytesMut,
}

impl Pieces {
    fn add(&mut self, data: Bytes) -> Result<(), Status> {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = data;
        } else {
            if self.all.is_empty() {
                // The length is known from the first piece, if it is not a very short one.
                let whole = self.prefix(&self.first)?.map_or(0, |prefix| PREFIX + prefix.length);
                self.all.reserve(whole.max(self.first.len() + data.len()));
                self.all.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.all.extend_from_slice(&data);
        }
        let have = if self.all.is_empty() { &self.first[..] } else { &self.all[..] };
        self.prefix(have).map(drop)
    }

    fn message(mut self) -> Result<Option<Bytes>, Status> {
        let mut whole = if self.all.is_empty() { std::mem::take(&mut self.first) } else { self.all.split().freeze() };
        if whole.is_empty() {
            return Ok(None);
        }
        match self.prefix(&whole)? {
            Some(Prefix { compressed, length }) if whole.len() >= PREFIX + length => {
                whole.advance(PREFIX);
                whole.truncate(length);
                if compressed { gzip::decompress(&whole, MAX_RESPONSE_BYTES).map(Some) } else { Ok(Some(whole)) }
            }
            _ => Err(Status::internal("Unexpected EOF decoding stream.")),
        }
    }

    /// What is before the message that begins so, as soon as it is there.
    fn prefix(&self, bytes: &[u8]) -> Result<Option<Prefix>, Status> {
        let Some((&[compressed, a, b, c, d], _)) = bytes.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let compressed = compressed != 0;
        if compressed && !self.gzip {
            return Err(Status::internal(
                "protocol error: received message with compressed-flag but no grpc-encoding was specified",
            ));
        }
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > MAX_RESPONSE_BYTES {
            return Err(Status::out_of_range(format!(
                "Error, decoded message length too large: found {length} bytes, the limit is: {MAX_RESPONSE_BYTES} bytes"
            )));
        }
        Ok(Some(Prefix { compressed, length }))
    }
}

/// What is before a message.
struct Prefix {
    compressed: bool,
    length: usize,
}

/// Reads an answer that does not come from a server of gRPC.
async fn unusual<B>(head: Parts, body: B) -> Result<Bytes, Status>
where
    B: http_body::Body<Data = Bytes, Error = Status> + Send + 'static,
{
    let mut messages = Streaming::new_response(AsItIs, Body::new(body), head.status, None, Some(MAX_RESPONSE_BYTES));
    let message = messages.message().await?;
    messages.trailers().await?;
    message.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_in(pieces: &[&[u8]]) -> Result<Option<Bytes>, String> {
        let mut all = Pieces::default();
        for piece in pieces {
            all.add(Bytes::copy_from_slice(piece)).map_err(|status| status.message().to_owned())?;
        }
        all.message().map_err(|status| status.message().to_owned())
    }

    #[test]
    fn a_message_comes_in_one_piece_or_many() {
        let whole = b"\0\0\0\0\x03abc";
        let expected = Ok(Some(Bytes::from_static(b"abc")));
        assert_eq!(read_in(&[whole]), expected);
        for cut in 1..whole.len() {
            let (one, other) = whole.split_at(cut);
            assert_eq!(read_in(&[one, other]), expected, "{cut}");
        }
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(read_in(&bytes), expected);
        assert_eq!(read_in(&[b"\0\0\0\0\0"]), Ok(Some(Bytes::new())));
        assert_eq!(read_in(&[]), Ok(None));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let refused = |bytes: &[u8]| read_in(&[bytes]).expect_err("it is refused");
        assert!(refused(b"\0\0\0\0\x03ab").contains("Unexpected EOF"));
        assert!(refused(b"\0\0").contains("Unexpected EOF"));
        assert!(refused(b"\x01\0\0\0\x03abc").contains("compressed-flag"));
        assert!(refused(b"\0\xff\xff\xff\xff").contains("decoded message length too large"));
    }
}
