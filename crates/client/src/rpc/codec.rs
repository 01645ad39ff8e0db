//! Messages as bytes: a request is encoded once, however often it is sent.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use prost::{DecodeError, Message};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// The largest response that is taken in. Servers answer with less; a history page is the largest.
pub(crate) const MAX_RESPONSE_BYTES: usize = 128 * 1024 * 1024;

/// Sends bytes that are a message already; reads a message.
pub(crate) struct Encoded<T>(PhantomData<fn() -> T>);

/// Writes what is encoded already.
pub(crate) struct AsItIs;

/// Reads a message.
pub(crate) struct Read<T>(PhantomData<fn() -> T>);

impl<T> Default for Encoded<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message + Default + 'static> Codec for Encoded<T> {
    type Encode = Bytes;
    type Decode = T;
    type Encoder = AsItIs;
    type Decoder = Read<T>;

    fn encoder(&mut self) -> AsItIs {
        AsItIs
    }

    fn decoder(&mut self) -> Read<T> {
        Read(PhantomData)
    }
}

impl Encoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl<T: Message + Default> Decoder for Read<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        T::decode(buffer).map(Some).map_err(unreadable)
    }
}

/// What came is not what should have come.
pub(crate) fn unreadable(error: DecodeError) -> Status {
    let mut status = Status::internal("the response cannot be read");
    status.set_source(Arc::new(error));
    status
}
