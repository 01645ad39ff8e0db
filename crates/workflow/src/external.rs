//! Other workflows: signals to them, and requests to stop.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use perpetua_contract::{SignalCall, SignalTarget, WorkflowDefinition};
use perpetua_convert::{Arguments, ExternalFailure};
use perpetua_core::{Fault, Origin, Outcome, Place};
use perpetua_vocab::{
    CancelExternalWorkflowFailedCause, Header, Payloads, RequestCancelExternalWorkflow, RunId, SignalExternalWorkflow,
    SignalExternalWorkflowFailedCause, SignalName, UserMetadata, WorkflowExecution, WorkflowId,
};

use crate::Ctx;
use crate::contained::with_causes;
use crate::operation::Operation;

/// Another workflow, by its id. Signals are sent through it, and requests to stop.
pub struct ExternalHandle<D: WorkflowDefinition> {
    ctx: Ctx,
    execution: WorkflowExecution,
    definition: PhantomData<fn() -> D>,
}

/// A signal to another workflow. Await it: it is sent when it is first polled, and done when it has arrived.
#[must_use = "a signal is sent when this is awaited"]
pub struct PendingSignal {
    ctx: Ctx,
    target: Target,
    name: SignalName,
    /// None if the arguments cannot be encoded: the workflow task fails at the end of the turn.
    input: Option<Payloads>,
    metadata: UserMetadata,
    operation: Option<Operation>,
    at: Place,
}

/// A request to stop, to another workflow. Await it: it is sent when it is first polled, and done when it has arrived.
#[must_use = "a request to stop is sent when this is awaited"]
pub struct PendingCancel {
    ctx: Ctx,
    execution: WorkflowExecution,
    reason: String,
    metadata: UserMetadata,
    operation: Option<Operation>,
    at: Place,
}

/// Whom a signal is for.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Child(WorkflowExecution),
    External(WorkflowExecution),
}

impl Target {
    fn execution(&self) -> &WorkflowExecution {
        match self {
            Self::Child(execution) | Self::External(execution) => execution,
        }
    }
}

impl<D: WorkflowDefinition> ExternalHandle<D> {
    pub(crate) fn new(ctx: Ctx, workflow_id: WorkflowId) -> Self {
        let execution = WorkflowExecution { workflow_id, run_id: RunId::default() };
        Self { ctx, execution, definition: PhantomData }
    }

    /// The other workflow's id.
    pub fn id(&self) -> &WorkflowId {
        &self.execution.workflow_id
    }

    /// The same workflow, but only this run of it. By default it is whichever run is the current one.
    pub fn run_id(&self, run_id: impl Into<RunId>) -> D::Handle<Self> {
        let execution = WorkflowExecution { workflow_id: self.execution.workflow_id.clone(), run_id: run_id.into() };
        D::handle(Self { ctx: self.ctx.clone(), execution, definition: PhantomData })
    }

    /// Asks it to stop. Whether it does is its own affair.
    #[track_caller]
    pub fn cancel(&self) -> PendingCancel {
        let (ctx, execution) = (self.ctx.clone(), self.execution.clone());
        PendingCancel {
            ctx,
            execution,
            reason: String::new(),
            metadata: UserMetadata::default(),
            operation: None,
            at: Location::caller(),
        }
    }

    /// Sends a signal that is known by its name only.
    #[track_caller]
    pub fn signal_named<I: Arguments>(&self, name: impl Into<SignalName>, arguments: I) -> PendingSignal {
        PendingSignal::new(self.ctx.clone(), Target::External(self.execution.clone()), name.into(), &arguments)
    }
}

impl<D: WorkflowDefinition> SignalTarget<D> for ExternalHandle<D> {
    type Signal = PendingSignal;

    #[track_caller]
    fn signal<I: Arguments>(&self, call: SignalCall<D, I>) -> PendingSignal {
        let (name, arguments) = call.into_parts();
        self.signal_named(name.into_owned(), arguments)
    }
}

impl PendingSignal {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, target: Target, name: SignalName, arguments: &impl Arguments) -> Self {
        let input = match arguments.encode(ctx.runtime.converter.payloads()) {
            Ok(input) => Some(input),
            Err(error) => {
                let error = with_causes(&error);
                ctx.runtime.fail_task(Fault::code(format!(
                    "signal `{name}` cannot be sent: {error} (at {})",
                    Location::caller()
                )));
                None
            }
        };
        Self { ctx, target, name, input, metadata: UserMetadata::default(), operation: None, at: Location::caller() }
    }

    /// One line that tools show beside the signal.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.metadata.summary = self.ctx.runtime.converter.payloads().encode(&summary.into()).ok();
        self
    }
}

