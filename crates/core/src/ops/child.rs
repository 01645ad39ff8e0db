//! One child workflow, from request to result.
//!
//! ```text
//! Requested --Initiated--> Starting ---ChildStarted---> Running --Completed, Failed, ..--> (settled)
//!     |                     |  |  `--StartFailed--> (settled)  |
//!     | cancel              |  | cancel                        | cancel
//!     v                     |  v                               v
//! (nothing remains)         | Unwanted --ChildStarted, ask--> Canceling --Completed, ..--> (settled, if it was not)
//!                           | cancel: abandoned                |
//!                           `-------------> Abandoned <--------'  --StartFailed, Completed, ..--> (gone)
//! ```
//!
//! A child that may not run yet cannot be asked to stop, so `Unwanted` asks as soon as it runs.

use perpetua_vocab::{
    ApplicationFailure, ChildWorkflow, ChildWorkflowFailureInfo, EventId, Failure, FailureInfo, Identity, Namespace,
    RequestCancelExternalWorkflow, RetryState, RunId, StartChildWorkflow, StartChildWorkflowFailedCause,
    WorkflowExecution, WorkflowId, WorkflowType,
};

use super::activity::canceled_cause;
use super::{Outcome, Ticket};

/// What a workflow says of a child it wants.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildRequest {
    /// What the server is asked for.
    pub start: StartChildWorkflow,
    /// What canceling it means.
    pub cancellation: ChildCancellationType,
}

/// The two things that code waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildTickets {
    /// Whether the child runs.
    pub started: Ticket,
    /// How it ended. Canceling this cancels the child.
    pub result: Ticket,
}

/// What canceling a child means to the workflow that waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChildCancellationType {
    /// Go on as canceled at once, and let the child run.
    Abandon,
    /// Ask the child to stop, and go on as canceled at once. A server does not ask any more if the workflow ends in the
    /// same turn.
    TryCancel,
    /// Ask the child to stop, and go on as canceled when the request has reached it.
    WaitCancellationRequested,
    /// Ask the child to stop, and wait for how it ends.
    #[default]
    WaitCancellationCompleted,
}

/// One child workflow.
#[derive(Debug)]
pub(crate) enum Child {
    /// The command is queued or sent; history does not know the child yet.
    Requested(ChildKnown),
    /// History recorded that it was asked for; whether it runs is to be seen.
    Starting { known: ChildKnown, initiated: EventId },
    /// The same, but it is to stop as soon as it runs.
    Unwanted { known: ChildKnown, settled: bool },
    /// It runs.
    Running { known: ChildKnown, initiated: EventId, run: RunId },
    /// It was asked to stop; only how it ended is missing.
    Canceling { known: ChildKnown, initiated: EventId, run: RunId, settled: bool },
    /// The workflow went on without it.
    Abandoned,
}

/// What does not change.
#[derive(Debug)]
pub(crate) struct ChildKnown {
    pub(crate) namespace: Namespace,
    pub(crate) workflow_id: WorkflowId,
    pub(crate) workflow_type: WorkflowType,
    pub(crate) cancellation: ChildCancellationType,
    /// Names the start, where the code is still to learn of it.
    pub(crate) started: Ticket,
}

/// What a machine says of the news that the child runs.
#[derive(Debug)]
pub(crate) struct OnStarted {
    pub(crate) machine: Child,
    /// Who is to learn of it.
    pub(crate) started: Option<Ticket>,
    /// What to ask of the server now.
    pub(crate) ask: Option<Box<RequestCancelExternalWorkflow>>,
}

/// What a machine says of a request to cancel it.
#[derive(Debug)]
pub(crate) enum OnCancelChild {
    /// Its command was not sent yet: take it back, nothing of it remains.
    Withdrawn { started: Ticket, outcome: Outcome },
    Next {
        machine: Box<Child>,
        /// What to ask of the server now, with the event that asked for the child.
        ask: Option<(EventId, Box<RequestCancelExternalWorkflow>)>,
        /// Who need not wait for the start any longer.
        started: Option<Ticket>,
        /// The outcome, if the workflow need not wait any longer.
        outcome: Option<Outcome>,
    },
}

