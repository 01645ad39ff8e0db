//! A queue of values between the handlers and tasks of a workflow.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::{Permits, Take};
use super::touch;

/// A queue of values without a limit, both ends in one: for a workflow's state, into which handlers put what the main
/// function takes out. [`mpsc`](super::mpsc) has channels with a limit, and with two ends.
///
/// Cheap to clone: all clones are one channel. Each value goes to one receiver; those who wait are served in order.
///
/// ```
/// use perpetua_workflow::sync::Channel;
///
/// # async fn example() {
/// let orders = Channel::new();
/// orders.send("pen").unwrap();
/// orders.close();
/// assert_eq!(orders.receive().await, Some("pen"));
/// assert_eq!(orders.receive().await, None);
/// # }
/// ```
pub struct Channel<T>(Rc<Queue<T>>);

/// The values of a channel.
pub(super) struct Queue<T> {
    values: RefCell<VecDeque<T>>,
    /// One for each value.
    pub(super) filled: Rc<Permits>,
}

/// Waits for a value; made by [`Channel::receive`] and [`mpsc::Receiver::receive`](super::mpsc::Receiver::receive).
/// Dropped before, it takes nothing out.
#[must_use = "a future does nothing until it is awaited"]
pub struct Receive<T> {
    queue: Rc<Queue<T>>,
    filled: Take,
    /// Where there is a limit: the room that a value leaves.
    room: Option<Rc<Permits>>,
}

/// Nobody will receive the value any more. It is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel is closed")]
pub struct SendError<T>(pub T);

impl<T> Queue<T> {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { values: RefCell::default(), filled: Rc::new(Permits::new(0)) })
    }

    pub(super) fn push(&self, value: T) {
        self.values.borrow_mut().push_back(value);
        self.filled.give(1);
    }

    /// The first value, for which there was a permit.
    fn pop(&self) -> Option<T> {
        self.values.borrow_mut().pop_front()
    }

    /// A value that nobody else waits for.
    pub(super) fn try_pop(&self) -> Option<T> {
        self.filled.try_take(1).then(|| self.pop()).flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.values.borrow().len()
    }

    /// Takes all values out, for nobody.
    pub(super) fn drain(&self) -> VecDeque<T> {
        while self.filled.try_take(1) {}
        self.values.take()
    }
}

impl<T> Receive<T> {
    #[track_caller]
    pub(super) fn new(queue: &Rc<Queue<T>>, room: Option<&Rc<Permits>>) -> Self {
        Self { queue: Rc::clone(queue), filled: Take::new(&queue.filled, 1, "value of a channel"), room: room.cloned() }
    }
}

impl<T> Future for Receive<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        touch("received from a channel");
        let this = &mut *self;
        match Pin::new(&mut this.filled).poll(context) {
            Poll::Ready(Ok(())) => {
                let value = this.queue.pop();
                if let Some(room) = &this.room {
                    room.give(1);
                }
                Poll::Ready(value)
            }
            Poll::Ready(Err(_)) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T> Channel<T> {
    /// An open channel without values.
    pub fn new() -> Self {
        Self(Queue::new())
    }

    /// Puts a value into the channel. Does not wait.
    ///
    /// # Errors
    /// [`SendError`], with the value, when the channel was closed.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        touch("sent to a channel");
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.0.push(value);
        Ok(())
    }

    /// Waits for a value; none when the channel was closed and is empty.
    #[track_caller]
    pub fn receive(&self) -> Receive<T> {
        Receive::new(&self.0, None)
    }

    /// A value, if there is one that nobody waits for.
    pub fn try_receive(&self) -> Option<T> {
        touch("received from a channel");
        self.0.try_pop()
    }

    /// Ends it: nothing more is sent, and who waits for a value gets none. What is in it can still be received.
    pub fn close(&self) {
        touch("closed a channel");
        self.0.filled.close();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.0.filled.is_closed()
    }

    /// How many values are in it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no value is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Channel<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Channel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("len", &self.len()).field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Receive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receive").finish_non_exhaustive()
    }
}
