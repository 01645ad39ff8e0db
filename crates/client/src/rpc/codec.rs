//! Messages as bytes: a request is encoded once, however often it is sent, and an answer is decoded where it is wanted.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use prost::DecodeError;
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder};

/// The largest response that is taken in. Servers answer with less; a history page is the largest.
pub(crate) const MAX_RESPONSE_BYTES: usize = 128 * 1024 * 1024;

/// Takes messages that are bytes already, and leaves them so.
pub(crate) struct AsItIs;

impl Decoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// What came is not what should have come.
pub(crate) fn unreadable(error: DecodeError) -> Status {
    let mut status = Status::internal("the response cannot be read");
    status.set_source(Arc::new(error));
    status
}