impl Child {
    pub(crate) fn on_initiated(self, initiated: EventId) -> Self {
        match self {
            Self::Requested(known) => Self::Starting { known, initiated },
            other => other,
        }
    }

    pub(crate) fn on_started(self, initiated: EventId, run: RunId) -> OnStarted {
        match self {
            Self::Requested(known) | Self::Starting { known, .. } => {
                let started = Some(known.started);
                OnStarted { machine: Self::Running { known, initiated, run }, started, ask: None }
            }
            Self::Unwanted { known, settled } => {
                let started = Some(known.started).filter(|_| !settled);
                let ask = Some(known.ask_to_stop());
                OnStarted { machine: Self::Canceling { known, initiated, run, settled }, started, ask }
            }
            machine @ (Self::Running { .. } | Self::Canceling { .. } | Self::Abandoned) => {
                OnStarted { machine, started: None, ask: None }
            }
        }
    }

    /// It could not be started; the start and the outcome of whoever still waits.
    pub(crate) fn on_start_failed(
        self,
        initiated: EventId,
        cause: StartChildWorkflowFailedCause,
    ) -> Option<(Ticket, Outcome)> {
        match self {
            Self::Requested(known) | Self::Starting { known, .. } | Self::Unwanted { known, settled: false } => {
                Some((known.started, known.not_started(initiated, cause)))
            }
            Self::Unwanted { settled: true, .. } | Self::Running { .. } | Self::Canceling { .. } | Self::Abandoned => {
                None
            }
        }
    }

    /// The request to stop has reached it; the outcome, if that is what the workflow waited for.
    pub(crate) fn on_cancel_requested(self) -> (Self, Option<Outcome>) {
        match self {
            Self::Canceling { known, initiated, run, settled: false }
                if known.cancellation == ChildCancellationType::WaitCancellationRequested =>
            {
                let outcome = known.canceled(Some(initiated), Some(&run));
                (Self::Canceling { known, initiated, run, settled: true }, Some(outcome))
            }
            other => (other, None),
        }
    }

    /// It ended; `None` if the workflow already went on without it.
    pub(crate) fn on_closed(self, outcome: Outcome) -> Option<Outcome> {
        match self {
            Self::Canceling { settled: true, .. } | Self::Unwanted { settled: true, .. } | Self::Abandoned => None,
            Self::Requested(_)
            | Self::Starting { .. }
            | Self::Unwanted { .. }
            | Self::Running { .. }
            | Self::Canceling { .. } => Some(outcome),
        }
    }

    pub(crate) fn on_cancel(self) -> OnCancelChild {
        use ChildCancellationType as Type;
        match self {
            Self::Requested(known) => {
                OnCancelChild::Withdrawn { started: known.started, outcome: known.canceled(None, None) }
            }
            Self::Starting { known, initiated } => {
                let canceled = known.canceled(Some(initiated), None);
                let (started, cancellation) = (known.started, known.cancellation);
                let settled = matches!(cancellation, Type::Abandon | Type::TryCancel);
                let machine = match cancellation {
                    Type::Abandon => Self::Abandoned,
                    _ => Self::Unwanted { known, settled },
                };
                let (started, outcome) = if settled { (Some(started), Some(canceled)) } else { (None, None) };
                OnCancelChild::Next { machine: Box::new(machine), ask: None, started, outcome }
            }
            Self::Running { known, initiated, run } => {
                let canceled = known.canceled(Some(initiated), Some(&run));
                let ask = (initiated, known.ask_to_stop());
                let settled = matches!(known.cancellation, Type::Abandon | Type::TryCancel);
                let (machine, ask) = match known.cancellation {
                    Type::Abandon => (Self::Abandoned, None),
                    _ => (Self::Canceling { known, initiated, run, settled }, Some(ask)),
                };
                let outcome = settled.then_some(canceled);
                OnCancelChild::Next { machine: Box::new(machine), ask, started: None, outcome }
            }
            machine @ (Self::Unwanted { .. } | Self::Canceling { .. } | Self::Abandoned) => {
                OnCancelChild::Next { machine: Box::new(machine), ask: None, started: None, outcome: None }
            }
        }
    }

