//! A limit for how long anything may take.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_convert::Elapsed;

use crate::Ctx;
use crate::scope::{Layer, LayerKind};
use crate::sleep::{Sleep, SleepFuture};

/// A future that is given up after a time; made by [`Ctx::timeout`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Timeout<F> {
    ctx: Ctx,
    after: Duration,
    timer: Timer,
    layer: Option<Rc<Layer>>,
    /// None when it is over.
    future: Option<Pin<Box<F>>>,
}

enum Timer {
    Described(Sleep),
    Running(SleepFuture),
    /// It is over, or was taken back.
    Gone,
}

impl<F: Future> Timeout<F> {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, after: Duration, future: F) -> Self {
        let timer = Timer::Described(ctx.sleep(after));
        Self { ctx, after, timer, layer: None, future: Some(Box::pin(future)) }
    }

    /// One line that tools show beside the timer.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        if let Timer::Described(sleep) = self.timer {
            self.timer = Timer::Described(sleep.summary(summary));
        }
        self
    }
}

impl Timer {
    /// Begins with the first poll.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        *self = match std::mem::replace(self, Self::Gone) {
            Self::Described(sleep) => Self::Running(sleep.into_future()),
            other => other,
        };
        match self {
            Self::Running(sleep) => Pin::new(sleep).poll(context).map(drop),
            Self::Described(_) | Self::Gone => Poll::Pending,
        }
    }
}

// The future is boxed.
impl<F> Unpin for Timeout<F> {}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ctx, after, timer, layer, future } = &mut *self;
        let running = future.as_mut().expect("a timeout is not polled again after it is over");
        let result = if let Poll::Ready(output) = running.as_mut().poll(context) {
            Ok(output)
        } else {
            // A request to stop reaches the future, which may take its time; it does not lift the limit.
            let elapsed = ctx.runtime.layers.within(&LayerKind::Shield, layer, || timer.poll(context));
            if elapsed.is_pending() {
                return Poll::Pending;
            }
            Err(Elapsed { after: *after })
        };
        // What it had started is taken back before anything else happens.
        *future = None;
        *timer = Timer::Gone;
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("after", &self.after).finish_non_exhaustive()
    }
}
