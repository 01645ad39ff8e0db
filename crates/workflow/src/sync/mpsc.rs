//! Channels with two ends: many senders and one receiver.
//!
//! When all senders are dropped, the receiver gets what is left, and then nothing. When the receiver is dropped, what is
//! sent comes back.
//!
//! ```
//! # use perpetua_workflow::Ctx;
//! use perpetua_workflow::sync::mpsc;
//!
//! # async fn example(ctx: Ctx) {
//! let (sender, receiver) = mpsc::bounded(10);
//! for number in 0..3 {
//!     let sender = sender.clone();
//!     drop(ctx.spawn(async move { sender.send(number).await }));
//! }
//! drop(sender);
//! while let Some(number) = receiver.receive().await {
//!     // ..
//! #   drop(number);
//! }
//! # }
//! ```

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::channel::{Queue, Receive, SendError};
use super::permits::{Permits, Take};
use super::touch;

/// A channel that holds at most so many values; who sends more waits. A capacity of 0 counts as 1.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(Rc::new(Permits::new(capacity.max(1)))))
}

/// A channel without a limit: nobody who sends waits.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

fn channel<T>(room: Option<Rc<Permits>>) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared { queue: Queue::new(), room, senders: Cell::new(1), is_received: Cell::new(true) });
    (Sender(Rc::clone(&shared)), Receiver(shared))
}

struct Shared<T> {
    queue: Rc<Queue<T>>,
    /// Where there is a limit: one for each value that may still come.
    room: Option<Rc<Permits>>,
    senders: Cell<usize>,
    /// Whether the receiver is there.
    is_received: Cell<bool>,
}

/// The end of a channel into which values are put. Clone it for more senders.
pub struct Sender<T>(Rc<Shared<T>>);

/// The end of a channel from which values are taken.
pub struct Receiver<T>(Rc<Shared<T>>);

/// Sends a value, as soon as there is room; made by [`Sender::send`]. Those who wait are served in order. Dropped before,
/// it sends nothing.
#[must_use = "a value is sent when this is awaited"]
pub struct Send<T> {
    shared: Rc<Shared<T>>,
    room: Option<Take>,
    /// None when it is over.
    value: Option<T>,
}

/// Why a value could not be sent at once. It is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrySendError<T> {
    /// The channel has no room, or others wait for it.
    #[error("the channel is full")]
    Full(T),
    /// Nobody will receive the value any more.
    #[error("the channel is closed")]
    Closed(T),
}

impl<T> Sender<T> {
    /// Sends a value; waits while there is no room.
    ///
    /// # Errors
    /// [`SendError`], with the value, when the receiver is gone.
    #[track_caller]
    pub fn send(&self, value: T) -> Send<T> {
        #[allow(clippy::manual_map, reason = "a closure would hide who calls")]
        let room = match &self.0.room {
            Some(room) => Some(Take::new(room, 1, "room in a channel")),
            None => None,
        };
        Send { shared: Rc::clone(&self.0), room, value: Some(value) }
    }

    /// Sends a value, if there is room that nobody waits for.
    ///
    /// # Errors
    /// [`TrySendError`], with the value, when there is no room, or the receiver is gone.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        touch("sent to a channel");
        if self.is_closed() {
            return Err(TrySendError::Closed(value));
        }
        if self.0.room.as_ref().is_some_and(|room| !room.try_take(1)) {
            return Err(TrySendError::Full(value));
        }
        self.0.queue.push(value);
        Ok(())
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        !self.0.is_received.get()
    }
}

impl<T> Receiver<T> {
    /// Waits for a value; none when all senders are gone and no value is left.
    #[track_caller]
    pub fn receive(&self) -> Receive<T> {
        Receive::new(&self.0.queue, self.0.room.as_ref())
    }

    /// A value, if there is one.
    pub fn try_receive(&self) -> Option<T> {
        touch("received from a channel");
        let value = self.0.queue.try_pop()?;
        if let Some(room) = &self.0.room {
            room.give(1);
        }
        Some(value)
    }

    /// How many values are in the channel.
    pub fn len(&self) -> usize {
        self.0.queue.len()
    }

    /// Whether no value is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Future for Send<T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        touch("sent to a channel");
        let Self { shared, room, value } = &mut *self;
        let has_room = match room {
            _ if !shared.is_received.get() => Poll::Ready(false),
            Some(room) => Pin::new(room).poll(context).map(|room| room.is_ok()),
            None => Poll::Ready(true),
        };
        let Poll::Ready(has_room) = has_room else { return Poll::Pending };
        let value = value.take().expect("a value is sent once");
        Poll::Ready(if has_room {
            shared.queue.push(value);
            Ok(())
        } else {
            Err(SendError(value))
        })
    }
}

// The value is never pinned.
impl<T> Unpin for Send<T> {}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.set(self.0.senders.get() + 1);
        Self(Rc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = self.0.senders.get() - 1;
        self.0.senders.set(left);
        if left == 0 {
            self.0.queue.filled.close();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.is_received.set(false);
        if let Some(room) = &self.0.room {
            room.close();
        }
        drop(self.0.queue.drain());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.0.queue.len()).field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Send<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").finish_non_exhaustive()
    }
}
