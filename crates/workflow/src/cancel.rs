//! Cancellation: being asked to stop, asking a part to stop, and not being reached by it.
//!
//! The rules, all of them:
//!
//! * A request to stop is for a **scope**: the main function (the workflow is asked to stop), a handler of its own, a
//!   spawned task (by its handle), or what a [`CancellationScope`] runs. A request is never taken back, and only the first
//!   one of a scope counts.
//! * It reaches what is **awaited** within the scope: operations of the context, such as timers, activities and
//!   conditions, end as canceled, in the order in which they were started. It is a level, not an event: what is awaited
//!   afterwards is canceled at once.
//! * Scopes and shields **nest** by where they are around an await. An await is reached by the scopes around it, up to the
//!   innermost shield. [`Ctx::canceled`] and [`Ctx::is_canceled`] look beyond shields: they tell of every scope around.
//! * A spawned task begins with the scopes and shields that were around whoever spawned it, and has a scope of its own.
//!   The handlers of signals and updates are not canceled with the main function.
//! * What waits for the workflow itself, such as a lock, a channel, or the handle of a task, is **not** reached, since
//!   whoever is to open it is. [`Ctx::cancelable`] makes anything reachable.
//!
//! ```text
//! request to stop --> Scope --cancels--> its operations' tickets --outcome--> whoever awaits them
//!                          `--wakes----> conditions, `ctx.canceled()`, `ctx.cancelable(..)`
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use perpetua_convert::Canceled;

use crate::Ctx;
use crate::scope::{Layer, LayerKind, Membership, Scope};
use crate::spawn::JoinHandle;
use crate::waits::Wait;

/// Waits for a request to stop.
pub(crate) struct CancellationFuture {
    ctx: Ctx,
    membership: Membership,
    wait: Wait,
}

impl CancellationFuture {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx) -> Self {
        Self { ctx, membership: Membership::default(), wait: Wait::new("request to stop") }
    }
}

impl Future for CancellationFuture {
    type Output = Canceled;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Canceled> {
        let Self { ctx, membership, wait } = &mut *self;
        if let Some(canceled) = ctx.cancellation() {
            membership.leave();
            wait.is_over();
            return Poll::Ready(canceled);
        }
        ctx.runtime.assert_may_act("wait for a cancellation");
        membership.watch_beyond_shields(ctx, context.waker());
        wait.goes_on();
        Poll::Pending
    }
}

/// A part of a workflow that can be canceled apart from the rest; made by [`Ctx::scope`].
///
/// Cheap to clone: all clones are one scope. Keep one in a [`State`](crate::State) to cancel from a handler what the main
/// function runs. Dropping it cancels nothing.
#[derive(Clone)]
pub struct CancellationScope {
    ctx: Ctx,
    scope: Rc<Scope>,
}

impl CancellationScope {
    pub(crate) fn new(ctx: Ctx) -> Self {
        let scope = Scope::new(ctx.scope.part.clone());
        Self { ctx, scope }
    }

    /// Runs a future within the scope. Canceling the scope reaches what is awaited in it; the future itself decides how it
    /// ends. What is around the `run`, such as another scope or a shield, is around the future, too.
    pub fn run<F: Future>(&self, future: F) -> Scoped<F> {
        let kind = LayerKind::Scope(Rc::clone(&self.scope));
        Scoped { ctx: self.ctx.clone(), kind, layer: None, future: Box::pin(future) }
    }

    /// Runs a future within the scope as a task of the workflow; see [`Ctx::spawn`].
    #[track_caller]
    pub fn spawn<F: Future<Output: 'static> + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.ctx.spawn(self.run(future))
    }

    /// Cancels what runs within the scope, now and from now on. Only the first time counts.
    pub fn cancel(&self) {
        self.cancel_because("");
    }

    /// The same, for a reason, which is the [`Canceled::reason`] that what is canceled gets.
    pub fn cancel_because(&self, reason: impl Into<String>) {
        self.ctx.runtime.assert_may_act("cancel a scope");
        self.scope.cancel(&self.ctx.runtime, Canceled::because(reason));
    }

    /// Whether this scope was canceled, whatever is around it.
    pub fn is_canceled(&self) -> bool {
        self.scope.is_canceled()
    }
}

impl fmt::Debug for CancellationScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationScope").field("canceled", &self.scope.canceled()).finish()
    }
}

/// A future that runs within a scope; made by [`CancellationScope::run`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Scoped<F> {
    ctx: Ctx,
    kind: LayerKind,
    layer: Option<Rc<Layer>>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { ctx, kind, layer, future } = &mut *self;
        ctx.runtime.layers.within(kind, layer, || future.as_mut().poll(context))
    }
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").finish_non_exhaustive()
    }
}

/// A future that cancellation does not reach; made by [`Ctx::shielded`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Shielded<F> {
    ctx: Ctx,
    layer: Option<Rc<Layer>>,
    future: Pin<Box<F>>,
}

impl<F: Future> Shielded<F> {
    pub(crate) fn new(ctx: Ctx, future: F) -> Self {
        Self { ctx, layer: None, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Shielded<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { ctx, layer, future } = &mut *self;
        ctx.runtime.layers.within(&LayerKind::Shield, layer, || future.as_mut().poll(context))
    }
}

impl<F> fmt::Debug for Shielded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shielded").finish_non_exhaustive()
    }
}

/// A future that cancellation ends; made by [`Ctx::cancelable`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Cancelable<F> {
    ctx: Ctx,
    membership: Membership,
    /// None when it is over.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Cancelable<F> {
    pub(crate) fn new(ctx: Ctx, future: F) -> Self {
        Self { ctx, membership: Membership::default(), future: Some(Box::pin(future)) }
    }
}

impl<F: Future> Future for Cancelable<F> {
    type Output = Result<F::Output, Canceled>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ctx, membership, future } = &mut *self;
        let running = future.as_mut().expect("a cancelable future is not polled again after it is over");
        ctx.runtime.assert_may_act("wait");
        let result = if let Some(canceled) = ctx.reached_by() {
            Err(canceled)
        } else if let Poll::Ready(output) = running.as_mut().poll(context) {
            Ok(output)
        } else {
            membership.watch(ctx, context.waker());
            return Poll::Pending;
        };
        membership.leave();
        // What it had started is taken back before anything else happens.
        *future = None;
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for Cancelable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelable").finish_non_exhaustive()
    }
}
