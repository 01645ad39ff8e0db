//! What a workflow waits for.

use std::time::{Duration, SystemTime};

use perpetua_convert::Remote;
use perpetua_proto::{enums, workflow as wire};
use perpetua_vocab::{
    ActivityId, ActivityType, EventId, Failure, Identity, Malformed, Payload, Payloads, RunId, VisitPayloads,
    WorkflowId, WorkflowType, wire::optional_duration, wire::payloads,
};

use super::read::time;

/// An activity that a workflow waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingActivity {
    /// Its id in the run.
    pub id: ActivityId,
    /// Which activity.
    pub activity_type: ActivityType,
    /// How it is doing.
    pub state: PendingActivityState,
    /// Whether it is paused.
    pub paused: bool,
    /// The attempt that is running or comes next, from 1.
    pub attempt: u32,
    /// How many attempts there may be; 0 for no limit.
    pub maximum_attempts: u32,
    /// When this attempt was, or will be, given to workers.
    pub scheduled_time: Option<SystemTime>,
    /// When the last attempt was started.
    pub last_started_time: Option<SystemTime>,
    /// When it last reported.
    pub last_heartbeat_time: Option<SystemTime>,
    /// When the attempt that comes next is due, if it waits for that.
    pub next_attempt_time: Option<SystemTime>,
    /// The wait before the next attempt.
    pub current_retry_interval: Option<Duration>,
    /// When it is given up.
    pub expiration_time: Option<SystemTime>,
    /// What it last reported, codecs undone.
    pub heartbeat_details: Payloads,
    /// What the last attempt failed with.
    pub last_failure: Option<Remote>,
    /// Who ran the last attempt; empty if nobody did.
    pub last_worker: Identity,
}

/// How an activity is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PendingActivityState {
    /// It waits for a worker, or for its next attempt.
    Scheduled,
    /// A worker runs it.
    Started,
    /// A worker runs it and was, or will be, asked to stop.
    CancelRequested,
    /// It waits to be told to go on.
    Paused,
    /// A worker runs it; after that attempt it pauses.
    PauseRequested,
    /// A number this version does not know.
    Other(i32),
}

/// A child workflow that a workflow waits for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingChild {
    /// Its id.
    pub id: WorkflowId,
    /// Its run; empty before it has started.
    pub run_id: RunId,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The event of its parent that asked for it.
    pub initiated: Option<EventId>,
}

/// A workflow task that has not been answered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingWorkflowTask {
    /// Whether a worker has it.
    pub started: bool,
    /// From 1; more means that workers could not answer it before.
    pub attempt: u32,
    /// When this attempt was given to workers.
    pub scheduled_time: Option<SystemTime>,
    /// When the first attempt was given to workers.
    pub original_scheduled_time: Option<SystemTime>,
    /// When a worker took it.
    pub started_time: Option<SystemTime>,
}

/// A pending activity whose payloads codecs have yet to see.
pub(super) struct EncodedActivity {
    activity: PendingActivity,
    last_failure: Option<Failure>,
}

impl VisitPayloads for EncodedActivity {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.activity.heartbeat_details.visit_payloads(visit);
        self.last_failure.visit_payloads(visit);
    }
}

impl EncodedActivity {
    pub(super) fn read(wire: wire::PendingActivityInfo) -> Result<Self, Malformed> {
        let activity = PendingActivity {
            state: wire.state.into(),
            id: wire.activity_id.into(),
            activity_type: wire.activity_type.map(Into::into).unwrap_or_default(),
            paused: wire.paused,
            attempt: number("PendingActivityInfo.attempt", wire.attempt)?,
            maximum_attempts: number("PendingActivityInfo.maximum_attempts", wire.maximum_attempts)?,
            scheduled_time: time("PendingActivityInfo.scheduled_time", wire.scheduled_time)?,
            last_started_time: time("PendingActivityInfo.last_started_time", wire.last_started_time)?,
            last_heartbeat_time: time("PendingActivityInfo.last_heartbeat_time", wire.last_heartbeat_time)?,
            next_attempt_time: time("PendingActivityInfo.next_attempt_schedule_time", wire.next_attempt_schedule_time)?,
            current_retry_interval: optional_duration(
                "PendingActivityInfo.current_retry_interval",
                wire.current_retry_interval,
            )?,
            expiration_time: time("PendingActivityInfo.expiration_time", wire.expiration_time)?,
            heartbeat_details: wire.heartbeat_details.map(payloads).unwrap_or_default(),
            last_failure: None,
            last_worker: wire.last_worker_identity.into(),
        };
        Ok(Self { activity, last_failure: wire.last_failure.map(TryInto::try_into).transpose()? })
    }

    /// After the codecs.
    pub(super) fn finish(self, reveal: impl Fn(&mut Failure)) -> PendingActivity {
        let Self { mut activity, last_failure } = self;
        activity.last_failure = last_failure.map(|mut failure| {
            reveal(&mut failure);
            Remote::new(failure)
        });
        activity
    }
}

pub(super) fn child(wire: wire::PendingChildExecutionInfo) -> Result<PendingChild, Malformed> {
    let wire::PendingChildExecutionInfo {
        workflow_id,
        run_id,
        workflow_type_name,
        initiated_id,
        parent_close_policy: _,
    } = wire;
    Ok(PendingChild {
        id: workflow_id.into(),
        run_id: run_id.into(),
        workflow_type: workflow_type_name.into(),
        initiated: EventId::parse_optional("PendingChildExecutionInfo.initiated_id", initiated_id)?,
    })
}

pub(super) fn workflow_task(wire: wire::PendingWorkflowTaskInfo) -> Result<PendingWorkflowTask, Malformed> {
    let wire::PendingWorkflowTaskInfo { state, scheduled_time, original_scheduled_time, started_time, attempt } = wire;
    Ok(PendingWorkflowTask {
        started: state == i32::from(enums::PendingWorkflowTaskState::Started),
        attempt: number("PendingWorkflowTaskInfo.attempt", attempt)?,
        scheduled_time: time("PendingWorkflowTaskInfo.scheduled_time", scheduled_time)?,
        original_scheduled_time: time("PendingWorkflowTaskInfo.original_scheduled_time", original_scheduled_time)?,
        started_time: time("PendingWorkflowTaskInfo.started_time", started_time)?,
    })
}

fn number(field: &'static str, wire: i32) -> Result<u32, Malformed> {
    u32::try_from(wire).map_err(|_| Malformed::new(field, format!("is negative: {wire}")))
}

impl From<i32> for PendingActivityState {
    fn from(number: i32) -> Self {
        use enums::PendingActivityState as Wire;
        match Wire::try_from(number) {
            Ok(Wire::Scheduled) => Self::Scheduled,
            Ok(Wire::Started) => Self::Started,
            Ok(Wire::CancelRequested) => Self::CancelRequested,
            Ok(Wire::Paused) => Self::Paused,
            Ok(Wire::PauseRequested) => Self::PauseRequested,
            Ok(Wire::Unspecified) | Err(_) => Self::Other(number),
        }
    }
}
