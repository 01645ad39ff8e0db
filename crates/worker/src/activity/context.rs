//! What an activity holds while it runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use perpetua_client::Client;
use perpetua_convert::ConversionError;
use perpetua_vocab::{Failure, Payload, Payloads};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::cancel::{CancelReason, Cancellation};
use super::heartbeat::Heartbeats;
use super::info::ActivityInfo;
use crate::failure;
use crate::shutdown::Shutdown;

/// What an activity holds while it runs: what it is, its heartbeats, its cancellation, the worker's client. Clones are
/// the same attempt's; it may be moved to other threads and tasks.
///
/// # Cancellation
///
/// The context tells when an attempt should stop, and why; nothing is stopped by force, because only the activity knows
/// where it can be. A workflow's request to stop arrives with the answer to a heartbeat, so an activity that never
/// heartbeats never hears of it; a local activity hears of it in any case.
///
/// ```
/// use perpetua_convert::{AnyError, Canceled};
/// use perpetua_worker::ActivityContext;
///
/// # async fn download(page: u32) -> Result<Vec<u8>, AnyError> { Ok(Vec::new()) }
/// async fn download_all(ctx: ActivityContext, pages: u32) -> Result<usize, AnyError> {
///     let first = ctx.heartbeat_details::<u32>()?.unwrap_or(0);
///     let mut size = 0;
///     for page in first..pages {
///         tokio::select! {
///             reason = ctx.canceled() => return Err(Canceled::from(reason).into()),
///             content = download(page) => size += content?.len(),
///         }
///         ctx.heartbeat(page);
///     }
///     Ok(size)
/// }
/// ```
///
/// An activity that returns [`Canceled`](perpetua_convert::Canceled), or an error made from it, is reported according to
/// the reason: see [`CancelReason`].
#[derive(Clone)]
pub struct ActivityContext(Arc<Inner>);

struct Inner {
    info: ActivityInfo,
    last_heartbeat: Option<Payloads>,
    client: Client,
    cancellation: Cancellation,
    heartbeats: Heartbeats,
    invalid_heartbeat: Mutex<Option<Failure>>,
    shutdown: Shutdown,
    observer: Option<HeartbeatObserver>,
}

/// Who wants to know of every heartbeat.
type HeartbeatObserver = Box<dyn Fn(&Payload) + Send + Sync>;

impl ActivityContext {
    pub(crate) fn new(
        info: ActivityInfo,
        last_heartbeat: Option<Payloads>,
        client: Client,
        shutdown: Shutdown,
    ) -> Self {
        Self::made(info, last_heartbeat, client, shutdown, None)
    }

    /// The same, and each heartbeat is handed to the observer.
    pub(crate) fn observed(
        info: ActivityInfo,
        last_heartbeat: Option<Payloads>,
        client: Client,
        shutdown: Shutdown,
        observer: HeartbeatObserver,
    ) -> Self {
        Self::made(info, last_heartbeat, client, shutdown, Some(observer))
    }

    fn made(
        info: ActivityInfo,
        last_heartbeat: Option<Payloads>,
        client: Client,
        shutdown: Shutdown,
        observer: Option<HeartbeatObserver>,
    ) -> Self {
        Self(Arc::new(Inner {
            info,
            last_heartbeat,
            client,
            cancellation: Cancellation::default(),
            heartbeats: Heartbeats::default(),
            invalid_heartbeat: Mutex::new(None),
            shutdown,
            observer,
        }))
    }

    /// What this attempt is.
    pub fn info(&self) -> &ActivityInfo {
        &self.0.info
    }

    /// The client of the worker, for whatever the activity wants of the server.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// Tells the server that the attempt is alive, and how far it is. The next attempt, if there is one, gets the newest
    /// details from [`heartbeat_details`](Self::heartbeat_details).
    ///
    /// Call it as often as you like, from any thread: it only notes the details. They are sent at most once in four
    /// fifths of the heartbeat timeout, and only the newest. Details that cannot be encoded cancel the attempt with
    /// [`CancelReason::InvalidHeartbeat`].
    ///
    /// In a local activity this does nothing: the server does not know of the attempt.
    pub fn heartbeat(&self, details: impl Serialize) {
        if self.0.info.is_local() {
            return;
        }
        match self.0.client.converter().payloads().encode(&details) {
            Ok(payload) => {
                if let Some(observer) = &self.0.observer {
                    observer(&payload);
                }
                self.0.heartbeats.record(vec![payload]);
            }
            Err(error) => self.invalid_heartbeat(error),
        }
    }

    /// The newest details that an earlier attempt reported; `None` if there are none.
    ///
    /// # Errors
    /// When the details are not a `T`.
    pub fn heartbeat_details<T: DeserializeOwned>(&self) -> Result<Option<T>, ConversionError> {
        let first = self.0.last_heartbeat.as_ref().and_then(|details| details.first());
        first.map(|payload| self.0.client.converter().payloads().decode(payload)).transpose()
    }

    /// Waits until this attempt should stop, and says why. Never returns if nobody wants that.
    pub async fn canceled(&self) -> CancelReason {
        self.0.cancellation.canceled().await
    }

    /// Why this attempt should stop, if it should.
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.0.cancellation.reason()
    }

    /// Whether this attempt should stop; for code that cannot wait.
    pub fn is_canceled(&self) -> bool {
        self.cancel_reason().is_some()
    }

    /// A token that is canceled when this attempt should stop, for libraries that take one.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.0.cancellation.token()
    }

    /// Waits until the worker begins to shut down. The attempt may go on for the worker's grace period, after which it is
    /// canceled with [`CancelReason::WorkerShutdown`].
    pub async fn worker_shutdown(&self) {
        self.0.shutdown.draining().await;
    }

    /// Whether the worker has begun to shut down; for code that cannot wait.
    pub fn is_worker_shutting_down(&self) -> bool {
        self.0.shutdown.is_draining()
    }

    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.0.cancellation
    }

    pub(crate) fn heartbeats(&self) -> &Heartbeats {
        &self.0.heartbeats
    }

    /// Cancels the attempt because what it reported cannot be sent.
    pub(crate) fn invalid_heartbeat(&self, error: impl std::error::Error + Send + Sync + 'static) {
        let failure = failure::of_error("InvalidHeartbeat", error, self.0.client.converter());
        self.0.invalid_heartbeat.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        self.0.cancellation.cancel(CancelReason::InvalidHeartbeat);
    }

    /// What was wrong with a heartbeat.
    pub(crate) fn take_invalid_heartbeat(&self) -> Option<Failure> {
        self.0.invalid_heartbeat.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for ActivityContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityContext")
            .field("activity_id", &self.0.info.activity_id)
            .field("activity_type", &self.0.info.activity_type)
            .field("attempt", &self.0.info.attempt)
            .field("cancel_reason", &self.cancel_reason())
            .finish_non_exhaustive()
    }
}
