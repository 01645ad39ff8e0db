//! Events: what a history says has happened.

mod activity;
mod child_workflow;
mod external_workflow;
mod note;
mod task;
mod timer;
mod update;
mod workflow;

use perpetua_proto as proto;

pub use self::{
    activity::{ActivityCanceled, ActivityClosed, ActivityFailed, ActivityScheduled},
    child_workflow::{
        ChildWorkflow, ChildWorkflowCanceled, ChildWorkflowCompleted, ChildWorkflowFailed, ChildWorkflowStarted,
        ChildWorkflowTerminated, ChildWorkflowTimedOut, StartChildWorkflowFailed, StartChildWorkflowInitiated,
    },
    external_workflow::{
        ExternalWorkflowCancelRequested, ExternalWorkflowSignaled, RequestCancelExternalWorkflowFailed,
        RequestCancelExternalWorkflowInitiated, SignalExternalWorkflowFailed, SignalExternalWorkflowInitiated,
    },
    note::{MarkerRecorded, PropertiesModified, SearchAttributesUpserted},
    task::{WorkerDeploymentVersion, WorkflowTaskCompleted, WorkflowTaskFailed, WorkflowTaskStarted},
    timer::TimerStarted,
    update::{UpdateAccepted, UpdateAdmitted, UpdateCompleted, UpdateRejected},
    workflow::{
        ParentWorkflow, Signaled, WorkflowCancelRequested, WorkflowClosed, WorkflowContinuedAsNew, WorkflowFailed,
        WorkflowStarted,
    },
};
use crate::{EventId, Failure, Identity, Opaque, Outcome, Payloads, RetryState, RunId, TimerId, Timestamp};

/// One entry of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number; dense from 1.
    pub id: EventId,
    /// When the server wrote it.
    pub time: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Whether an SDK that does not know the event may pass over it.
    pub worker_may_ignore: bool,
    /// The version of the namespace that wrote it; 0 where there is only one cluster.
    pub version: i64,
    /// The server's own number for it.
    pub task_id: i64,
    /// The rarely present rest: user metadata, links, principal, group markers.
    pub extra: Option<EventExtra>,
}

