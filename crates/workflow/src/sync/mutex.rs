//! A value for one task at a time, also across awaits.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::semaphore::{Acquire, Permit, Semaphore};
use crate::state::note_write;

/// A value for one task at a time. Unlike a [`State`](crate::State), it can be kept across an `.await`, and whoever else
/// wants it waits: for steps of which only one may be under way.
///
/// ```
/// # use std::time::Duration;
/// # use perpetua_convert::WorkflowResult;
/// # use perpetua_workflow::Ctx;
/// use perpetua_workflow::sync::Mutex;
///
/// # async fn example(ctx: Ctx, balance: Mutex<u64>) -> WorkflowResult<()> {
/// let mut balance = balance.lock().await;
/// ctx.sleep(Duration::from_secs(1)).await?; // nobody else has it meanwhile
/// *balance += 1;
/// # Ok(())
/// # }
/// ```
pub struct Mutex<T> {
    turn: Semaphore,
    value: RefCell<T>,
}

/// The value of a [`Mutex`], as long as this is kept.
#[must_use = "dropped at once, the mutex is unlocked at once"]
pub struct MutexGuard<'a, T> {
    // Dropped in this order: the value is free before somebody else has its turn.
    value: RefMut<'a, T>,
    turn: Permit,
}

/// Waits for a [`Mutex`]; made by [`Mutex::lock`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Lock<'a, T> {
    mutex: &'a Mutex<T>,
    turn: Acquire,
}

impl<T> Mutex<T> {
    /// A mutex with this value.
    pub fn new(value: T) -> Self {
        Self { turn: Semaphore::new(1), value: RefCell::new(value) }
    }

    /// Waits for the value. A task that already has it waits for ever.
    #[track_caller]
    pub fn lock(&self) -> Lock<'_, T> {
        Lock { mutex: self, turn: self.turn.acquire() }
    }

    /// The value, if nobody has it or waits for it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.turn.try_acquire().map(|turn| self.guard(turn))
    }

    /// The value; nobody else can have it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value, without the mutex.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn guard(&self, turn: Permit) -> MutexGuard<'_, T> {
        MutexGuard { value: self.value.borrow_mut(), turn }
    }
}

impl<'a, T> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mutex = self.mutex;
        Pin::new(&mut self.turn).poll(context).map(|turn| mutex.guard(turn))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        super::touch("changed the value of a `Mutex`");
        note_write();
        &mut self.value
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.try_borrow() {
            Ok(value) => f.debug_tuple("Mutex").field(&*value).finish(),
            Err(_) => f.write_str("Mutex(<locked>)"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutexGuard").field("value", &*self.value).field("turn", &self.turn).finish()
    }
}

impl<T> fmt::Debug for Lock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}
