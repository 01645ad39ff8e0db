//! Futures that a workflow could have from anywhere.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// An unbounded channel of one thread, as one finds in many crates: it knows wakers and nothing else.
pub(crate) struct Channel<T> {
    values: RefCell<VecDeque<T>>,
    waker: Cell<Option<Waker>>,
}

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Self { values: RefCell::default(), waker: Cell::default() }
    }
}

impl<T> Channel<T> {
    pub(crate) fn send(&self, value: T) {
        self.values.borrow_mut().push_back(value);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(crate) async fn receive(&self) -> T {
        poll_fn(|context| match self.values.borrow_mut().pop_front() {
            Some(value) => Poll::Ready(value),
            None => {
                self.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

/// Lets the other tasks run once.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

thread_local! {
    static POLLS: Cell<u64> = const { Cell::new(0) };
}

/// How often a [`Polled`] was polled on this thread since the last call.
pub(crate) fn polls() -> u64 {
    POLLS.take()
}

/// A future whose polls are counted.
pub(crate) struct Polled<F>(pub(crate) F);

impl<F: Future + Unpin> Future for Polled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        POLLS.set(POLLS.get() + 1);
        Pin::new(&mut self.0).poll(context)
    }
}
