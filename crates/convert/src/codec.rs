//! Codecs: what happens to bytes at the edge of the process.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use perpetua_vocab::Payload;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Changes payloads on their way out and back on their way in: encryption, compression, storage elsewhere.
///
/// A codec gives back as many payloads as it was given, in the same order.
pub trait PayloadCodec: fmt::Debug + Send + Sync + 'static {
    /// On the way out.
    ///
    /// # Errors
    /// Stops the call, or fails the task, that the payloads belong to.
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>>;

    /// On the way in. Payloads that this codec did not make are given back unchanged.
    ///
    /// # Errors
    /// Stops the call, or fails the task, that the payloads belong to. What a worker cannot read of a workflow's history
    /// fails the workflow itself, if the error is [non-retryable](CodecError::non_retryable).
    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>>;
}

/// Why a codec gave up.
#[derive(Debug, thiserror::Error)]
#[error("payload codec failed: {message}")]
pub struct CodecError {
    /// What went wrong.
    pub message: String,
    /// What it came from.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// Whether trying again is pointless.
    pub is_non_retryable: bool,
}

impl CodecError {
    /// Says what went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, is_non_retryable: false }
    }

    /// Adds what it came from.
    #[must_use]
    pub fn from_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says that trying again is pointless, as where a key was destroyed. A workflow whose history cannot be read for this
    /// reason fails for good, instead of being tried again until the codec works.
    #[must_use]
    pub fn non_retryable(mut self) -> Self {
        self.is_non_retryable = true;
        self
    }
}
