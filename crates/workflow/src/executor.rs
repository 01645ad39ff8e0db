//! The deterministic executor: one queue, first come first served.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::implementation::LocalFuture;
use crate::runtime::Runtime;
use crate::state::writes;

/// The tasks of one workflow: its main function, its handlers, what it spawned.
#[derive(Default)]
pub(crate) struct Tasks {
    tasks: RefCell<Vec<Option<Task>>>,
    free: RefCell<Vec<usize>>,
    ready: Arc<Ready>,
}

struct Task {
    future: LocalFuture<()>,
    waker: Waker,
    flag: Arc<TaskWaker>,
}

/// The tasks that have something to do, in the order in which they got it.
#[derive(Default)]
struct Ready {
    queue: Mutex<VecDeque<usize>>,
    /// Whether a turn is open: only then may anything wake a task.
    open: AtomicBool,
    /// Whether something else did.
    foreign: AtomicBool,
}

struct TaskWaker {
    task: usize,
    ready: Arc<Ready>,
    queued: AtomicBool,
}

thread_local! {
    /// The queue of the workflow that runs on this thread, as an address.
    static RUNNING: std::cell::Cell<*const ()> = const { std::cell::Cell::new(std::ptr::null()) };
}

impl Ready {
    fn address(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        Self::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.ready.open.load(Ordering::Acquire) || RUNNING.get() != self.ready.address() {
            self.ready.foreign.store(true, Ordering::Release);
            return;
        }
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.task);
        }
    }
}

impl Tasks {
    /// Adds a task; it runs when those before it in the queue have run.
    pub(crate) fn spawn(&self, future: LocalFuture<()>) {
        let mut tasks = self.tasks.borrow_mut();
        let task = self.free.borrow_mut().pop().unwrap_or_else(|| {
            tasks.push(None);
            tasks.len() - 1
        });
        let flag = Arc::new(TaskWaker { task, ready: Arc::clone(&self.ready), queued: AtomicBool::new(true) });
        tasks[task] = Some(Task { future, waker: Waker::from(Arc::clone(&flag)), flag });
        self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(task);
    }

    /// How many tasks are not done.
    pub(crate) fn count(&self) -> usize {
        self.tasks.borrow().iter().flatten().count()
    }

    /// Whether something that is not part of the workflow woke one of its tasks.
    pub(crate) fn foreign_wake(&self) -> bool {
        self.ready.foreign.load(Ordering::Acquire)
    }

    /// Drops all tasks.
    pub(crate) fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
    }

    /// Marks this workflow as the one that runs, while `f` does.
    pub(crate) fn running<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Restore<'a>(*const (), &'a Ready);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.1.open.store(false, Ordering::Release);
                RUNNING.set(self.0);
            }
        }
        let _restore = Restore(RUNNING.replace(self.ready.address()), &self.ready);
        self.ready.open.store(true, Ordering::Release);
        f()
    }

    fn next_ready(&self) -> Option<usize> {
        self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Polls one task.
    fn poll(&self, index: usize) {
        // The task is taken out while it runs, so that it may spawn others.
        let Some(mut task) = self.tasks.borrow_mut().get_mut(index).and_then(Option::take) else { return };
        task.flag.queued.store(false, Ordering::Release);
        let waker = task.waker.clone();
        match task.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => self.tasks.borrow_mut()[index] = Some(task),
            Poll::Ready(()) => {
                drop(task);
                self.free.borrow_mut().push(index);
            }
        }
    }
}

impl Runtime {
    /// Runs the workflow until it waits. Conditions look again whenever state was written, and once more after anything
    /// ran, for those that depend on something else.
    pub(crate) fn poll_until_idle(&self) {
        let mut ran = false;
        let mut looked = false;
        loop {
            while let Some(ticket) = { self.run.borrow_mut().next_settled() } {
                self.wake_ticket(ticket);
            }
            if self.has_fault() {
                return;
            }
            if let Some(task) = self.tasks.next_ready() {
                self.tasks.poll(task);
                ran = true;
            } else if self.seen_writes.get() != writes() || (ran && !looked) {
                self.seen_writes.set(writes());
                looked = true;
                self.wake_conditions();
            } else {
                return;
            }
        }
    }
}
