//! Tasks of a workflow beside its main function.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::runtime::Runtime;

/// The result of a spawned task, to come. Dropping it leaves the task running.
#[must_use = "drop it explicitly where nobody waits for the task"]
pub struct JoinHandle<T>(Rc<RefCell<Slot<T>>>);

/// Where a task leaves its result.
struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

pub(crate) fn spawn<F: Future<Output: 'static> + 'static>(runtime: &Runtime, future: F) -> JoinHandle<F::Output> {
    let slot = Rc::new(RefCell::new(Slot { value: None, waker: None }));
    let result = Rc::clone(&slot);
    runtime.tasks.spawn(Box::pin(async move {
        let value = future.await;
        let mut slot = result.borrow_mut();
        slot.value = Some(value);
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    }));
    JoinHandle(slot)
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut slot = self.0.borrow_mut();
        match slot.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("done", &self.0.borrow().value.is_some()).finish()
    }
}