impl PendingCancel {
    /// Why, in words.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// One line that tools show beside the request.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.metadata.summary = self.ctx.runtime.converter.payloads().encode(&summary.into()).ok();
        self
    }
}

impl Future for PendingSignal {
    type Output = Result<(), ExternalFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ctx, target, name, input, metadata, operation, at } = &mut *self;
        if operation.is_none() {
            ctx.runtime.assert_may_act("signal another workflow");
            let Some(input) = input.take() else { return Poll::Pending };
            if let Some(canceled) = ctx.reached_by() {
                return Poll::Ready(Err(canceled.into()));
            }
            let signal = SignalExternalWorkflow {
                namespace: ctx.runtime.info.borrow().namespace().clone(),
                execution: target.execution().clone(),
                name: name.clone(),
                input,
                header: Header::default(),
                child_workflow_only: matches!(target, Target::Child(_)),
            };
            let origin = Origin::new(std::mem::take(metadata), at);
            *operation = Some(Operation::start(ctx, |run| run.signal_external(signal, origin)));
        }
        let workflow_id = &target.execution().workflow_id;
        poll_delivery(ctx, workflow_id, operation, context)
    }
}

impl Future for PendingCancel {
    type Output = Result<(), ExternalFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ctx, execution, reason, metadata, operation, at } = &mut *self;
        if operation.is_none() {
            ctx.runtime.assert_may_act("ask another workflow to stop");
            if let Some(canceled) = ctx.reached_by() {
                return Poll::Ready(Err(canceled.into()));
            }
            let request = RequestCancelExternalWorkflow {
                namespace: ctx.runtime.info.borrow().namespace().clone(),
                execution: execution.clone(),
                child_workflow_only: false,
                reason: std::mem::take(reason),
            };
            let origin = Origin::new(std::mem::take(metadata), at);
            *operation = Some(Operation::start(ctx, |run| run.cancel_external(request, origin)));
        }
        poll_delivery(ctx, &execution.workflow_id, operation, context)
    }
}

/// Whether it has arrived, once that is known.
fn poll_delivery(
    ctx: &Ctx,
    workflow_id: &WorkflowId,
    operation: &mut Option<Operation>,
    context: &Context<'_>,
) -> Poll<Result<(), ExternalFailure>> {
    let Some(pending) = operation else { return Poll::Pending };
    let Poll::Ready(outcome) = pending.poll_outcome(context) else { return Poll::Pending };
    let workflow_id = workflow_id.clone();
    let other = |reason: String| ExternalFailure::Other { workflow_id: workflow_id.clone(), reason };
    let no_namespace = || other("there is no such namespace".to_owned());
    Poll::Ready(match outcome {
        Outcome::Delivered => Ok(()),
        Outcome::SignalFailed(cause) => Err(match cause {
            SignalExternalWorkflowFailedCause::WorkflowNotFound => ExternalFailure::NotFound(workflow_id),
            SignalExternalWorkflowFailedCause::SignalCountLimitExceeded => ExternalFailure::TooManySignals(workflow_id),
            SignalExternalWorkflowFailedCause::NamespaceNotFound => no_namespace(),
            cause => other(format!("the server had the reason {cause:?}")),
        }),
        Outcome::CancelFailed(cause) => Err(match cause {
            CancelExternalWorkflowFailedCause::WorkflowNotFound => ExternalFailure::NotFound(workflow_id),
            CancelExternalWorkflowFailedCause::NamespaceNotFound => no_namespace(),
            cause => other(format!("the server had the reason {cause:?}")),
        }),
        _ => Err(ctx.cancellation().unwrap_or_default().into()),
    })
}

impl<D: WorkflowDefinition> Clone for ExternalHandle<D> {
    fn clone(&self) -> Self {
        Self { ctx: self.ctx.clone(), execution: self.execution.clone(), definition: PhantomData }
    }
}

impl<D: WorkflowDefinition> fmt::Debug for ExternalHandle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalHandle").field("execution", &self.execution).finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignal").field("name", &self.name).field("target", &self.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCancel").field("execution", &self.execution).finish_non_exhaustive()
    }
}
