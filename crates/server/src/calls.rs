//! Calls as gRPC has them, whoever carries them: one message there, and one back or a refusal.
//!
//! ```text
//! head, body --> the message --> services: the method of its path --> a message in its frame, or a status
//!      '--- compressed, or answered with many messages --> the codec of tonic --> a response
//! ```

mod body;
mod unusual;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response};
use prost::Message;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Status};

use crate::engine::Engine;
use crate::services;

pub(crate) use self::body::Received;
use self::body::Whole;

/// What is before every message: whether it is compressed, and its length in four bytes.
const PREFIX: usize = 5;
/// The longest message that is read at all, in bytes; what is longer than is allowed is refused when it was read.
const LONGEST_HEARD: usize = 64 * 1024 * 1024;
/// The longest message that is taken, in bytes, as the real server has it.
const LONGEST_MESSAGE: usize = 4 * 1024 * 1024;
/// How a message is compressed.
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call as it came: its headers, and its message as it is without its frame.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) headers: HeaderMap,
    pub(crate) message: Bytes,
}

/// What a call is answered with: a message in its [frame](frame), or why there is none.
pub(crate) type Told = Result<Bytes, Status>;

/// A call that is being answered.
pub(crate) type Telling = Pin<Box<dyn Future<Output = Told> + Send>>;

/// What a call is answered with, whatever it is.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A message, or a refusal.
    Told(Told),
    /// A response that comes in pieces.
    Response(Response<Body>),
}

impl Asked {
    /// Reads the message.
    ///
    /// # Errors
    /// When it is too long, in the words that workers know, or no such message.
    pub(crate) fn read<T: Message + Default>(self) -> Result<tonic::Request<T>, Status> {
        let length = self.message.len();
        if length > LONGEST_MESSAGE {
            let words = format!("grpc: received message larger than max ({length} vs. {LONGEST_MESSAGE})");
            return Err(Status::resource_exhausted(words));
        }
        let message = T::decode(self.message).map_err(|error| Status::internal(error.to_string()))?;
        Ok(tonic::Request::from_parts(MetadataMap::from_headers(self.headers), Extensions::new(), message))
    }
}

/// A message as it travels: what is before every message, and the message.
pub(crate) fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut framed = BytesMut::with_capacity(PREFIX + length);
    framed.put_u8(0);
    // One that is too long for the prefix is too long for any connection.
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    message.encode_raw(&mut framed);
    framed.freeze()
}

/// Answers a call.
pub(crate) async fn answer<B>(engine: Arc<Engine>, request: Request<B>) -> Answer
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    let is_compressed = request.headers().get(ENCODING).is_some_and(|encoding| encoding != "identity");
    if is_compressed || request.uri().path() == services::WATCH {
        return Answer::Response(unusual::answer(engine, request).await);
    }
    let (head, body) = request.into_parts();
    Answer::Told(match hear(body).await {
        Ok(message) => services::tell(&engine, head.uri.path(), Asked { headers: head.headers, message }).await,
        Err(status) => Err(status),
    })
}

/// The message of a body.
async fn hear<B>(body: B) -> Told
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    // The first piece mostly is all.
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(piece) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = piece.map_err(|error| Status::from_error(error.into()))?.into_data() else { continue };
        let have = if all.is_empty() { &first[..] } else { &all[..] };
        if length(have)?.is_some_and(|length| have.len() >= PREFIX + length) {
            continue; // what comes after the message is nobody's
        }
        if have.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    let mut whole = if all.is_empty() { first } else { all.freeze() };
    if whole.is_empty() {
        return Err(Status::internal("Missing request message."));
    }
    match length(&whole)? {
        Some(length) if whole.len() >= PREFIX + length => {
            whole.advance(PREFIX);
            whole.truncate(length);
            Ok(whole)
        }
        _ => Err(Status::internal("Unexpected EOF decoding stream.")),
    }
}

/// The length that is before a message, as soon as it is there.
fn length(bytes: &[u8]) -> Result<Option<usize>, Status> {
    let Some((&[compressed, a, b, c, d], _)) = bytes.split_first_chunk::<PREFIX>() else { return Ok(None) };
    match compressed {
        0 => {}
        1 => {
            return Err(Status::internal(
                "protocol error: received message with compressed-flag but no grpc-encoding was specified",
            ));
        }
        flag => {
            return Err(Status::internal(format!(
                "protocol error: received message with invalid compression flag: {flag} (valid flags are 0 and 1), \
                 while sending request"
            )));
        }
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > LONGEST_HEARD {
        return Err(Status::out_of_range(format!(
            "Error, decoded message length too large: found {length} bytes, the limit is: {LONGEST_HEARD} bytes"
        )));
    }
    Ok(Some(length))
}

/// The headers of an answer with a message.
pub(crate) fn head() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers
}

/// What comes after the message of an answer.
pub(crate) fn tail() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    headers
}

impl Answer {
    /// The answer as a response.
    pub(crate) fn into_response(self) -> Response<Body> {
        match self {
            Self::Told(Ok(framed)) => {
                let mut response = Response::new(Body::new(Whole::Message(framed)));
                *response.headers_mut() = head();
                response
            }
            Self::Told(Err(status)) => status.into_http(),
            Self::Response(response) => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body::Frame;
    use http_body_util::StreamBody;
    use perpetua_proto::common::WorkflowType;

    use super::*;

    async fn heard(pieces: &[&'static [u8]]) -> Result<Bytes, String> {
        let pieces = pieces.iter().map(|piece| Ok::<_, Status>(Frame::data(Bytes::from_static(piece))));
        let body = StreamBody::new(tokio_stream::iter(pieces));
        hear(body).await.map_err(|status| status.message().to_owned())
    }

    #[tokio::test]
    async fn a_message_comes_in_one_piece_or_many() {
        let whole = b"\0\0\0\0\x03abc";
        let expected = Ok(Bytes::from_static(b"abc"));
        assert_eq!(heard(&[whole]).await, expected);
        for cut in 1..whole.len() {
            let (one, other) = whole.split_at(cut);
            assert_eq!(heard(&[one, other]).await, expected, "{cut}");
        }
        let bytes: Vec<_> = whole.chunks(1).collect();
        assert_eq!(heard(&bytes).await, expected);
        assert_eq!(heard(&[b"\0\0\0\0\0"]).await, Ok(Bytes::new()));
        assert_eq!(heard(&[whole, whole]).await, expected);
    }

    #[tokio::test]
    async fn what_is_no_message_is_refused() {
        for (bytes, words) in [
            (b"".as_slice(), "Missing request message"),
            (b"\0\0\0\0\x03ab", "Unexpected EOF"),
            (b"\0\0", "Unexpected EOF"),
            (b"\x01\0\0\0\x03abc", "compressed-flag"),
            (b"\x07\0\0\0\x03abc", "invalid compression flag: 7"),
            (b"\0\xff\xff\xff\xff", "decoded message length too large"),
        ] {
            let refused = heard(&[bytes]).await.expect_err("it is refused");
            assert!(refused.contains(words), "{refused}");
        }
    }

    #[test]
    fn what_is_framed_is_heard_again() {
        let message = WorkflowType { name: "greeting".to_owned() };
        let mut framed = frame(&message);
        assert_eq!(length(&framed).expect("a length"), Some(framed.len() - PREFIX));
        framed.advance(PREFIX);
        let asked = Asked { headers: HeaderMap::new(), message: framed };
        assert_eq!(asked.read::<WorkflowType>().expect("a message").into_inner(), message);
    }
}
