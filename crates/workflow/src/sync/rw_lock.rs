//! A value for many readers or one writer at a time, also across awaits.

use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::semaphore::{Acquire, Permit, Semaphore};
use crate::state::note_write;

/// How many may read at a time.
const READERS: usize = u32::MAX as usize;

/// A value for many readers, or one writer, at a time. Readers who come after a waiting writer wait for it.
///
/// ```
/// use perpetua_workflow::sync::RwLock;
///
/// # async fn example() {
/// let prices = RwLock::new(vec![1, 2]);
/// assert_eq!(prices.read().await.len(), 2);
/// prices.write().await.push(3);
/// # }
/// ```
pub struct RwLock<T> {
    turns: Semaphore,
    value: RefCell<T>,
}

/// The value of an [`RwLock`] to be read, as long as this is kept.
#[must_use = "dropped at once, the lock is unlocked at once"]
pub struct ReadGuard<'a, T> {
    // Dropped in this order: the value is free before somebody else has its turn.
    value: Ref<'a, T>,
    turn: Permit,
}

/// The value of an [`RwLock`] to be changed, as long as this is kept.
#[must_use = "dropped at once, the lock is unlocked at once"]
pub struct WriteGuard<'a, T> {
    value: RefMut<'a, T>,
    turn: Permit,
}

/// Waits to read; made by [`RwLock::read`].
#[must_use = "a future does nothing until it is awaited"]
pub struct ReadLock<'a, T> {
    lock: &'a RwLock<T>,
    turn: Acquire,
}

/// Waits to write; made by [`RwLock::write`].
#[must_use = "a future does nothing until it is awaited"]
pub struct WriteLock<'a, T> {
    lock: &'a RwLock<T>,
    turn: Acquire,
}

impl<T> RwLock<T> {
    /// A lock with this value.
    pub fn new(value: T) -> Self {
        Self { turns: Semaphore::new(READERS), value: RefCell::new(value) }
    }

    /// Waits until nobody writes.
    #[track_caller]
    pub fn read(&self) -> ReadLock<'_, T> {
        ReadLock { lock: self, turn: self.turns.acquire() }
    }

    /// Waits until nobody reads or writes.
    #[track_caller]
    pub fn write(&self) -> WriteLock<'_, T> {
        WriteLock { lock: self, turn: self.turns.acquire_many(READERS) }
    }

    /// The value to be read, if nobody writes it, or waits for it.
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        self.turns.try_acquire().map(|turn| self.read_guard(turn))
    }

    /// The value to be changed, if nobody has it or waits for it.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        self.turns.try_acquire_many(READERS).map(|turn| self.write_guard(turn))
    }

    /// The value; nobody else can have it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn read_guard(&self, turn: Permit) -> ReadGuard<'_, T> {
        ReadGuard { value: self.value.borrow(), turn }
    }

    fn write_guard(&self, turn: Permit) -> WriteGuard<'_, T> {
        WriteGuard { value: self.value.borrow_mut(), turn }
    }
}

impl<'a, T> Future for ReadLock<'a, T> {
    type Output = ReadGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let lock = self.lock;
        Pin::new(&mut self.turn).poll(context).map(|turn| lock.read_guard(turn))
    }
}

impl<'a, T> Future for WriteLock<'a, T> {
    type Output = WriteGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let lock = self.lock;
        Pin::new(&mut self.turn).poll(context).map(|turn| lock.write_guard(turn))
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        super::touch("changed the value of an `RwLock`");
        note_write();
        &mut self.value
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.try_borrow() {
            Ok(value) => f.debug_tuple("RwLock").field(&*value).finish(),
            Err(_) => f.write_str("RwLock(<locked>)"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadGuard").field("value", &*self.value).field("turn", &self.turn).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for WriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteGuard").field("value", &*self.value).field("turn", &self.turn).finish()
    }
}

impl<T> fmt::Debug for ReadLock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadLock").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WriteLock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteLock").finish_non_exhaustive()
    }
}
