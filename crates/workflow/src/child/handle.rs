//! A child workflow that runs: signals to it, requests to stop, and its result, for as many as want it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use perpetua_contract::{SignalCall, SignalTarget, WorkflowDefinition};
use perpetua_convert::{Arguments, ChildFailure};
use perpetua_core::Outcome;
use perpetua_vocab::{RunId, SignalName, WorkflowExecution, WorkflowId};

use super::settle;
use crate::Ctx;
use crate::external::{PendingSignal, Target};
use crate::operation::Operation;
use crate::wakers::Wakers;

/// A child workflow that runs. Signals are sent through it.
///
/// Dropping it lets the child run on, beyond the reach of the workflow's own cancellation; [`cancel`](Self::cancel) asks
/// the child to stop.
pub struct ChildHandle<D: WorkflowDefinition>(Rc<Inner<D>>);

struct Inner<D> {
    ctx: Ctx,
    name: String,
    workflow_id: WorkflowId,
    run_id: RunId,
    /// None while it is polled, and when its outcome is known.
    operation: Cell<Option<Operation>>,
    /// How the child ended, for everybody who asks.
    outcome: RefCell<Option<Outcome>>,
    /// Who waits for the outcome. The operation itself knows only the last of them.
    waiting: Wakers<u64>,
    definition: PhantomData<fn() -> D>,
}

/// The result of a child workflow that runs. Dropping it changes nothing.
#[must_use = "a future does nothing until it is awaited"]
pub struct ChildResult<D: WorkflowDefinition> {
    inner: Rc<Inner<D>>,
    /// Its place among those who wait, while it waits.
    number: Option<u64>,
}

impl<D: WorkflowDefinition> ChildHandle<D> {
    /// A child that runs; `result` is how it will end.
    pub(super) fn new(ctx: Ctx, name: String, execution: WorkflowExecution, result: Operation) -> Self {
        let WorkflowExecution { workflow_id, run_id } = execution;
        Self(Rc::new(Inner {
            ctx,
            name,
            workflow_id,
            run_id,
            operation: Cell::new(Some(result)),
            outcome: RefCell::default(),
            waiting: Wakers::default(),
            definition: PhantomData,
        }))
    }

    /// Its workflow id.
    pub fn id(&self) -> &WorkflowId {
        &self.0.workflow_id
    }

    /// The id of its first run.
    pub fn run_id(&self) -> &RunId {
        &self.0.run_id
    }

    /// Its result. It may be asked for as often as it is wanted, also by several at a time; each of them gets it.
    pub fn result(&self) -> ChildResult<D> {
        ChildResult { inner: Rc::clone(&self.0), number: None }
    }

    /// Cancels it, as its [`cancellation`](super::PendingChildWorkflow::cancellation) has it. What becomes of it is its
    /// [`result`](Self::result).
    pub fn cancel(&self) {
        self.0.ctx.runtime.assert_may_act("cancel a child workflow");
        if let Some(operation) = self.0.operation.take() {
            operation.cancel();
            self.0.operation.set(Some(operation));
        }
    }

    /// Sends a signal that is known by its name only.
    #[track_caller]
    pub fn signal_named<I: Arguments>(&self, name: impl Into<SignalName>, arguments: I) -> PendingSignal {
        let execution = WorkflowExecution { workflow_id: self.0.workflow_id.clone(), run_id: RunId::default() };
        PendingSignal::new(self.0.ctx.clone(), Target::Child(execution), name.into(), &arguments)
    }
}

impl<D: WorkflowDefinition> SignalTarget<D> for ChildHandle<D> {
    type Signal = PendingSignal;

    #[track_caller]
    fn signal<I: Arguments>(&self, call: SignalCall<D, I>) -> PendingSignal {
        let (name, arguments) = call.into_parts();
        self.signal_named(name.into_owned(), arguments)
    }
}

impl<D: WorkflowDefinition> ChildResult<D> {
    /// Waits no longer.
    fn leave(&mut self) {
        if let Some(number) = self.number.take() {
            drop(self.inner.waiting.take(&number));
        }
    }
}

impl<D: WorkflowDefinition> Future for ChildResult<D> {
    type Output = Result<D::Output, ChildFailure<D::Error>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = Rc::clone(&self.inner);
        let Inner { ctx, name, operation: place, outcome: known, waiting, .. } = &*inner;
        if known.borrow().is_none() {
            // Its place is empty only after a panic, which has failed the task.
            let Some(mut operation) = place.take() else { return Poll::Pending };
            let Poll::Ready(outcome) = operation.poll_outcome(context) else {
                place.set(Some(operation));
                let number = *self.number.get_or_insert_with(|| ctx.runtime.next_number());
                waiting.put(number, context.waker());
                return Poll::Pending;
            };
            *known.borrow_mut() = Some(outcome);
        }
        self.leave();
        for waker in waiting.take_all() {
            waker.wake();
        }
        let outcome = known.borrow().clone().unwrap_or(Outcome::Withdrawn);
        Poll::Ready(settle::<D>(ctx, name, outcome))
    }
}

impl<D: WorkflowDefinition> Drop for ChildResult<D> {
    fn drop(&mut self) {
        if self.number.is_some() {
            self.leave();
            // The operation may wake nobody but this: let one of the others be the last to have asked.
            if !self.inner.ctx.runtime.is_closing() {
                self.inner.waiting.wake_all();
            }
        }
    }
}

impl<D> Drop for Inner<D> {
    fn drop(&mut self) {
        if let Some(operation) = self.operation.take() {
            operation.detach();
        }
    }
}

impl<D: WorkflowDefinition> Clone for ChildHandle<D> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<D: WorkflowDefinition> fmt::Debug for ChildHandle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildHandle").field("id", &self.0.workflow_id).field("run_id", &self.0.run_id).finish()
    }
}

impl<D: WorkflowDefinition> fmt::Debug for ChildResult<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildResult").field("id", &self.inner.workflow_id).finish_non_exhaustive()
    }
}
