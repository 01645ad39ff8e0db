//! Calls as they travel, taken apart and put together again.
//!
//! A gRPC body is one message for us: a byte that says whether it is compressed, four with its length, and the message.
//! Whatever is not of this form is passed on as it is.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use prost::Message;
use tonic::body::Body;

/// A request whose body is here.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    head: http::request::Parts,
    body: Bytes,
}

/// A response whose body is here.
#[derive(Debug)]
pub(crate) struct Reply {
    head: http::response::Parts,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

impl Call {
    /// Takes in a request; none if it breaks off.
    pub(crate) async fn collect(request: Request<Body>) -> Option<Self> {
        let (mut head, body) = request.into_parts();
        // So that answers can be read.
        head.headers.remove("grpc-accept-encoding");
        let body = body.collect().await.ok()?.to_bytes();
        Some(Self { head, body })
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        Request::from_parts(self.head, Body::new(Full::new(self.body)))
    }

    /// The message, if it is of this type.
    pub(crate) fn message<M: Message + Default>(&self) -> Option<M> {
        M::decode(message(&self.body)?).ok()
    }

    /// The same call with another message.
    pub(crate) fn with_message(mut self, message: &impl Message) -> Self {
        self.body = frame(message);
        self
    }
}

impl Reply {
    /// Takes in a response; none if it breaks off.
    pub(crate) async fn collect(response: Response<Body>) -> Option<Self> {
        let (head, body) = response.into_parts();
        let collected = body.collect().await.ok()?;
        let trailers = collected.trailers().cloned();
        Some(Self { head, body: collected.to_bytes(), trailers })
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let data = (!self.body.is_empty()).then(|| http_body::Frame::data(self.body));
        let trailers = self.trailers.map(http_body::Frame::trailers);
        let frames = data.into_iter().chain(trailers).map(Ok::<_, tonic::Status>);
        Response::from_parts(self.head, Body::new(StreamBody::new(futures_util::stream::iter(frames))))
    }

    /// Whether the call succeeded.
    pub(crate) fn is_ok(&self) -> bool {
        let status = self.trailers.as_ref().and_then(|trailers| trailers.get("grpc-status"));
        status.or_else(|| self.head.headers.get("grpc-status")).is_some_and(|status| status == "0")
    }

    /// The message, if it is of this type.
    pub(crate) fn message<M: Message + Default>(&self) -> Option<M> {
        M::decode(message(&self.body)?).ok()
    }
}

/// What the caller hears when the connection is lost.
pub(crate) fn lost(what: &str) -> Response<Body> {
    tonic::Status::unavailable(format!("the connection is lost (simulated: {what})")).into_http()
}

fn message(body: &Bytes) -> Option<&[u8]> {
    let (head, rest) = body.split_at_checked(5)?;
    let [0, length @ ..] = head else { return None };
    let length = u32::from_be_bytes(length.try_into().ok()?);
    (rest.len() == usize::try_from(length).ok()?).then_some(rest)
}

fn frame(message: &impl Message) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u8(0);
    body.put_u32(u32::try_from(message.encoded_len()).unwrap_or(u32::MAX));
    body.put_slice(&message.encode_to_vec());
    body.freeze()
}

#[cfg(test)]
mod tests {
    use perpetua_proto::common::WorkflowType;

    use super::*;

    #[test]
    fn a_message_comes_out_as_it_went_in() {
        let message = WorkflowType { name: "greeting".to_owned() };
        let (head, ()) = Request::new(()).into_parts();
        let call = Call { head, body: Bytes::new() }.with_message(&message);
        assert_eq!(call.message::<WorkflowType>(), Some(message));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for body in [&b""[..], b"\0\0\0\0", b"\x01\0\0\0\0", b"\0\0\0\0\x05abc"] {
            assert_eq!(message(&Bytes::copy_from_slice(body)), None, "{body:?}");
        }
    }
}
