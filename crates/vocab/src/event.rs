//! Events: what a history says has happened.

use std::time::Duration;

use perpetua_proto as proto;

use crate::{
    ActivityId, ActivityType, EventId, Failure, Fields, Header, Identity, MessageId, Opaque, Outcome, Payloads,
    RetryPolicy, RetryState, RunId, SignalName, TaskQueue, TimerId, Timestamp, UpdateId, UpdateRequest, WorkflowId,
    WorkflowTaskFailedCause, WorkflowType,
};

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

    /// Anything else, whole.
    Other(Box<OtherEvent>),
}

/// The run began: what it is and what it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowStarted {
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The queue its tasks go to.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// The first run of the chain made by retries, cron and continue-as-new.
    pub first_run: RunId,
    /// The run id this run was created with; differs from its own id after a reset. Randomness is seeded with it.
    pub original_run: RunId,
    /// The run before it in the chain.
    pub continued_run: Option<RunId>,
    /// Which attempt this run is, from 1.
    pub attempt: u32,
    /// The longest this and all following runs may take.
    pub execution_timeout: Option<Duration>,
    /// The longest this run may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// How failures of the run are tried again.
    pub retry_policy: Option<RetryPolicy>,
    /// The cron expression; empty for none.
    pub cron_schedule: String,
    /// The failure of the run before it.
    pub continued_failure: Option<Box<Failure>>,
    /// The result of the last run that had one.
    pub last_completion_result: Option<Payloads>,
    /// Unindexed values given at start.
    pub memo: Option<Fields>,
    /// Indexed values given at start.
    pub search_attributes: Option<Fields>,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// Who started it.
    pub identity: Identity,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionStartedEventAttributes>,
}

/// The run ended with a result.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowClosed {
    /// The value it returned.
    pub result: Option<Payloads>,
    /// The task that decided so.
    pub task_completed: EventId,
    /// The run that follows, by cron.
    pub new_run: Option<RunId>,
}

/// The run ended with a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowFailed {
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Why it is not tried again.
    pub retry_state: RetryState,
    /// The task that decided so.
    pub task_completed: EventId,
    /// The run that follows, by retry or cron.
    pub new_run: Option<RunId>,
}

/// The run ended and a new one of the same workflow began.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowContinuedAsNew {
    /// The run that follows.
    pub new_run: RunId,
    /// What it runs.
    pub workflow_type: WorkflowType,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// The task that decided so; none where a server's own retry wrote the event.
    pub task_completed: Option<EventId>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionContinuedAsNewEventAttributes>,
}

/// Somebody asked the run to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowCancelRequested {
    /// Why, in words.
    pub reason: String,
    /// Who asked.
    pub identity: Identity,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionCancelRequestedEventAttributes>,
}

/// A signal arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Signaled {
    /// Which signal.
    pub name: SignalName,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Who sent it.
    pub identity: Identity,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionSignaledEventAttributes>,
}

/// A worker took the workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskStarted {
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// Whether the server would like the workflow to continue as new.
    pub suggest_continue_as_new: bool,
    /// The size of the history so far, in bytes.
    pub history_size: u64,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowTaskStartedEventAttributes>,
}

/// A worker answered the workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskCompleted {
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// The event that started it; some servers leave it out.
    pub started: Option<EventId>,
    /// Flags of the core SDK that this answer relied on.
    pub core_flags: Vec<u32>,
    /// Flags of the language SDK that this answer relied on.
    pub language_flags: Vec<u32>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowTaskCompletedEventAttributes>,
}

/// A worker could not answer the workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskFailed {
    /// Why.
    pub cause: WorkflowTaskFailedCause,
    /// What the worker said about it.
    pub failure: Option<Failure>,
    /// After a reset: the id of the new run, which replaces the seed of randomness.
    pub new_run: Option<RunId>,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowTaskFailedEventAttributes>,
}

/// The workflow asked for an activity.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityScheduled {
    /// Its id.
    pub activity: ActivityId,
    /// Which activity.
    pub activity_type: ActivityType,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// The task that asked.
    pub task_completed: EventId,
    /// The rest: queue, timeouts, retry policy, header, priority.
    pub rest: Opaque<proto::history::ActivityTaskScheduledEventAttributes>,
}

/// The activity returned a value.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityClosed {
    /// The value.
    pub result: Option<Payloads>,
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// The event that started it.
    pub started: Option<EventId>,
    /// Who ran it.
    pub identity: Identity,
    /// The rest.
    pub rest: Opaque<proto::history::ActivityTaskCompletedEventAttributes>,
}

/// The activity failed or timed out, for good.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityFailed {
    /// What went wrong.
    pub failure: Option<Failure>,
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// The event that started it.
    pub started: Option<EventId>,
    /// Who ran it; empty where a deadline passed.
    pub identity: Identity,
    /// Why it is not tried again.
    pub retry_state: RetryState,
    /// The rest; of a timeout, nothing.
    pub rest: Opaque<proto::history::ActivityTaskFailedEventAttributes>,
}

/// The activity stopped because it was asked to.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityCanceled {
    /// What it left.
    pub details: Option<Payloads>,
    /// The event that scheduled it.
    pub scheduled: EventId,
    /// The event that started it; none if it never ran.
    pub started: Option<EventId>,
    /// Who ran it.
    pub identity: Identity,
    /// The rest.
    pub rest: Opaque<proto::history::ActivityTaskCanceledEventAttributes>,
}

/// The workflow set a timer.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerStarted {
    /// Its id.
    pub timer: TimerId,
    /// When it is due, counted from the event.
    pub after: Duration,
    /// The task that set it.
    pub task_completed: EventId,
}

/// An update was taken in before any worker saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAdmitted {
    /// The request.
    pub request: UpdateRequest,
    /// The rest.
    pub rest: Opaque<proto::history::WorkflowExecutionUpdateAdmittedEventAttributes>,
}

/// The workflow accepted an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAccepted {
    /// The protocol's instance, which is the update's id.
    pub update: UpdateId,
    /// The message that carried the request.
    pub message: MessageId,
    /// The event after which the request takes its place.
    pub sequencing: Option<EventId>,
    /// The request; none if it was admitted in an event of its own.
    pub request: Option<UpdateRequest>,
}

/// The workflow answered an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateCompleted {
    /// Which update.
    pub update: UpdateId,
    /// Who asked for it.
    pub identity: Identity,
    /// The event that accepted it.
    pub accepted: Option<EventId>,
    /// The answer.
    pub outcome: Option<Outcome>,
}

/// The workflow refused an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRejected {
    /// The protocol's instance, which is the update's id.
    pub update: UpdateId,
    /// Everything, as it came.
    pub rest: Opaque<proto::history::WorkflowExecutionUpdateRejectedEventAttributes>,
}

/// An event that this version has no words for. It is kept whole.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherEvent {
    /// Its number in `temporal.api.enums.v1.EventType`.
    pub event_type: i32,
    /// Its name there, in the protocol's spelling without the prefix; empty if the number is unknown.
    pub name: String,
    /// Its attributes, whole.
    pub attributes: Opaque<Option<proto::history::history_event::Attributes>>,
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
            | K::UpdateRejected(_) => true,
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
            Self::Other(other) => &other.name,
        }
    }
}
