//! Bodies: of what comes over a connection, and of an answer that is here.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame};

use super::tail;

/// What comes of a call over a connection, as it comes.
#[derive(Debug)]
pub(crate) struct Received(pub(crate) RecvStream);

impl Body for Received {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let stream = &mut self.0;
        match ready!(stream.poll_data(cx)) {
            Some(data) => {
                if let Ok(data) = &data {
                    // What was taken makes place for more, unless the stream is over, where it does not matter.
                    let _ = stream.flow_control().release_capacity(data.len());
                }
                Poll::Ready(Some(data.map(Frame::data)))
            }
            None => stream.poll_trailers(cx).map(|trailers| trailers.transpose().map(|it| it.map(Frame::trailers))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// A message in its frame, and that the call went well.
#[derive(Debug)]
pub(super) enum Whole {
    Message(Bytes),
    Tail,
    Done,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (frame, rest) = match std::mem::replace(&mut *self, Self::Done) {
            Self::Message(framed) => (Frame::data(framed), Self::Tail),
            Self::Tail => (Frame::trailers(tail()), Self::Done),
            Self::Done => return Poll::Ready(None),
        };
        *self = rest;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Done)
    }
}
