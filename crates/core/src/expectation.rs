//! What the code asked for, and the event that history must have for it.

use std::fmt;
use std::time::Duration;

use perpetua_vocab::{ActivityId, ActivityType, Event, EventId, EventKind, TimerId, UpdateId};

use crate::Ticket;

/// One thing the code asked for, kept until history shows what became of it.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// An activity.
    StartActivity { ticket: Ticket, activity: ActivityId, activity_type: ActivityType },
    /// That an activity stops.
    CancelActivity { activity: ActivityId, scheduled: EventId },
    /// A timer.
    StartTimer { ticket: Ticket, timer: TimerId, after: Duration },
    /// That a timer is taken back.
    CancelTimer { ticket: Ticket, timer: TimerId },
    /// That an update is being done.
    AcceptUpdate { update: UpdateId },
    /// That an update is done.
    CompleteUpdate { update: UpdateId },
    /// The end with a result.
    Complete,
    /// The end with a failure.
    Fail,
    /// The end as canceled.
    Cancel,
    /// A new run.
    ContinueAsNew,
}

impl Expectation {
    /// Whether the event is the echo of this.
    pub(crate) fn is_echoed_by(&self, event: &Event) -> bool {
        match (self, &event.kind) {
            (Self::StartActivity { activity, activity_type, .. }, EventKind::ActivityScheduled(seen)) => {
                seen.activity == *activity && seen.activity_type == *activity_type
            }
            (Self::CancelActivity { scheduled, .. }, EventKind::ActivityCancelRequested { scheduled: seen, .. }) => {
                scheduled == seen
            }
            // How long a timer runs may be computed, and history decides: only which timer it is matters.
            (Self::StartTimer { timer, .. }, EventKind::TimerStarted(seen)) => *timer == seen.timer,
            (Self::CancelTimer { timer, .. }, EventKind::TimerCanceled { timer: seen, .. }) => timer == seen,
            (Self::AcceptUpdate { update }, EventKind::UpdateAccepted(seen)) => *update == seen.update,
            (Self::CompleteUpdate { update }, EventKind::UpdateCompleted(seen)) => *update == seen.update,
            (Self::Complete, EventKind::WorkflowCompleted(_))
            | (Self::Fail, EventKind::WorkflowFailed(_))
            | (Self::Cancel, EventKind::WorkflowCanceled { .. })
            | (Self::ContinueAsNew, EventKind::WorkflowContinuedAsNew(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartActivity { activity, activity_type, .. } => {
                write!(f, "start_activity  name={activity_type}  id={activity}")
            }
            Self::CancelActivity { activity, scheduled } => {
                write!(f, "cancel_activity  scheduled={scheduled}  id={activity}")
            }
            Self::StartTimer { timer, after, .. } => write!(f, "start_timer  after={after:?}  id={timer}"),
            Self::CancelTimer { timer, .. } => write!(f, "cancel_timer  id={timer}"),
            Self::AcceptUpdate { update } => write!(f, "accept_update  id={update}"),
            Self::CompleteUpdate { update } => write!(f, "complete_update  id={update}"),
            Self::Complete => f.write_str("complete_workflow"),
            Self::Fail => f.write_str("fail_workflow"),
            Self::Cancel => f.write_str("cancel_workflow"),
            Self::ContinueAsNew => f.write_str("continue_as_new"),
        }
    }
}

/// An event in the words of what asked for it.
pub(crate) fn in_words(event: &Event) -> String {
    match &event.kind {
        EventKind::ActivityScheduled(seen) => {
            format!("start_activity  name={}  id={}", seen.activity_type, seen.activity)
        }
        EventKind::ActivityCancelRequested { scheduled, .. } => format!("cancel_activity  scheduled={scheduled}"),
        EventKind::TimerStarted(seen) => format!("start_timer  after={:?}  id={}", seen.after, seen.timer),
        EventKind::TimerCanceled { timer, .. } => format!("cancel_timer  id={timer}"),
        EventKind::UpdateAccepted(seen) => format!("accept_update  id={}", seen.update),
        EventKind::UpdateCompleted(seen) => format!("complete_update  id={}", seen.update),
        EventKind::WorkflowCompleted(_) => "complete_workflow".to_owned(),
        EventKind::WorkflowFailed(_) => "fail_workflow".to_owned(),
        EventKind::WorkflowCanceled { .. } => "cancel_workflow".to_owned(),
        EventKind::WorkflowContinuedAsNew(_) => "continue_as_new".to_owned(),
        EventKind::Other(other) if other.name.is_empty() => {
            format!("an event of the unknown type {}", other.event_type)
        }
        kind => kind.name().to_owned(),
    }
}
