//! Waiting for a condition on the workflow's state.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_convert::{Canceled, Elapsed, WaitFailure};
use perpetua_core::Fault;

use crate::Ctx;
use crate::read_only::{ReadOnly, while_read_only};
use crate::scope::Membership;
use crate::sleep::{Sleep, SleepFuture};
use crate::waits::Wait;

/// A wait for a condition. Await it, with or without a timeout.
#[must_use = "a wait does nothing until it is awaited"]
pub struct WaitUntil<P> {
    ctx: Ctx,
    condition: P,
    /// Orders the waits; the number in the run's table while it waits.
    number: Option<u64>,
    membership: Membership,
    wait: Wait,
}

/// A wait for a condition that is given up after a time.
#[must_use = "a wait does nothing until it is awaited"]
pub struct WaitUntilTimeout<P> {
    wait: WaitUntil<P>,
    after: Duration,
    sleep: Option<Sleep>,
    running: Option<SleepFuture>,
}

impl<P: Fn() -> bool> WaitUntil<P> {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, condition: P) -> Self {
        Self { ctx, condition, number: None, membership: Membership::default(), wait: Wait::new("condition") }
    }

    /// Gives up after a time. The timer is set only if the condition does not hold at once, and taken back when it does.
    ///
    /// # Errors
    /// [`WaitFailure::Elapsed`] when the time is over, [`WaitFailure::Canceled`] when the workflow is asked to stop.
    pub fn timeout(self, after: Duration) -> WaitUntilTimeout<P> {
        let sleep = Some(self.ctx.sleep(after).described_at(self.wait.place()));
        WaitUntilTimeout { wait: self, after, sleep, running: None }
    }

    fn poll_condition(&mut self, context: &Context<'_>) -> Poll<Result<(), Canceled>> {
        let runtime = &self.ctx.runtime;
        runtime.assert_may_act("wait for a condition");
        if let Some(canceled) = self.ctx.reached_by() {
            self.forget();
            return Poll::Ready(Err(canceled));
        }
        let holds = while_read_only(ReadOnly::Condition, &self.condition);
        if let Some(trespass) = runtime.take_trespass() {
            runtime.fail_task(Fault::code(trespass));
        }
        if holds {
            if self.number.is_some() {
                // What comes next may change what other conditions look at, in cells that nobody watches.
                runtime.look_again();
            }
            self.forget();
            return Poll::Ready(Ok(()));
        }
        let number = self.membership.number(&self.ctx);
        self.number = Some(number);
        runtime.wait_for_condition(number, context.waker());
        self.wait.goes_on();
        self.membership.watch(&self.ctx, context.waker());
        Poll::Pending
    }

    fn forget(&mut self) {
        if let Some(number) = self.number.take() {
            self.ctx.runtime.forget_condition(number);
            self.membership.leave();
            self.wait.is_over();
        }
    }
}

impl<P> Drop for WaitUntil<P> {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.ctx.runtime.forget_condition(number);
            self.membership.leave();
        }
    }
}

// The condition is called, never pinned.
impl<P> Unpin for WaitUntil<P> {}
impl<P> Unpin for WaitUntilTimeout<P> {}

impl<P: Fn() -> bool> Future for WaitUntil<P> {
    type Output = Result<(), Canceled>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_condition(context)
    }
}

impl<P: Fn() -> bool> WaitUntilTimeout<P> {
    /// One line that tools show beside the timer.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.sleep = self.sleep.map(|sleep| sleep.summary(summary));
        self
    }
}

impl<P: Fn() -> bool> Future for WaitUntilTimeout<P> {
    type Output = Result<(), WaitFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.wait.poll_condition(context) {
            self.running = None;
            return Poll::Ready(result.map_err(WaitFailure::from));
        }
        if let Some(sleep) = self.sleep.take() {
            self.running = Some(sleep.into_future());
        }
        let running = self.running.as_mut().expect("a wait is not polled again after it is over");
        let Poll::Ready(result) = Pin::new(running).poll(context) else { return Poll::Pending };
        self.running = None;
        self.wait.forget();
        Poll::Ready(Err(match result {
            Ok(()) => Elapsed { after: self.after }.into(),
            Err(canceled) => canceled.into(),
        }))
    }
}

impl<P> fmt::Debug for WaitUntil<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitUntil").finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for WaitUntilTimeout<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitUntilTimeout").field("after", &self.after).finish_non_exhaustive()
    }
}