/// The rarely present parts of an event, which nobody decides on.
pub type EventExtra = Opaque<proto::history::HistoryEvent>;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// The run began.
    WorkflowStarted(Box<WorkflowStarted>),
    /// The run ended with a result.
    WorkflowCompleted(Box<WorkflowClosed>),
    /// The run ended with a failure.
    WorkflowFailed(Box<WorkflowFailed>),
    /// The run took longer than it was given.
    WorkflowTimedOut {
        /// Why it is not tried again.
        retry_state: RetryState,
        /// The run that follows, by retry or cron.
        new_run: Option<RunId>,
    },
    /// The run ended because it was asked to.
    WorkflowCanceled {
        /// The task that decided so.
        task_completed: EventId,
        /// What it left.
        details: Option<Payloads>,
    },
    /// The run was ended from outside.
    WorkflowTerminated {
        /// Why.
        reason: String,
        /// More about why.
        details: Option<Payloads>,
        /// By whom.
        identity: Identity,
    },
    /// The run ended and a new one of the same workflow began.
    WorkflowContinuedAsNew(Box<WorkflowContinuedAsNew>),
    /// Somebody asked the run to stop.
    WorkflowCancelRequested(Box<WorkflowCancelRequested>),
    /// A signal arrived.
    Signaled(Box<Signaled>),

    /// A workflow task waits for a worker.
    WorkflowTaskScheduled(Opaque<proto::history::WorkflowTaskScheduledEventAttributes>),
    /// A worker took the workflow task.
    WorkflowTaskStarted(Box<WorkflowTaskStarted>),
    /// A worker answered the workflow task; the events that follow carry this one's id.
    WorkflowTaskCompleted(Box<WorkflowTaskCompleted>),
    /// A worker could not answer the workflow task; nothing came of it.
    WorkflowTaskFailed(Box<WorkflowTaskFailed>),
    /// No answer came in time; nothing came of the workflow task.
    WorkflowTaskTimedOut(Opaque<proto::history::WorkflowTaskTimedOutEventAttributes>),

    /// The workflow asked for an activity.
    ActivityScheduled(Box<ActivityScheduled>),
    /// A worker took the activity; written only when the activity closes.
    ActivityStarted {
        /// The event that scheduled it.
        scheduled: EventId,
        /// The rest.
        rest: Opaque<proto::history::ActivityTaskStartedEventAttributes>,
    },
    /// The activity returned a value.
    ActivityCompleted(Box<ActivityClosed>),
    /// The activity failed and is not tried again.
    ActivityFailed(Box<ActivityFailed>),
    /// The activity took too long and is not tried again.
    ActivityTimedOut(Box<ActivityFailed>),
    /// The workflow asked the activity to stop.
    ActivityCancelRequested {
        /// The event that scheduled the activity.
        scheduled: EventId,
        /// The task that asked.
        task_completed: EventId,
    },
    /// The activity stopped because it was asked to.
    ActivityCanceled(Box<ActivityCanceled>),

    /// The workflow set a timer.
    TimerStarted(TimerStarted),
    /// The timer is due.
    TimerFired {
        /// Which timer.
        timer: TimerId,
        /// The event that set it.
        started: EventId,
    },
    /// The workflow took the timer back.
    TimerCanceled {
        /// Which timer.
        timer: TimerId,
        /// The event that set it.
        started: EventId,
        /// The task that took it back.
        task_completed: EventId,
        /// Who did.
        identity: Identity,
    },

    /// An update was taken in before any worker saw it; happens on reset.
    UpdateAdmitted(Box<UpdateAdmitted>),
    /// The workflow accepted an update.
    UpdateAccepted(Box<UpdateAccepted>),
    /// The workflow answered an update.
    UpdateCompleted(Box<UpdateCompleted>),
    /// The workflow refused an update; servers of today do not write it.
    UpdateRejected(Box<UpdateRejected>),

    /// The workflow asked for a child.
    StartChildWorkflowInitiated(Box<StartChildWorkflowInitiated>),
    /// The child could not be started.
    StartChildWorkflowFailed(Box<StartChildWorkflowFailed>),
    /// The child runs.
    ChildWorkflowStarted(Box<ChildWorkflowStarted>),
    /// The child ended with a result.
    ChildWorkflowCompleted(Box<ChildWorkflowCompleted>),
    /// The child ended with a failure and is not tried again.
    ChildWorkflowFailed(Box<ChildWorkflowFailed>),
    /// The child ended because it was asked to.
    ChildWorkflowCanceled(Box<ChildWorkflowCanceled>),
    /// The child took longer than it was given and is not tried again.
    ChildWorkflowTimedOut(Box<ChildWorkflowTimedOut>),
    /// The child was ended from outside.
    ChildWorkflowTerminated(Box<ChildWorkflowTerminated>),

    /// The workflow asked for a signal to another one.
    SignalExternalWorkflowInitiated(Box<SignalExternalWorkflowInitiated>),
    /// The signal did not reach the other workflow.
    SignalExternalWorkflowFailed(Box<SignalExternalWorkflowFailed>),
    /// The signal reached the other workflow.
    ExternalWorkflowSignaled(Box<ExternalWorkflowSignaled>),
    /// The workflow asked another one to stop.
    RequestCancelExternalWorkflowInitiated(Box<RequestCancelExternalWorkflowInitiated>),
    /// The request to stop did not reach the other workflow.
    RequestCancelExternalWorkflowFailed(Box<RequestCancelExternalWorkflowFailed>),
    /// The request to stop reached the other workflow.
    ExternalWorkflowCancelRequested(Box<ExternalWorkflowCancelRequested>),

    /// The workflow left a marker.
    MarkerRecorded(Box<MarkerRecorded>),
    /// The workflow changed its search attributes.
    SearchAttributesUpserted(Box<SearchAttributesUpserted>),
    /// The workflow changed its properties, of which there is one: the memo.
    PropertiesModified(Box<PropertiesModified>),

    /// Anything else, whole.
    Other(Box<OtherEvent>),
}

/// An event that this version has no words for. It is kept whole.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherEvent {
    /// Its number in `temporal.api.enums.v1.EventType`.
    pub event_type: i32,
    /// Its name there, in the protocol's spelling without the prefix; empty if the number is unknown.
    pub name: String,
    /// Its attributes, whole, in an event that has nothing else.
    pub attributes: EventExtra,
    /// For events that a command produces: the task that sent it.
    pub task_completed: Option<EventId>,
}

impl Event {
    /// The workflow task whose answer produced this event, if a command or an answer to an update did.
    ///
    /// A fact of the protocol's definition: each command has exactly one event that echoes it.
    pub fn answers_task(&self) -> bool {
        use EventKind as K;
        match &self.kind {
            K::WorkflowCompleted(_)
            | K::WorkflowFailed(_)
            | K::WorkflowCanceled { .. }
            | K::ActivityScheduled(_)
            | K::ActivityCancelRequested { .. }
            | K::TimerStarted(_)
            | K::TimerCanceled { .. }
            | K::UpdateAccepted(_)
            | K::UpdateCompleted(_)
            | K::UpdateRejected(_)
            | K::StartChildWorkflowInitiated(_)
            | K::SignalExternalWorkflowInitiated(_)
            | K::RequestCancelExternalWorkflowInitiated(_)
            | K::MarkerRecorded(_)
            | K::SearchAttributesUpserted(_)
            | K::PropertiesModified(_) => true,
            K::WorkflowContinuedAsNew(continued) => continued.task_completed.is_some(),
            K::Other(other) => other.task_completed.is_some(),
            _ => false,
        }
    }

    /// Whether the run is over with this event.
    pub fn closes_workflow(&self) -> bool {
        use EventKind as K;
        matches!(
            self.kind,
            K::WorkflowCompleted(_)
                | K::WorkflowFailed(_)
                | K::WorkflowTimedOut { .. }
                | K::WorkflowCanceled { .. }
                | K::WorkflowTerminated { .. }
                | K::WorkflowContinuedAsNew(_)
        )
    }
}

