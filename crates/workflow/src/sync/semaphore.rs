//! A number of permits: how many may do something at a time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::{Permits, Take};
use super::touch;

/// A number of permits: how many may do something at a time.
///
/// Cheap to clone: all clones are one semaphore.
///
/// ```
/// # use perpetua_workflow::Ctx;
/// use perpetua_workflow::sync::Semaphore;
///
/// # async fn example(ctx: Ctx) {
/// let tables = Semaphore::new(2);
/// for guest in ["Ann", "Bob", "Cid"] {
///     let permit = tables.acquire().await;
///     let dinner = ctx.spawn(async move {
///         // ..
///         drop(permit);
///     });
/// #   drop((dinner, guest));
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Semaphore(Rc<Permits>);

/// Permits of a [`Semaphore`]. Dropping it gives them back.
#[must_use = "dropped at once, it is given back at once"]
pub struct Permit {
    permits: Rc<Permits>,
    count: usize,
}

/// Waits for permits; made by [`Semaphore::acquire`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Acquire(Take);

impl Semaphore {
    /// A semaphore with so many permits.
    pub fn new(permits: usize) -> Self {
        Self(Rc::new(Permits::new(permits)))
    }

    /// Waits for a permit.
    #[track_caller]
    pub fn acquire(&self) -> Acquire {
        self.acquire_many(1)
    }

    /// Waits for so many permits at once. Who comes later waits until they are there.
    #[track_caller]
    pub fn acquire_many(&self, permits: usize) -> Acquire {
        Acquire(Take::new(&self.0, permits, "permit or lock"))
    }

    /// A permit, if one is there and nobody waits for it.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.try_acquire_many(1)
    }

    /// So many permits, if they are there and nobody waits for them.
    pub fn try_acquire_many(&self, permits: usize) -> Option<Permit> {
        touch("acquired a permit of a `Semaphore`");
        self.0.try_take(permits).then(|| Permit { permits: Rc::clone(&self.0), count: permits })
    }

    /// Adds so many permits.
    pub fn add_permits(&self, permits: usize) {
        touch("added permits to a `Semaphore`");
        self.0.give(permits);
    }

    /// How many permits nobody has.
    pub fn available_permits(&self) -> usize {
        self.0.free()
    }
}

impl Permit {
    /// Keeps the permits from coming back: the semaphore has so many less.
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.give(self.count);
    }
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        touch("acquired a permit of a `Semaphore`");
        match Pin::new(&mut self.0).poll(context) {
            Poll::Ready(Ok(())) => Poll::Ready(Permit { permits: Rc::clone(self.0.permits()), count: self.0.wants() }),
            // A semaphore is never closed.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("available_permits", &self.available_permits()).finish()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count).finish_non_exhaustive()
    }
}

impl fmt::Debug for Acquire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("permits", &self.0.wants()).finish_non_exhaustive()
    }
}
