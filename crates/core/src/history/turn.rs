//! One turn: everything that one workflow task meant.

use perpetua_vocab::{
    ContinueAsNewReason, Event, EventId, EventKind, MessageId, RunId, Timestamp, UpdateAccepted, UpdateRequest,
    WorkerDeploymentVersion,
};

/// Everything that one workflow task meant: what had happened when it started, and, if history has it, what the workflow
/// answered. Tasks that failed or timed out meant nothing and are not turns; what led to them belongs to the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Which turn of the run, from 1.
    pub number: u32,
    /// The event with which the task started.
    pub started: EventId,
    /// When it did: what the workflow's code sees as the present.
    pub time: Timestamp,
    /// Whether the server would like the workflow to continue as new.
    pub suggest_continue_as_new: bool,
    /// Why, where it says so.
    pub continue_as_new_reasons: Vec<ContinueAsNewReason>,
    /// Whether the version of the deployment that the run should move to is another one than before.
    pub target_version_changed: bool,
    /// The version of the worker that answered; none if it had none, or nobody has answered.
    pub deployment_version: Option<WorkerDeploymentVersion>,
    /// The size of the history then, in bytes.
    pub history_size: u64,
    /// What had happened since the turn before, in the order of history.
    pub inputs: Vec<Event>,
    /// The run id that replaces the seed of randomness, after a reset.
    pub new_seed: Option<RunId>,
    /// The updates that arrived; in a recorded turn, those that were accepted.
    pub updates: Vec<UpdateArrival>,
    /// What the workflow answered; none while it is the present.
    pub record: Option<Record>,
}

/// What the workflow answered in a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The event that completed the task.
    pub completed: EventId,
    /// The events that the answer produced, in the order of the answer.
    pub answers: Vec<Event>,
}

/// A request for an update, at its place in the turn.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateArrival {
    /// The request.
    pub request: UpdateRequest,
    /// The message that carried it.
    pub message: MessageId,
    /// The event after which it takes its place; none puts it before all others.
    pub sequencing: Option<EventId>,
}

impl Record {
    /// The updates that the answer accepted, for whom the request is in the event.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = (EventId, &UpdateAccepted)> {
        self.answers.iter().filter_map(|event| match &event.kind {
            EventKind::UpdateAccepted(accepted) => Some((event.id, &**accepted)),
            _ => None,
        })
    }
}
