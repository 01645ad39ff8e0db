//! What became of a call that broke on its way, as gRPC counts it.

use std::io;
use std::sync::Arc;

use h2::Reason;
use tonic::{Code, Status};

use super::connection::Fate;

/// A stream broke.
pub(super) fn of_stream(error: h2::Error, fate: &Fate) -> Status {
    if fate.is_silence() {
        let silence = io::Error::new(io::ErrorKind::TimedOut, "keep-alive timed out");
        return with_source(Code::Unavailable, silence.to_string(), silence);
    }
    let words = format!("h2 protocol error: {error}");
    if error.is_io() {
        return match error.into_io() {
            Some(error) => with_source(Code::Unknown, words, error),
            None => Status::unknown(words),
        };
    }
    // A server that goes has not begun with the streams that it names.
    let code = if error.is_go_away() && error.reason() == Some(Reason::NO_ERROR) {
        Code::Unavailable
    } else {
        error.reason().map_or(Code::Unknown, of_reason)
    };
    with_source(code, words, error)
}

/// What gRPC makes of the reasons of HTTP/2.
fn of_reason(reason: Reason) -> Code {
    match reason {
        Reason::NO_ERROR
        | Reason::PROTOCOL_ERROR
        | Reason::INTERNAL_ERROR
        | Reason::FLOW_CONTROL_ERROR
        | Reason::SETTINGS_TIMEOUT
        | Reason::FRAME_SIZE_ERROR
        | Reason::COMPRESSION_ERROR
        | Reason::CONNECT_ERROR => Code::Internal,
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled, // tidy-allow: so gRPC spells it
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Unknown,
    }
}

fn with_source(code: Code, words: String, error: impl std::error::Error + Send + Sync + 'static) -> Status {
    let mut status = Status::new(code, words);
    status.set_source(Arc::new(error));
    status
}
