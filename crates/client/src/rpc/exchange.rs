//! One call as bytes: attempts, each with a deadline, until there is an answer or no hope.
//!
//! Nothing here depends on the types of messages: it is compiled once, and not for each method by each crate that calls it.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use perpetua_convert::BoxFuture;
use prost::DecodeError;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Status, TimeoutExpired};

use super::codec::unreadable;
use super::retry::Failed;
use super::{Patience, RpcCode, RpcError, deadline};
use crate::Client;
use crate::channel::{Call, ENCODING, compress};
use crate::connect::chain;

/// An attempt that takes this long was waiting for something to happen, and did not just fail.
const HELD: Duration = Duration::from_secs(10);

/// After so many failed attempts a call that waits without end says so in the log.
const ATTEMPTS_BEFORE_WARNING: u32 = 5;

/// Takes the answer's message.
pub(super) type Read<'a> = dyn FnMut(Bytes) -> Result<(), DecodeError> + Send + 'a;

/// A request as it travels, and how to call with it.
pub(super) struct Exchange {
    pub(super) client: Client,
    /// The message, framed.
    pub(super) message: Bytes,
    pub(super) patience: Patience,
    pub(super) limit: Option<Duration>,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
}

impl Exchange {
    /// Makes the call, until `read` has taken an answer. A future that is compiled here: others would compile all of it
    /// anew.
    #[inline(never)]
    pub(super) fn start<'a>(self, read: &'a mut Read<'_>) -> BoxFuture<'a, Result<(), RpcError>> {
        Box::pin(self.run(read))
    }

    async fn run(self, read: &mut Read<'_>) -> Result<(), RpcError> {
        let start = Instant::now();
        let mut attempts = 0;
        let mut in_a_row = 0;
        let mut last = None;
        loop {
            attempts += 1;
            let remaining = self.limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let attempt = Instant::now();
            let error = match self.attempt(remaining, read).await {
                Ok(()) => return Ok(()),
                Err(Stopped::Failed(status)) => {
                    RpcError::of_status(self.method, self.client.address_shared(), attempts, status)
                }
                Err(Stopped::Elapsed(after)) => {
                    let after = self.limit.filter(|limit| start.elapsed() >= *limit).unwrap_or(after);
                    RpcError::elapsed(self.method, self.client.address_shared(), attempts, after, last.take())
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

    async fn attempt(&self, remaining: Option<Duration>, read: &mut Read<'_>) -> Result<(), Stopped> {
        // The server is told how long it may take. A server that waits for something to happen answers with nothing
        // shortly before that, so it always gets its minute: where the caller has less time, dropping the call ends it.
        let deadline = match (self.patience, remaining) {
            (Patience::Short, Some(remaining)) => remaining,
            (patience, _) => patience.attempt(),
        };
        let ours = remaining.map_or(deadline, |remaining| remaining.min(deadline));
        let answer = timeout(ours, self.send_once(deadline)).await;
        match answer.map(|answer| answer.and_then(|message| read(message).map_err(unreadable))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(status)) if is_expired(&status) => Err(Stopped::Elapsed(ours)),
            Ok(Err(status)) => Err(Stopped::Failed(status)),
            Err(_) => Err(Stopped::Elapsed(ours)),
        }
    }

    async fn send_once(&self, deadline: Duration) -> Result<Bytes, Status> {
        let mut headers = self.client.transport().headers().of_call(deadline::header(deadline));
        let message = if self.client.compresses() {
            headers.insert(ENCODING, HeaderValue::from_static("gzip"));
            compress(&self.message)?
        } else {
            self.message.clone()
        };
        self.client.transport().call(Call { path: self.path, headers, message }).await
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