    /// What does not change; none once the workflow has nothing to do with it any more.
    pub(crate) fn known(&self) -> Option<&ChildKnown> {
        match self {
            Self::Requested(known)
            | Self::Starting { known, .. }
            | Self::Unwanted { known, .. }
            | Self::Running { known, .. }
            | Self::Canceling { known, .. } => Some(known),
            Self::Abandoned => None,
        }
    }
}

impl ChildKnown {
    /// The child may have continued as new by then: whichever run is the current one is asked.
    fn ask_to_stop(&self) -> Box<RequestCancelExternalWorkflow> {
        Box::new(RequestCancelExternalWorkflow {
            namespace: self.namespace.clone(),
            execution: WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id: RunId::default() },
            child_workflow_only: true,
            reason: "its parent canceled it".to_owned(),
        })
    }

    fn info(&self, initiated: Option<EventId>, run: Option<&RunId>) -> ChildWorkflowFailureInfo {
        ChildWorkflowFailureInfo {
            namespace: self.namespace.to_string(),
            execution: Some(WorkflowExecution {
                workflow_id: self.workflow_id.clone(),
                run_id: run.cloned().unwrap_or_default(),
            }),
            workflow_type: Some(self.workflow_type.clone()),
            initiated,
            started: None,
            retry_state: RetryState::NonRetryableFailure,
        }
    }

    /// The outcome of a cancellation that the workflow did not wait for.
    fn canceled(&self, initiated: Option<EventId>, run: Option<&RunId>) -> Outcome {
        let info = ChildWorkflowFailureInfo { retry_state: RetryState::CancelRequested, ..self.info(initiated, run) };
        let cause = canceled_cause(None, Identity::default());
        Outcome::Child(Err(enveloped("child workflow canceled", info, Some(cause))))
    }

    fn not_started(&self, initiated: EventId, cause: StartChildWorkflowFailedCause) -> Outcome {
        let (failure_type, message) = match cause {
            StartChildWorkflowFailedCause::WorkflowAlreadyExists => {
                ("WorkflowAlreadyStarted", format!("the workflow id {} is in use", self.workflow_id))
            }
            StartChildWorkflowFailedCause::NamespaceNotFound => {
                ("NamespaceNotFound", format!("there is no namespace {}", self.namespace))
            }
            StartChildWorkflowFailedCause::Other(number) => {
                ("ChildWorkflowNotStarted", format!("the server had a reason of the unknown number {number}"))
            }
            _ => ("ChildWorkflowNotStarted", "the server had a reason that is unknown".to_owned()),
        };
        let application = ApplicationFailure { failure_type: failure_type.to_owned(), ..ApplicationFailure::default() };
        let why = Failure { message, info: FailureInfo::Application(application), ..Failure::default() };
        let info = self.info(Some(initiated), None);
        Outcome::ChildNotStarted { cause, failure: enveloped("child workflow was not started", info, Some(why)) }
    }
}

/// The failure of a child that ended, as an event has it.
pub(crate) fn ended(message: &str, child: ChildWorkflow, retry_state: RetryState, cause: Option<Failure>) -> Outcome {
    let ChildWorkflow { namespace, execution, workflow_type, initiated, started } = child;
    let info = ChildWorkflowFailureInfo {
        namespace: namespace.into_string(),
        execution: Some(execution),
        workflow_type: Some(workflow_type),
        initiated: Some(initiated),
        started,
        retry_state,
    };
    Outcome::Child(Err(enveloped(message, info, cause)))
}

/// The envelope that says which child did not return a value.
fn enveloped(message: &str, info: ChildWorkflowFailureInfo, cause: Option<Failure>) -> Box<Failure> {
    Box::new(Failure {
        message: message.to_owned(),
        cause: cause.map(Box::new),
        info: FailureInfo::ChildWorkflow(info),
        ..Failure::default()
    })
}
