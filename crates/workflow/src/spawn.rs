//! Tasks of a workflow beside its main function.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::Ctx;
use crate::cancel::Shielded;
use crate::executor::Part;
use crate::read_only::assert_not_read_only;

/// The result of a spawned task, to come. Dropping it leaves the task running.
#[must_use = "drop it explicitly where nobody waits for the task"]
pub struct JoinHandle<T>(Rc<RefCell<Slot<T>>>);

/// Where a task leaves its result. User code never runs while it is borrowed.
enum Slot<T> {
    /// The task is running, and nobody waits for it.
    Running,
    /// Somebody waits for the task.
    Awaited(Waker),
    /// The task is done.
    Done(T),
    /// The result was taken.
    Taken,
}

pub(crate) fn spawn<F: Future<Output: 'static> + 'static>(ctx: &Ctx, future: F) -> JoinHandle<F::Output> {
    let slot = Rc::new(RefCell::new(Slot::Running));
    let result = Rc::clone(&slot);
    // The task is polled by itself, so a shield around the one that spawns it is put around the task as well.
    let shield = ctx.runtime.is_shielded().then(|| ctx.clone());
    ctx.runtime.tasks.spawn(
        Part::Spawned,
        Box::pin(async move {
            let value = match shield {
                Some(ctx) => Shielded::new(ctx, future).await,
                None => future.await,
            };
            let before = result.replace(Slot::Done(value));
            if let Slot::Awaited(waker) = before {
                waker.wake();
            }
        }),
    );
    JoinHandle(slot)
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        assert_not_read_only("wait for a task");
        let awaited = Slot::Awaited(context.waker().clone());
        match self.0.replace(awaited) {
            Slot::Done(value) => {
                drop(self.0.replace(Slot::Taken));
                Poll::Ready(value)
            }
            Slot::Running | Slot::Awaited(_) => Poll::Pending,
            Slot::Taken => panic!("the handle of a task was polled again after it gave the task's result"),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = matches!(&*self.0.borrow(), Slot::Done(_) | Slot::Taken);
        f.debug_struct("JoinHandle").field("done", &done).finish()
    }
}
