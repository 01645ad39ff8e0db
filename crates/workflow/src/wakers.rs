//! Who waits for what, in an order that every replay repeats.

use std::cell::RefCell;
use std::task::Waker;

use crate::few::Few;

/// Wakers by what they wait for.
///
/// A waker may be somebody else's code, and own somebody else's futures: it is woken and dropped while the table is not
/// borrowed.
pub(crate) struct Wakers<K>(RefCell<Few<K, Waker>>);

impl<K> Default for Wakers<K> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord> Wakers<K> {
    pub(crate) fn put(&self, key: K, waker: &Waker) {
        if self.0.borrow().get(&key).is_some_and(|known| known.will_wake(waker)) {
            return;
        }
        let waker = waker.clone();
        let replaced = self.0.borrow_mut().insert(key, waker);
        drop(replaced);
    }

    pub(crate) fn take(&self, key: &K) -> Option<Waker> {
        self.0.borrow_mut().remove(key)
    }

    /// Takes out all of them, in the order of the keys.
    pub(crate) fn take_all(&self) -> impl Iterator<Item = Waker> + use<K> {
        self.0.borrow_mut().take_values()
    }

    /// Wakes all of them, in the order of the keys; they stay.
    pub(crate) fn wake_all(&self) {
        let wakers: Vec<_> = self.0.borrow().values().cloned().collect();
        for waker in wakers {
            waker.wake();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Gives back the memory that is not needed for those who wait.
    pub(crate) fn shrink(&self) {
        self.0.borrow_mut().shrink();
    }
}
