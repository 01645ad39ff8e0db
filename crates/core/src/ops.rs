//! The operations a workflow can have pending: one file each.

mod activity;
mod finish;
mod timer;
mod update;

pub use activity::{ActivityRequest, CancellationType};
pub use finish::Finish;
pub use timer::TimerRequest;
pub use update::UpdateTicket;

pub(crate) use activity::{Activity, Known, canceled_cause};
pub(crate) use timer::Timer;
pub(crate) use update::Update;

use perpetua_vocab::{Failure, Payloads};

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
