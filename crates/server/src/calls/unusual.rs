//! Calls that are compressed, and those that are answered with many messages: by the codec of tonic.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, ServerStreamingService, UnaryService};

use super::{Asked, BoxError, ENCODING, LONGEST_HEARD, PREFIX};
use crate::engine::Engine;
use crate::services::{self, Watching};

/// The shortest answer that is compressed, in bytes. What is shorter goes into one packet either way, and a compressor takes a
/// third of a megabyte of fresh memory.
const WORTH_COMPRESSING: usize = 1024;

/// Answers a call.
pub(super) async fn answer<B>(engine: Arc<Engine>, mut request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    // Answers are compressed only for those who compress what they ask, as the real server does it. Most clients accept
    // what is compressed; on the same machine it costs more than it saves.
    if !request.headers().contains_key(ENCODING) {
        request.headers_mut().remove("grpc-accept-encoding");
    }
    let mut grpc = Grpc::new(AsItIs)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(LONGEST_HEARD)
        .max_encoding_message_size(usize::MAX);
    let path = request.uri().path().to_owned();
    if path == services::WATCH {
        grpc.server_streaming(Watch { engine }, request).await
    } else {
        grpc.unary(One { engine, path }, request).await
    }
}

fn asked(request: tonic::Request<Bytes>) -> Asked {
    let (metadata, _, message) = request.into_parts();
    Asked { headers: metadata.into_headers(), message }
}

type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = Result<tonic::Response<T>, Status>> + Send>>;

/// A method that is answered with one message.
struct One {
    engine: Arc<Engine>,
    path: String,
}

impl UnaryService<Bytes> for One {
    type Response = Bytes;
    type Future = BoxFuture<Bytes>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let telling = services::tell(&self.engine, &self.path, asked(request));
        Box::pin(async move {
            let message = telling.await?.slice(PREFIX..);
            let is_short = message.len() < WORTH_COMPRESSING;
            let mut response = tonic::Response::new(message);
            if is_short {
                response.disable_compression();
            }
            Ok(response)
        })
    }
}

/// The method that is answered with many.
struct Watch {
    engine: Arc<Engine>,
}

impl ServerStreamingService<Bytes> for Watch {
    type Response = Bytes;
    type ResponseStream = Watching;
    type Future = BoxFuture<Watching>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let watching = services::watch(&self.engine, asked(request));
        Box::pin(std::future::ready(watching.map(tonic::Response::new)))
    }
}

/// Takes messages that are bytes already, and leaves them so.
struct AsItIs;

impl Codec for AsItIs {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
