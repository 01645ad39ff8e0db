//! Tasks of a workflow beside its main function.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use perpetua_convert::Canceled;

use crate::Ctx;
use crate::executor::Part;
use crate::read_only::assert_not_read_only;
use crate::scope::Scope;
use crate::waits::Wait;

/// The result of a spawned task, to come. Dropping it leaves the task running; [`cancel`](Self::cancel) asks it to stop,
/// and [`abort`](Self::abort) ends it.
#[must_use = "drop it explicitly where nobody waits for the task"]
pub struct JoinHandle<T> {
    ctx: Ctx,
    task: Option<u64>,
    scope: Rc<Scope>,
    slot: Rc<RefCell<Slot<T>>>,
    wait: Wait,
}

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

#[track_caller]
pub(crate) fn spawn<F: Future<Output: 'static> + 'static>(ctx: &Ctx, future: F) -> JoinHandle<F::Output> {
    let slot = Rc::new(RefCell::new(Slot::Running));
    let result = Rc::clone(&slot);
    let scope = Scope::new(Part::Spawned);
    // The task is polled by itself, so what is around the one that spawns it is put around the task as well.
    let layer = ctx.runtime.layers.of_task(Rc::clone(&scope));
    let runtime = Rc::clone(&ctx.runtime);
    let wait = Wait::new("spawned task");
    let task = ctx.runtime.tasks.spawn_at(
        wait.place(),
        Box::pin(async move {
            let mut future = Box::pin(future);
            let value = poll_fn(|context| runtime.layers.instead(&layer, || future.as_mut().poll(context))).await;
            let before = result.replace(Slot::Done(value));
            if let Slot::Awaited(waker) = before {
                waker.wake();
            }
        }),
    );
    JoinHandle { ctx: ctx.clone(), task, scope, slot, wait }
}

impl<T> JoinHandle<T> {
    /// Asks the task to stop: what it awaits, now and from now on, is canceled, except beneath a shield. The task itself
    /// decides how it ends. What it has spawned is not reached.
    pub fn cancel(&self) {
        self.ctx.runtime.assert_may_act("cancel a task");
        self.scope.cancel(&self.ctx.runtime, Canceled::default());
    }

    /// Ends the task: it is dropped where it waits, and what it had started is canceled. A task that is done stays done;
    /// a task that aborts itself ends where it next waits.
    pub fn abort(self) {
        self.ctx.runtime.assert_may_act("abort a task");
        if let Some(task) = self.task {
            self.ctx.runtime.tasks.abort(task);
        }
    }

    /// Whether the task is done.
    pub fn is_finished(&self) -> bool {
        matches!(&*self.slot.borrow(), Slot::Done(_) | Slot::Taken)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        assert_not_read_only("wait for a task");
        let awaited = Slot::Awaited(context.waker().clone());
        match self.slot.replace(awaited) {
            Slot::Done(value) => {
                drop(self.slot.replace(Slot::Taken));
                self.wait.is_over();
                Poll::Ready(value)
            }
            Slot::Running | Slot::Awaited(_) => {
                self.wait.goes_on();
                Poll::Pending
            }
            Slot::Taken => panic!("the handle of a task was polled again after it gave the task's result"),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("done", &self.is_finished()).finish()
    }
}
