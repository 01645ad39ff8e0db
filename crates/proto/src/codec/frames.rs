//! Messages in the frames of gRPC: what the generated clients and servers use.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Writes messages of one type and reads messages of another.
pub struct MessageCodec<W, R>(PhantomData<fn(W) -> R>);

/// Writes messages of a type.
pub struct Written<W>(PhantomData<fn(W)>);

/// Reads messages of a type.
pub struct Read<R>(PhantomData<fn() -> R>);

impl<W, R> Default for MessageCodec<W, R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<W: Message + 'static, R: Message + Default + 'static> Codec for MessageCodec<W, R> {
    type Encode = W;
    type Decode = R;
    type Encoder = Written<W>;
    type Decoder = Read<R>;

    fn encoder(&mut self) -> Written<W> {
        Written(PhantomData)
    }

    fn decoder(&mut self) -> Read<R> {
        Read(PhantomData)
    }
}

impl<W: Message> Encoder for Written<W> {
    type Item = W;
    type Error = Status;

    fn encode(&mut self, message: W, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<R: Message + Default> Decoder for Read<R> {
    type Item = R;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<R>, Status> {
        R::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<W, R> fmt::Debug for MessageCodec<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageCodec<{}, {}>", type_name::<W>(), type_name::<R>())
    }
}

impl<W> fmt::Debug for Written<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Written<{}>", type_name::<W>())
    }
}

impl<R> fmt::Debug for Read<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Read<{}>", type_name::<R>())
    }
}
