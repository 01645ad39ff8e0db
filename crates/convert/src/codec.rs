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
    /// Stops the call, or fails the task, that the payloads belong to.
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
}

impl CodecError {
    /// Says what went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// Adds what it came from.
    #[must_use]
    pub fn from_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
