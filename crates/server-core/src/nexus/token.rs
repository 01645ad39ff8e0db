//! Tokens that name an operation: for the worker that is to answer, and for whoever is to say that it is over.

use std::fmt::Write;

use prost::Message;

/// Names an operation, and one request for it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct OperationToken {
    /// Which server gave it; a token of another is refused.
    #[prost(fixed64, tag = "1")]
    pub(crate) server: u64,
    #[prost(string, tag = "2")]
    pub(crate) namespace: String,
    /// The id of the run whose operation it is; empty for one that a client started.
    #[prost(string, tag = "3")]
    pub(crate) run_id: String,
    #[prost(int64, tag = "4")]
    pub(crate) scheduled: i64,
    /// The request id of the operation. Nobody guesses it.
    #[prost(string, tag = "5")]
    pub(crate) request_id: String,
    /// The try that a worker was given; 0 for a callback.
    #[prost(int32, tag = "6")]
    pub(crate) attempt: i32,
    /// Whether the worker was asked to stop the operation.
    #[prost(bool, tag = "7")]
    pub(crate) cancel: bool,
    /// The workflow whose operation it is.
    #[prost(string, tag = "9")]
    pub(crate) workflow_id: String,
    /// The run id of an operation that a client started.
    #[prost(string, tag = "8")]
    pub(crate) standalone: String,
    /// Whether it is no operation, but what a worker is told.
    #[prost(bool, tag = "10")]
    pub(crate) command: bool,
}

impl OperationToken {
    /// As the text of a header.
    pub(crate) fn to_text(&self) -> String {
        self.encode_to_vec().iter().fold(String::new(), |mut text, byte| {
            // Writing into a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// From the text of a header.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        if !text.is_ascii() || !text.len().is_multiple_of(2) {
            return None;
        }
        let bytes: Option<Vec<u8>> =
            (0..text.len() / 2).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect();
        Self::decode(bytes?.as_slice()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_being_a_text_and_nothing_else_is_one() {
        let token = OperationToken { server: 7, run_id: "run".into(), scheduled: 5, ..OperationToken::default() };
        assert_eq!(OperationToken::from_text(&token.to_text()), Some(token));
        for wrong in ["0", "zz", "é0", "ff", "+1"] {
            assert_eq!(OperationToken::from_text(wrong), None, "{wrong}");
        }
    }
}
