//! A poller: slot, poll, hand over; again and again.
//!
//! It owns the tasks it has handed over, so that whoever drops the pollers stops everything. When polling is over it
//! waits for them: a poller that has ended has nothing in hand.

use std::future::Future;
use std::sync::Arc;

use perpetua_client::{RpcCode, RpcError};
use perpetua_vocab::{Namespace, TaskQueue};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::WorkerError;
use crate::backoff::{Backoff, is_fatal};
use crate::shutdown::Shutdown;
use crate::slots::{Slot, Slots};

/// Something to be polled for tasks of one kind.
pub(crate) trait Source: Send + Sync + 'static {
    /// What a poll gives.
    type Task: Send + 'static;

    /// What the tasks are called.
    const TASKS: &'static str;

    /// Waits for a task; none if nothing came in a while.
    fn poll(&self) -> impl Future<Output = Result<Option<Self::Task>, RpcError>> + Send;

    /// Does what the task asks, and answers it. The slot is held until then.
    fn perform(self: Arc<Self>, task: Self::Task, slot: Slot) -> impl Future<Output = ()> + Send + 'static;
}

/// What pollers say when polling is hopeless.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    pub(crate) task_queue: TaskQueue,
}

/// Polls until the worker shuts down, then waits for what is in hand.
pub(crate) async fn poll<S: Source>(source: Arc<S>, slots: Slots, shutdown: Shutdown, place: Place) {
    let mut in_hand = JoinSet::new();
    poll_until_draining(&source, &slots, &shutdown, &place, &mut in_hand).await;
    while let Some(done) = in_hand.join_next().await {
        notice::<S>(done);
    }
}

async fn poll_until_draining<S: Source>(
    source: &Arc<S>,
    slots: &Slots,
    shutdown: &Shutdown,
    place: &Place,
    in_hand: &mut JoinSet<()>,
) {
    let mut backoff = Backoff::default();
    loop {
        while let Some(done) = in_hand.try_join_next() {
            notice::<S>(done);
        }
        let slot = tokio::select! {
            biased;
            () = shutdown.draining() => return,
            slot = slots.take() => slot,
        };
        let polled = tokio::select! {
            biased;
            // First, because a task that has arrived is ours: given up, it would be lost until it times out.
            polled = source.poll() => polled,
            () = shutdown.deaf() => return,
        };
        match polled {
            Ok(task) => {
                backoff.reset();
                if let Some(task) = task {
                    in_hand.spawn(Arc::clone(source).perform(task, slot));
                }
            }
            Err(error) if is_fatal(&error) => {
                tracing::error!(%error, task_queue = %place.task_queue, "polling for {} is hopeless", S::TASKS);
                return shutdown.fail(hopeless(error, S::TASKS, place));
            }
            Err(error) => {
                let wait = backoff.next();
                tracing::warn!(%error, ?wait, task_queue = %place.task_queue, "polling for {} failed", S::TASKS);
                drop(slot);
                tokio::select! {
                    () = shutdown.draining() => return,
                    () = sleep(wait) => {}
                }
            }
        }
    }
}

fn notice<S: Source>(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "the worker is broken: handling one of the {} panicked; please report it", S::TASKS);
    }
}

/// The worker's last words.
pub(crate) fn hopeless(error: RpcError, tasks: &'static str, place: &Place) -> WorkerError {
    let Place { namespace, task_queue } = place.clone();
    match error.code() {
        RpcCode::NotFound => WorkerError::NamespaceNotFound { namespace, error },
        _ => WorkerError::Refused { tasks, task_queue, error },
    }
}
