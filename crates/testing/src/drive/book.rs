//! What a driven workflow has asked for and nobody has answered yet.

use std::collections::BTreeMap;

use perpetua_vocab::{
    Event, EventId, EventKind, Outcome, Payloads, RunId, SignalName, TimerId, Timestamp, UpdateId, WorkflowExecution,
};
use perpetua_workflow::LocalActivityEffect;

/// Which call of the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// An activity, by the event that scheduled it.
    Activity(EventId),
    /// A child workflow, by the event that asked for it.
    Child(EventId),
    /// A local activity, by its number.
    Local(u32),
}

/// A call that somebody is to answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The activity's or the workflow's name.
    pub(super) name: String,
    /// The activity's or the workflow's id.
    pub(super) id: String,
    pub(super) input: Payloads,
    /// Whether it was asked to stop.
    pub(super) is_to_stop: bool,
    /// For a child that runs: the event that said so, and its run.
    pub(super) runs: Option<(EventId, RunId)>,
    /// When it was asked for.
    pub(super) asked: Timestamp,
    /// For a local activity: the attempt, and when the first of all was asked for.
    pub(super) attempt: u32,
    pub(super) scheduled: Timestamp,
}

/// A timer that runs.
#[derive(Clone, Debug)]
pub(super) struct Timer {
    pub(super) started: EventId,
    pub(super) due: Timestamp,
}

/// Something for another workflow.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) to: WorkflowExecution,
    pub(super) what: Content,
    pub(super) child_workflow_only: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Signal(SignalName, Payloads),
    /// A request to stop, and why.
    Cancel(String),
}

/// How far an update is.
#[derive(Clone, Debug)]
pub(super) enum Update {
    /// No workflow task has brought it to the workflow yet.
    Sent,
    Accepted(EventId),
    Refused(Box<perpetua_vocab::Failure>),
    Done(Outcome),
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    pub(super) calls: BTreeMap<Which, Asked>,
    pub(super) timers: BTreeMap<TimerId, Timer>,
    pub(super) parcels: BTreeMap<EventId, Parcel>,
    pub(super) updates: BTreeMap<UpdateId, Update>,
}

impl Book {
    /// Takes note of a command that was written as an event.
    pub(super) fn learn(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ActivityScheduled(scheduled) => {
                let (name, id) = (scheduled.activity_type.to_string(), scheduled.activity.to_string());
                let asked = Asked::new(name, id, scheduled.input.clone(), event.time);
                self.calls.insert(Which::Activity(event.id), asked);
            }
            EventKind::ActivityCancelRequested { scheduled, .. } => {
                if let Some(asked) = self.calls.get_mut(&Which::Activity(*scheduled)) {
                    asked.is_to_stop = true;
                }
            }
            EventKind::TimerStarted(timer) => {
                let due = event.time.after(timer.after);
                self.timers.insert(timer.timer.clone(), Timer { started: event.id, due });
            }
            EventKind::TimerCanceled { timer, .. } => {
                self.timers.remove(timer);
            }
            EventKind::StartChildWorkflowInitiated(child) => {
                let (name, id) = (child.workflow_type.to_string(), child.workflow_id.to_string());
                self.calls.insert(Which::Child(event.id), Asked::new(name, id, child.input.clone(), event.time));
            }
            EventKind::SignalExternalWorkflowInitiated(signal) => {
                let what = Content::Signal(signal.name.clone(), signal.input.clone().unwrap_or_default());
                let (to, child_workflow_only) = (signal.execution.clone(), signal.child_workflow_only);
                self.parcels.insert(event.id, Parcel { to, what, child_workflow_only });
            }
            EventKind::RequestCancelExternalWorkflowInitiated(request) => {
                let what = Content::Cancel(request.reason.clone());
                let (to, child_workflow_only) = (request.execution.clone(), request.child_workflow_only);
                let child = self.calls.iter_mut().find(|(which, asked)| {
                    matches!(which, Which::Child(_)) && child_workflow_only && to.workflow_id == *asked.id.as_str()
                });
                if let Some((_, child)) = child {
                    child.is_to_stop = true;
                }
                self.parcels.insert(event.id, Parcel { to, what, child_workflow_only });
            }
            EventKind::UpdateAccepted(accepted) => {
                self.updates.insert(accepted.update.clone(), Update::Accepted(event.id));
            }
            EventKind::UpdateCompleted(completed) => {
                if let Some(outcome) = &completed.outcome {
                    self.updates.insert(completed.update.clone(), Update::Done(outcome.clone()));
                }
            }
            _ => {}
        }
    }

    /// Does what is to be done about local activities.
    pub(super) fn take(&mut self, effects: Vec<LocalActivityEffect>, now: Timestamp) {
        for effect in effects {
            match effect {
                LocalActivityEffect::Run(task) => {
                    let (name, id) = (task.request.activity_type.to_string(), task.activity.to_string());
                    let mut asked = Asked::new(name, id, Some(task.request.input), now);
                    asked.attempt = task.attempt;
                    asked.scheduled = task.scheduled.unwrap_or(now);
                    self.calls.insert(Which::Local(task.number), asked);
                }
                LocalActivityEffect::Cancel(number) => {
                    if let Some(asked) = self.calls.get_mut(&Which::Local(number)) {
                        asked.is_to_stop = true;
                    }
                }
                LocalActivityEffect::Release(number) => {
                    self.calls.remove(&Which::Local(number));
                }
            }
        }
    }

    /// The timer that is due first; of those due at once, the one that was set first.
    pub(super) fn first_due(&self) -> Option<(TimerId, Timer)> {
        let first = self.timers.iter().min_by_key(|(_, timer)| (timer.due, timer.started));
        first.map(|(id, timer)| (id.clone(), timer.clone()))
    }

    /// The events that accepted updates that are not done.
    pub(super) fn accepted(&self) -> BTreeMap<UpdateId, EventId> {
        let accepted = |(id, update): (&UpdateId, &Update)| match update {
            Update::Accepted(event) => Some((id.clone(), *event)),
            _ => None,
        };
        self.updates.iter().filter_map(accepted).collect()
    }
}

impl Asked {
    fn new(name: String, id: String, input: Option<Payloads>, asked: Timestamp) -> Self {
        let input = input.unwrap_or_default();
        Self { name, id, input, is_to_stop: false, runs: None, asked, attempt: 1, scheduled: asked }
    }
}

impl Which {
    /// What it is, for messages.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Activity(_) => "activity",
            Self::Child(_) => "child workflow",
            Self::Local(_) => "local activity",
        }
    }
}
