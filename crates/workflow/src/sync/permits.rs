//! Permits that are given out first come, first served: what all the others are made of.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::state::note_write;
use crate::waits::Wait;

/// A number of permits, and who waits for how many.
///
/// Wakers may be somebody else's code: none is woken or dropped while anything here is borrowed.
pub(super) struct Permits {
    free: Cell<usize>,
    waiting: RefCell<BTreeMap<u64, Waiter>>,
    /// The next waiter's number.
    numbers: Cell<u64>,
    closed: Cell<bool>,
}

struct Waiter {
    wants: usize,
    is_served: bool,
    waker: Waker,
}

/// Nobody gets a permit any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

impl Permits {
    pub(super) fn new(free: usize) -> Self {
        Self { free: Cell::new(free), waiting: RefCell::default(), numbers: Cell::new(0), closed: Cell::new(false) }
    }

    /// How many nobody has.
    pub(super) fn free(&self) -> usize {
        self.free.get()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Takes so many, if they are there and nobody waits for them.
    pub(super) fn try_take(&self, wanted: usize) -> bool {
        let all_served = self.waiting.borrow().values().all(|waiter| waiter.is_served);
        match self.free.get().checked_sub(wanted) {
            Some(rest) if all_served => {
                self.free.set(rest);
                note_write();
                true
            }
            _ => false,
        }
    }

    /// Gives so many back, or adds them.
    pub(super) fn give(&self, permits: usize) {
        if permits > 0 {
            self.free.set(self.free.get().saturating_add(permits));
            note_write();
        }
        self.serve();
    }

    /// Ends all waiting. What is there can still be taken.
    pub(super) fn close(&self) {
        self.closed.set(true);
        note_write();
        let wakers: Vec<_> = self.waiting.borrow().values().map(|waiter| waiter.waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Serves those who wait, in order, as far as the permits go.
    fn serve(&self) {
        let mut wakers = Vec::new();
        for waiter in self.waiting.borrow_mut().values_mut().filter(|waiter| !waiter.is_served) {
            let Some(rest) = self.free.get().checked_sub(waiter.wants) else { break };
            self.free.set(rest);
            waiter.is_served = true;
            wakers.push(waiter.waker.clone());
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wait(&self, wants: usize, waker: &Waker) -> u64 {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        let waiter = Waiter { wants, is_served: false, waker: waker.clone() };
        self.waiting.borrow_mut().insert(number, waiter);
        number
    }

    /// Whether the waiter was served; if not, this waker is to be woken.
    fn poll_served(&self, number: u64, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut waiting = self.waiting.borrow_mut();
        let waiter = waiting.get_mut(&number).expect("who waits is in the table until it leaves");
        let is_served = waiter.is_served;
        let before = std::mem::replace(&mut waiter.waker, waker);
        drop(waiting);
        drop(before);
        is_served
    }

    /// Leaves the table; how many permits it was served with.
    fn leave(&self, number: u64) -> usize {
        let waiter = self.waiting.borrow_mut().remove(&number);
        waiter.filter(|waiter| waiter.is_served).map_or(0, |waiter| waiter.wants)
    }
}

/// Waits for permits. Dropped before it has them, it gives its place up, and what it was served with goes to the next.
pub(super) struct Take {
    permits: Rc<Permits>,
    wants: usize,
    /// Its number while it waits.
    waits: Option<u64>,
    wait: Wait,
}

impl Take {
    #[track_caller]
    pub(super) fn new(permits: &Rc<Permits>, wants: usize, what: &'static str) -> Self {
        Self { permits: Rc::clone(permits), wants, waits: None, wait: Wait::new(what) }
    }

    pub(super) fn wants(&self) -> usize {
        self.wants
    }

    pub(super) fn permits(&self) -> &Rc<Permits> {
        &self.permits
    }
}

impl Future for Take {
    type Output = Result<(), Closed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let permits = &this.permits;
        let is_served = match this.waits {
            Some(number) => permits.poll_served(number, context.waker()),
            None => permits.try_take(this.wants),
        };
        if is_served || permits.is_closed() {
            if let Some(number) = this.waits.take() {
                permits.leave(number);
            }
            this.wait.is_over();
            return Poll::Ready(if is_served { Ok(()) } else { Err(Closed) });
        }
        if this.waits.is_none() {
            this.waits = Some(permits.wait(this.wants, context.waker()));
        }
        this.wait.goes_on();
        Poll::Pending
    }
}

impl Drop for Take {
    fn drop(&mut self) {
        if let Some(number) = self.waits.take() {
            // Also without permits of its own: who waits behind it may want fewer.
            let served = self.permits.leave(number);
            self.permits.give(served);
        }
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("free", &self.free).field("waiting", &self.waiting.borrow().len()).finish()
    }
}
