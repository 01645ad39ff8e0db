//! A notice without a value, from one task to others.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::touch;
use crate::waits::Wait;

/// A notice without a value, from one task to another, or to all.
///
/// Cheap to clone: all clones are one.
///
/// ```
/// use perpetua_workflow::sync::Notify;
///
/// # async fn example(doorbell: Notify) {
/// // in a handler
/// doorbell.notify_one();
/// // in the main function
/// doorbell.notified().await;
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Notify(Rc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether a notice is kept for who comes next.
    is_kept: Cell<bool>,
    /// How often all were notified.
    rounds: Cell<u64>,
    numbers: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Waiter>>,
}

struct Waiter {
    is_notified: bool,
    waker: Waker,
}

/// Waits for a notice; made by [`Notify::notified`]. Dropped with a notice that was for one, it passes it on.
#[must_use = "a future does nothing until it is awaited"]
pub struct Notified {
    shared: Rc<Shared>,
    /// How often all had been notified when it was made.
    rounds: u64,
    /// Its number while it waits.
    waits: Option<u64>,
    wait: Wait,
}

impl Notify {
    /// One that nobody has notified.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notifies the one that has waited longest. If nobody waits, the notice is kept for who comes next; one at most.
    pub fn notify_one(&self) {
        touch("notified a `Notify`");
        self.0.notify_one();
    }

    /// Notifies everyone who waits, also who was about to: each [`Notified`] that there is now. No notice is kept.
    pub fn notify_all(&self) {
        touch("notified a `Notify`");
        self.0.rounds.set(self.0.rounds.get() + 1);
        let wakers: Vec<_> = self.0.waiting.borrow().values().map(|waiter| waiter.waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits for a notice.
    #[track_caller]
    pub fn notified(&self) -> Notified {
        Notified { shared: Rc::clone(&self.0), rounds: self.0.rounds.get(), waits: None, wait: Wait::new("notice") }
    }
}

impl Shared {
    fn notify_one(&self) {
        let first = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.values_mut().find(|waiter| !waiter.is_notified).map(|waiter| {
                waiter.is_notified = true;
                waiter.waker.clone()
            })
        };
        match first {
            Some(waker) => waker.wake(),
            None => self.is_kept.set(true),
        }
    }

    /// Whether the waiter was notified; if not, this waker is to be woken.
    fn poll_notified(&self, number: u64, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut waiting = self.waiting.borrow_mut();
        let waiter = waiting.get_mut(&number).expect("who waits is in the table until it leaves");
        let is_notified = waiter.is_notified;
        let before = std::mem::replace(&mut waiter.waker, waker);
        drop(waiting);
        drop(before);
        is_notified
    }

    fn wait(&self, waker: &Waker) -> u64 {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        self.waiting.borrow_mut().insert(number, Waiter { is_notified: false, waker: waker.clone() });
        number
    }
}

impl Notified {
    /// Leaves the table; whether a notice was for this one alone.
    fn leave(&mut self) -> bool {
        let Some(number) = self.waits.take() else { return false };
        let waiter = self.shared.waiting.borrow_mut().remove(&number);
        waiter.is_some_and(|waiter| waiter.is_notified)
    }
}

impl Future for Notified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        touch("waited for a `Notify`");
        let this = &mut *self;
        if this.rounds != this.shared.rounds.get() {
            if this.leave() {
                this.shared.notify_one();
            }
            this.wait.is_over();
            return Poll::Ready(());
        }
        let is_notified = match this.waits {
            Some(number) => this.shared.poll_notified(number, context.waker()),
            None => this.shared.is_kept.take(),
        };
        if is_notified {
            this.leave();
            this.wait.is_over();
            return Poll::Ready(());
        }
        if this.waits.is_none() {
            this.waits = Some(this.shared.wait(context.waker()));
        }
        this.wait.goes_on();
        Poll::Pending
    }
}

impl Drop for Notified {
    fn drop(&mut self) {
        if self.leave() {
            self.shared.notify_one();
        }
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.0.waiting.borrow().len();
        f.debug_struct("Notify").field("kept", &self.0.is_kept).field("waiting", &waiting).finish()
    }
}

impl fmt::Debug for Notified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}
