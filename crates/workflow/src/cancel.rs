//! Being asked to stop, and not being reached by it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use perpetua_convert::Canceled;

use crate::Ctx;

/// Waits for a request to stop.
pub(crate) struct CancellationFuture {
    ctx: Ctx,
    number: Option<u64>,
}

impl CancellationFuture {
    pub(crate) fn new(ctx: Ctx) -> Self {
        Self { ctx, number: None }
    }
}

impl Future for CancellationFuture {
    type Output = Canceled;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Canceled> {
        if let Some(canceled) = self.ctx.scope.canceled() {
            return Poll::Ready(canceled);
        }
        self.ctx.runtime.assert_may_act("wait for a cancellation");
        let number = self.number.unwrap_or_else(|| self.ctx.runtime.next_number());
        self.number = Some(number);
        self.ctx.scope.watch(number, context.waker());
        Poll::Pending
    }
}

impl Drop for CancellationFuture {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.ctx.scope.unwatch(number);
        }
    }
}

/// A future that cancellation does not reach.
#[must_use = "a future does nothing until it is awaited"]
pub struct Shielded<F> {
    ctx: Ctx,
    future: Pin<Box<F>>,
}

impl<F: Future> Shielded<F> {
    pub(crate) fn new(ctx: Ctx, future: F) -> Self {
        Self { ctx, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Shielded<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        struct Lower<'a>(&'a Ctx);
        impl Drop for Lower<'_> {
            fn drop(&mut self) {
                let shields = &self.0.runtime.shields;
                shields.set(shields.get() - 1);
            }
        }
        let Self { ctx, future } = &mut *self;
        ctx.runtime.shields.set(ctx.runtime.shields.get() + 1);
        let _lower = Lower(ctx);
        future.as_mut().poll(context)
    }
}

impl<F> fmt::Debug for Shielded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shielded").finish_non_exhaustive()
    }
}