impl EventKind {
    /// The failure in it, if it has one.
    pub fn failure_mut(&mut self) -> Option<&mut Failure> {
        match self {
            Self::WorkflowStarted(started) => started.continued_failure.as_deref_mut(),
            Self::WorkflowFailed(failed) => failed.failure.as_mut(),
            Self::WorkflowTaskFailed(failed) => failed.failure.as_mut(),
            Self::ActivityFailed(failed) | Self::ActivityTimedOut(failed) => failed.failure.as_mut(),
            Self::ChildWorkflowFailed(failed) => failed.failure.as_mut(),
            Self::MarkerRecorded(marker) => marker.failure.as_deref_mut(),
            Self::UpdateCompleted(completed) => match &mut completed.outcome {
                Some(Outcome::Failure(failure)) => Some(failure),
                _ => None,
            },
            _ => None,
        }
    }

    /// What histories call it, in the field's usual spelling.
    pub fn name(&self) -> &str {
        match self {
            Self::WorkflowStarted(_) => "WorkflowExecutionStarted",
            Self::WorkflowCompleted(_) => "WorkflowExecutionCompleted",
            Self::WorkflowFailed(_) => "WorkflowExecutionFailed",
            Self::WorkflowTimedOut { .. } => "WorkflowExecutionTimedOut",
            Self::WorkflowCanceled { .. } => "WorkflowExecutionCanceled",
            Self::WorkflowTerminated { .. } => "WorkflowExecutionTerminated",
            Self::WorkflowContinuedAsNew(_) => "WorkflowExecutionContinuedAsNew",
            Self::WorkflowCancelRequested(_) => "WorkflowExecutionCancelRequested",
            Self::Signaled(_) => "WorkflowExecutionSignaled",
            Self::WorkflowTaskScheduled(_) => "WorkflowTaskScheduled",
            Self::WorkflowTaskStarted(_) => "WorkflowTaskStarted",
            Self::WorkflowTaskCompleted(_) => "WorkflowTaskCompleted",
            Self::WorkflowTaskFailed(_) => "WorkflowTaskFailed",
            Self::WorkflowTaskTimedOut(_) => "WorkflowTaskTimedOut",
            Self::ActivityScheduled(_) => "ActivityTaskScheduled",
            Self::ActivityStarted { .. } => "ActivityTaskStarted",
            Self::ActivityCompleted(_) => "ActivityTaskCompleted",
            Self::ActivityFailed(_) => "ActivityTaskFailed",
            Self::ActivityTimedOut(_) => "ActivityTaskTimedOut",
            Self::ActivityCancelRequested { .. } => "ActivityTaskCancelRequested",
            Self::ActivityCanceled(_) => "ActivityTaskCanceled",
            Self::TimerStarted(_) => "TimerStarted",
            Self::TimerFired { .. } => "TimerFired",
            Self::TimerCanceled { .. } => "TimerCanceled",
            Self::UpdateAdmitted(_) => "WorkflowExecutionUpdateAdmitted",
            Self::UpdateAccepted(_) => "WorkflowExecutionUpdateAccepted",
            Self::UpdateCompleted(_) => "WorkflowExecutionUpdateCompleted",
            Self::UpdateRejected(_) => "WorkflowExecutionUpdateRejected",
            Self::StartChildWorkflowInitiated(_) => "StartChildWorkflowExecutionInitiated",
            Self::StartChildWorkflowFailed(_) => "StartChildWorkflowExecutionFailed",
            Self::ChildWorkflowStarted(_) => "ChildWorkflowExecutionStarted",
            Self::ChildWorkflowCompleted(_) => "ChildWorkflowExecutionCompleted",
            Self::ChildWorkflowFailed(_) => "ChildWorkflowExecutionFailed",
            Self::ChildWorkflowCanceled(_) => "ChildWorkflowExecutionCanceled",
            Self::ChildWorkflowTimedOut(_) => "ChildWorkflowExecutionTimedOut",
            Self::ChildWorkflowTerminated(_) => "ChildWorkflowExecutionTerminated",
            Self::SignalExternalWorkflowInitiated(_) => "SignalExternalWorkflowExecutionInitiated",
            Self::SignalExternalWorkflowFailed(_) => "SignalExternalWorkflowExecutionFailed",
            Self::ExternalWorkflowSignaled(_) => "ExternalWorkflowExecutionSignaled",
            Self::RequestCancelExternalWorkflowInitiated(_) => "RequestCancelExternalWorkflowExecutionInitiated",
            Self::RequestCancelExternalWorkflowFailed(_) => "RequestCancelExternalWorkflowExecutionFailed",
            Self::ExternalWorkflowCancelRequested(_) => "ExternalWorkflowExecutionCancelRequested",
            Self::MarkerRecorded(_) => "MarkerRecorded",
            Self::SearchAttributesUpserted(_) => "UpsertWorkflowSearchAttributes",
            Self::PropertiesModified(_) => "WorkflowPropertiesModified",
            Self::Other(other) => &other.name,
        }
    }
}
