//! The operations a workflow can have pending: one file each.

mod activity;
mod cancel_external;
mod child;
mod finish;
mod local_activity;
mod note;
mod signal_external;
mod timer;
mod update;

pub use activity::{ActivityRequest, CancellationType};
pub use child::{ChildCancellationType, ChildRequest, ChildTickets};
pub use finish::Finish;
pub use local_activity::{LocalActivityEffect, LocalActivityEnd, LocalActivityRequest, LocalActivityTask};
pub use note::{PatchAnswer, SideEffect};
pub use timer::TimerRequest;
pub use update::UpdateTicket;

pub(crate) use activity::{Activity, Known, canceled_cause};
pub(crate) use cancel_external::{CancelExternal, CancelKnown};
pub(crate) use child::{Child, ChildKnown, OnCancelChild, OnStarted, ended};
pub(crate) use local_activity::{Attempts, LocalActivity, OnCancelLocal, OnLocalEnd};
pub(crate) use signal_external::{SignalExternal, SignalKnown};
pub(crate) use timer::Timer;
pub(crate) use update::Update;

use perpetua_vocab::{
    CancelExternalWorkflowFailedCause, Failure, Payloads, RunId, SignalExternalWorkflowFailedCause,
    StartChildWorkflowFailedCause,
};

/// Names one pending operation of a run. Given when the operation starts, void when its outcome was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u32);

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The timer is due.
    Fired,
    /// The timer was taken back.
    TimerCanceled,
    /// The activity returned a value, or did not.
    Activity(Result<Option<Payloads>, Box<Failure>>),
    /// The child runs; this is its first run.
    ChildStarted(RunId),
    /// The child could not be started, as both who waits for its start and who waits for its result learn.
    ChildNotStarted {
        /// Why.
        cause: StartChildWorkflowFailedCause,
        /// The same as a failure.
        failure: Box<Failure>,
    },
    /// The child returned a value, or did not. Who waits for its start sees this when it was canceled before.
    Child(Result<Option<Payloads>, Box<Failure>>),
    /// The signal, or the request to stop, has reached the other workflow.
    Delivered,
    /// The signal did not reach the other workflow.
    SignalFailed(SignalExternalWorkflowFailedCause),
    /// The request to stop did not reach the other workflow.
    CancelFailed(CancelExternalWorkflowFailedCause),
    /// The signal, or the request to stop, was taken back before it was sent.
    Withdrawn,
}

/// What a machine says of a request to cancel it.
#[derive(Debug)]
pub(crate) enum OnCancel<M> {
    /// Its command was not sent yet: take it back, nothing of it remains.
    Withdrawn(Outcome),
    /// Send this, go on as that, and the workflow knows the outcome already, or waits on.
    Sent {
        /// What it is now.
        machine: M,
        /// Whether there is a command to send.
        command: bool,
        /// The outcome, if the workflow need not wait for the record of it.
        outcome: Option<Outcome>,
    },
    /// There is nothing to cancel.
    Ignored(M),
}
