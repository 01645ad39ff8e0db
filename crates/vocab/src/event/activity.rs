//! Activities.

use perpetua_proto as proto;

use crate::{ActivityId, ActivityType, EventId, Failure, Identity, Opaque, Payloads, RetryState};

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
