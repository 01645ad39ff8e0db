//! One call: attempts, each with a deadline, until there is an answer or no hope.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use perpetua_convert::BoxFuture;
use tokio::time::{Instant, sleep, timeout};
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Status, TimeoutExpired};

use super::codec::{Encoded, MAX_RESPONSE_BYTES};
use super::retry::Failed;
use super::{Patience, Rpc, RpcCode, RpcError, deadline};
use crate::Client;
use crate::channel::{Call, frame, unframed};
use crate::connect::chain;

/// An attempt that takes this long was waiting for something to happen, and did not just fail.
const HELD: Duration = Duration::from_secs(10);

/// After so many failed attempts a call that waits without end says so in the log.
const ATTEMPTS_BEFORE_WARNING: u32 = 5;

/// A call to the server, ready to be awaited: `client.rpc(request).await`.
#[must_use = "a call does nothing until it is awaited"]
pub struct RpcCall<R: Rpc> {
    client: Client,
    /// As it travels.
    message: Bytes,
    patience: Patience,
    limit: Option<Duration>,
    request: PhantomData<fn() -> R>,
}

impl<R: Rpc> RpcCall<R> {
    pub(crate) fn new(client: Client, request: &R) -> Self {
        Self { client, message: frame(request), patience: request.patience(), limit: None, request: PhantomData }
    }

    /// Sets how long the call may take, with all its attempts; none leaves it to the kind of call.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Sets what kind of call it is, where the method's own kind does not fit.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Makes the call. The same as awaiting it, without a box.
    ///
    /// # Errors
    /// What the last attempt failed with, or that no answer came in time.
    pub async fn send(self) -> Result<R::Response, RpcError> {
        let start = Instant::now();
        let mut attempts = 0;
        let mut in_a_row = 0;
        let mut last = None;
        loop {
            attempts += 1;
            let remaining = self.limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let attempt = Instant::now();
            let error = match self.attempt(remaining).await {
                Ok(response) => return Ok(response),
                Err(Stopped::Failed(status)) => {
                    RpcError::of_status(R::METHOD, self.client.address_shared(), attempts, status)
                }
                Err(Stopped::Elapsed(after)) => {
                    let after = self.limit.filter(|limit| start.elapsed() >= *limit).unwrap_or(after);
                    RpcError::elapsed(R::METHOD, self.client.address_shared(), attempts, after, last.take())
                }
            };
            // Whatever held for a while was not refused: the waits begin anew.
            in_a_row = if attempt.elapsed() < HELD { in_a_row + 1 } else { 1 };
            let failed = Failed {
                code: error.code(),
                pointless: error.is_pointless(),
                patience: self.patience,
                attempts: if self.patience == Patience::Long { in_a_row } else { attempts },
                elapsed: start.elapsed(),
                limit: self.limit,
            };
            let Some(wait) = self.client.retry().wait_after(&failed) else { return Err(error) };
            report(&error, &failed, wait);
            last = Some(error);
            sleep(wait).await;
        }
    }

    async fn attempt(&self, remaining: Option<Duration>) -> Result<R::Response, Stopped> {
        // The server is told how long it may take. A server that waits for something to happen answers with nothing
        // shortly before that, so it always gets its minute: where the caller has less time, dropping the call ends it.
        let deadline = match (self.patience, remaining) {
            (Patience::Short, Some(remaining)) => remaining,
            (patience, _) => patience.attempt(),
        };
        let ours = remaining.map_or(deadline, |remaining| remaining.min(deadline));
        match timeout(ours, self.send_once(deadline)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(status)) if is_expired(&status) => Err(Stopped::Elapsed(ours)),
            Ok(Err(status)) => Err(Stopped::Failed(status)),
            Err(_) => Err(Stopped::Elapsed(ours)),
        }
    }

    async fn send_once(&self, deadline: Duration) -> Result<R::Response, Status> {
        if self.client.compresses() {
            return self.send_compressed(deadline).await;
        }
        let headers = self.client.transport().headers().of_call(deadline::header(deadline));
        self.client.transport().call(Call { path: R::PATH, headers, message: self.message.clone() }).await
    }

    /// Sends it as the generated clients would.
    async fn send_compressed(&self, deadline: Duration) -> Result<R::Response, Status> {
        let mut request = Request::new(unframed(&self.message));
        request.set_timeout(deadline);
        let mut grpc = Grpc::new(self.client.transport().clone())
            .max_decoding_message_size(MAX_RESPONSE_BYTES)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
        let codec = Encoded::<R::Response>::default();
        let response = grpc.unary(request, PathAndQuery::from_static(R::PATH), codec).await?;
        Ok(response.into_inner())
    }
}

/// Why an attempt gave no answer.
enum Stopped {
    Failed(Status),
    Elapsed(Duration),
}

/// Whether it was the deadline that we set: the transport keeps it as well, and may notice first.
fn is_expired(status: &Status) -> bool {
    chain(status).any(|error| error.is::<TimeoutExpired>())
}

fn report(error: &RpcError, failed: &Failed, wait: Duration) {
    let quiet = failed.patience == Patience::Long && error.code() == RpcCode::DeadlineExceeded;
    if failed.patience == Patience::Long && failed.attempts >= ATTEMPTS_BEFORE_WARNING && !quiet {
        tracing::warn!(%error, ?wait, "a call that waits for something to happen keeps failing; it is tried again");
    } else {
        tracing::debug!(%error, ?wait, "a call failed; it is tried again");
    }
}

impl<R: Rpc> IntoFuture for RpcCall<R> {
    type Output = Result<R::Response, RpcError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<R: Rpc> fmt::Debug for RpcCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcCall").field("method", &R::METHOD).field("limit", &self.limit).finish_non_exhaustive()
    }
}
