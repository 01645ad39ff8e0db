//! Channels for one value.
//!
//! ```
//! # use perpetua_workflow::Ctx;
//! use perpetua_workflow::sync::oneshot;
//!
//! # async fn example(ctx: Ctx) {
//! let (sender, receiver) = oneshot::channel();
//! drop(ctx.spawn(async move { sender.send(7) }));
//! assert_eq!(receiver.await, Ok(7));
//! # }
//! ```

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::channel::SendError;
use super::touch;

/// A channel for one value.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        value: RefCell::default(),
        waker: RefCell::default(),
        is_sent: Cell::new(false),
        is_received: Cell::new(true),
    });
    (Sender(Rc::clone(&shared)), Receiver(shared))
}

struct Shared<T> {
    value: RefCell<Option<T>>,
    /// Who waits for the value.
    waker: RefCell<Option<Waker>>,
    /// Whether the sender is gone, with or without having sent.
    is_sent: Cell<bool>,
    /// Whether the receiver is there.
    is_received: Cell<bool>,
}

/// The end of the channel that sends, once.
pub struct Sender<T>(Rc<Shared<T>>);

/// The end of the channel that receives: a future.
#[must_use = "a future does nothing until it is awaited"]
pub struct Receiver<T>(Rc<Shared<T>>);

/// The sender was dropped and has sent nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sender is gone and has sent nothing")]
pub struct ReceiveError;

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// [`SendError`], with the value, when the receiver is gone.
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        touch("sent to a channel");
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.0.value.replace(Some(value));
        // Dropping the sender wakes the receiver.
        Ok(())
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        !self.0.is_received.get()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, ReceiveError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        touch("received from a channel");
        if let Some(value) = self.0.value.take() {
            return Poll::Ready(Ok(value));
        }
        if self.0.is_sent.get() {
            return Poll::Ready(Err(ReceiveError));
        }
        let waker = context.waker().clone();
        drop(self.0.waker.replace(Some(waker)));
        Poll::Pending
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.is_sent.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.is_received.set(false);
        drop(self.0.waker.take());
        drop(self.0.value.take());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("sent", &self.0.is_sent).finish()
    }
}
