//! A poller: slot, poll, do; again and again.
//!
//! It does what it was given beside its next poll, as part of itself: no other thread has to be woken for that. Only when
//! another task comes before that is done, it is handed to a task of its own. A poller owns what it does and what it has
//! handed over, so that whoever drops the pollers stops everything. When polling is over it waits for them: a poller that
//! has ended has nothing in hand.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use perpetua_client::{RpcCode, RpcError};
use perpetua_convert::BoxFuture;
use perpetua_vocab::{Namespace, TaskQueue};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::WorkerError;
use crate::backoff::{Backoff, is_fatal};
use crate::failure::panic_message;
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
    let mut in_hand = InHand { own: None, others: JoinSet::new(), tasks: S::TASKS };
    poll_until_draining(&source, &slots, &shutdown, &place, &mut in_hand).await;
    in_hand.finish().await;
}

/// What a poller has to do.
struct InHand {
    /// What it does itself.
    own: Option<BoxFuture<'static, ()>>,
    /// What it has handed over.
    others: JoinSet<()>,
    /// What the tasks are called.
    tasks: &'static str,
}

impl InHand {
    /// Takes one more, and hands over what it was doing.
    fn take(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        while let Some(done) = self.others.try_join_next() {
            self.notice(done);
        }
        if let Some(unfinished) = self.own.replace(Box::pin(task)) {
            self.others.spawn(unfinished);
        }
    }

    /// Waits for something, and goes on with its own task meanwhile.
    async fn beside<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.go_on(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        let Some(own) = &mut self.own else { return };
        match catch_unwind(AssertUnwindSafe(|| own.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(())) => {}
            Err(panic) => broken(&panic_message(&*panic), self.tasks),
        }
        self.own = None;
    }

    /// Waits until everything is done.
    async fn finish(mut self) {
        if let Some(own) = self.own.take() {
            self.others.spawn(own);
        }
        while let Some(done) = self.others.join_next().await {
            self.notice(done);
        }
    }

    fn notice(&self, done: Result<(), tokio::task::JoinError>) {
        if let Err(error) = done {
            broken(&error, self.tasks);
        }
    }
}

fn broken(error: &dyn std::fmt::Display, tasks: &'static str) {
    tracing::error!(%error, "the worker is broken: handling one of the {tasks} panicked; please report it");
}

async fn poll_until_draining<S: Source>(
    source: &Arc<S>,
    slots: &Slots,
    shutdown: &Shutdown,
    place: &Place,
    in_hand: &mut InHand,
) {
    let mut backoff = Backoff::default();
    loop {
        let next = async {
            let slot = tokio::select! {
                biased;
                () = shutdown.draining() => return None,
                slot = slots.take() => slot,
            };
            tokio::select! {
                biased;
                // First, because a task that has arrived is ours: given up, it would be lost until it times out.
                polled = source.poll() => Some((slot, polled)),
                () = shutdown.deaf() => None,
            }
        };
        let Some((slot, polled)) = in_hand.beside(next).await else { return };
        match polled {
            Ok(task) => {
                backoff.reset();
                if let Some(task) = task {
                    in_hand.take(Arc::clone(source).perform(task, slot));
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
                let is_over = in_hand.beside(async {
                    tokio::select! {
                        () = shutdown.draining() => true,
                        () = sleep(wait) => false,
                    }
                });
                if is_over.await {
                    return;
                }
            }
        }
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
