//! Activities.

use std::mem::take;

use perpetua_proto::history::{
    ActivityTaskCancelRequestedEventAttributes, ActivityTaskCanceledEventAttributes,
    ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes, ActivityTaskScheduledEventAttributes,
    ActivityTaskStartedEventAttributes, ActivityTaskTimedOutEventAttributes, history_event::Attributes,
};

use crate::{
    ActivityCanceled, ActivityClosed, ActivityFailed, ActivityScheduled, EventId, EventKind, Failure, Malformed,
    Opaque,
    wire::{
        payload::{encode_payloads, payloads},
        text::{activity_type, required},
    },
};

pub(super) fn scheduled(mut wire: Box<ActivityTaskScheduledEventAttributes>) -> Result<EventKind, Malformed> {
    let task_completed = take(&mut wire.workflow_task_completed_event_id);
    Ok(EventKind::ActivityScheduled(Box::new(ActivityScheduled {
        activity: required("ActivityTaskScheduled.activity_id", take(&mut wire.activity_id))?,
        activity_type: activity_type("ActivityTaskScheduled.activity_type", wire.activity_type.take())?,
        input: wire.input.take().map(payloads),
        task_completed: EventId::parse("ActivityTaskScheduled.workflow_task_completed_event_id", task_completed)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_scheduled(scheduled: ActivityScheduled) -> Attributes {
    let ActivityScheduled { activity, activity_type, input, task_completed, rest } = scheduled;
    let mut wire = rest.into_inner();
    wire.activity_id = activity.into_string();
    wire.activity_type = Some(activity_type.into());
    wire.input = input.map(encode_payloads);
    wire.workflow_task_completed_event_id = task_completed.to_wire();
    Attributes::ActivityTaskScheduledEventAttributes(wire)
}

pub(super) fn started(mut wire: Box<ActivityTaskStartedEventAttributes>) -> Result<EventKind, Malformed> {
    let scheduled = take(&mut wire.scheduled_event_id);
    Ok(EventKind::ActivityStarted {
        scheduled: EventId::parse("ActivityTaskStarted.scheduled_event_id", scheduled)?,
        rest: Opaque::new(wire),
    })
}

pub(super) fn encode_started(scheduled: EventId, rest: Opaque<ActivityTaskStartedEventAttributes>) -> Attributes {
    let mut wire = rest.into_inner();
    wire.scheduled_event_id = scheduled.to_wire();
    Attributes::ActivityTaskStartedEventAttributes(wire)
}

pub(super) fn completed(mut wire: Box<ActivityTaskCompletedEventAttributes>) -> Result<EventKind, Malformed> {
    let scheduled = take(&mut wire.scheduled_event_id);
    let started = take(&mut wire.started_event_id);
    Ok(EventKind::ActivityCompleted(Box::new(ActivityClosed {
        result: wire.result.take().map(payloads),
        scheduled: EventId::parse("ActivityTaskCompleted.scheduled_event_id", scheduled)?,
        started: EventId::parse_optional("ActivityTaskCompleted.started_event_id", started)?,
        identity: take(&mut wire.identity).into(),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_completed(closed: ActivityClosed) -> Attributes {
    let ActivityClosed { result, scheduled, started, identity, rest } = closed;
    let mut wire = rest.into_inner();
    wire.result = result.map(encode_payloads);
    wire.scheduled_event_id = scheduled.to_wire();
    wire.started_event_id = EventId::optional_to_wire(started);
    wire.identity = identity.into_string();
    Attributes::ActivityTaskCompletedEventAttributes(wire)
}

pub(super) fn failed(mut wire: Box<ActivityTaskFailedEventAttributes>) -> Result<EventKind, Malformed> {
    let scheduled = take(&mut wire.scheduled_event_id);
    let started = take(&mut wire.started_event_id);
    Ok(EventKind::ActivityFailed(Box::new(ActivityFailed {
        failure: wire.failure.take().map(Failure::try_from).transpose()?,
        scheduled: EventId::parse("ActivityTaskFailed.scheduled_event_id", scheduled)?,
        started: EventId::parse_optional("ActivityTaskFailed.started_event_id", started)?,
        identity: take(&mut wire.identity).into(),
        retry_state: take(&mut wire.retry_state).into(),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_failed(failed: ActivityFailed) -> Attributes {
    let ActivityFailed { failure, scheduled, started, identity, retry_state, rest } = failed;
    let mut wire = rest.into_inner();
    wire.failure = failure.map(Into::into);
    wire.scheduled_event_id = scheduled.to_wire();
    wire.started_event_id = EventId::optional_to_wire(started);
    wire.identity = identity.into_string();
    wire.retry_state = retry_state.into();
    Attributes::ActivityTaskFailedEventAttributes(wire)
}

pub(super) fn timed_out(wire: ActivityTaskTimedOutEventAttributes) -> Result<EventKind, Malformed> {
    let ActivityTaskTimedOutEventAttributes { failure, scheduled_event_id, started_event_id, retry_state } = wire;
    Ok(EventKind::ActivityTimedOut(Box::new(ActivityFailed {
        failure: failure.map(Failure::try_from).transpose()?,
        scheduled: EventId::parse("ActivityTaskTimedOut.scheduled_event_id", scheduled_event_id)?,
        started: EventId::parse_optional("ActivityTaskTimedOut.started_event_id", started_event_id)?,
        identity: Default::default(),
        retry_state: retry_state.into(),
        rest: Opaque::default(),
    })))
}

pub(super) fn encode_timed_out(timed_out: ActivityFailed) -> Attributes {
    // Nobody ran into the deadline, so there is no identity, and there is no rest.
    let ActivityFailed { failure, scheduled, started, identity: _, retry_state, rest: _ } = timed_out;
    Attributes::ActivityTaskTimedOutEventAttributes(Box::new(ActivityTaskTimedOutEventAttributes {
        failure: failure.map(Into::into),
        scheduled_event_id: scheduled.to_wire(),
        started_event_id: EventId::optional_to_wire(started),
        retry_state: retry_state.into(),
    }))
}

pub(super) fn cancel_requested(wire: ActivityTaskCancelRequestedEventAttributes) -> Result<EventKind, Malformed> {
    let ActivityTaskCancelRequestedEventAttributes { scheduled_event_id, workflow_task_completed_event_id } = wire;
    let task_completed = "ActivityTaskCancelRequested.workflow_task_completed_event_id";
    Ok(EventKind::ActivityCancelRequested {
        scheduled: EventId::parse("ActivityTaskCancelRequested.scheduled_event_id", scheduled_event_id)?,
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
    })
}

pub(super) fn encode_cancel_requested(scheduled: EventId, task_completed: EventId) -> Attributes {
    Attributes::ActivityTaskCancelRequestedEventAttributes(Box::new(ActivityTaskCancelRequestedEventAttributes {
        scheduled_event_id: scheduled.to_wire(),
        workflow_task_completed_event_id: task_completed.to_wire(),
    }))
}

pub(super) fn canceled(mut wire: Box<ActivityTaskCanceledEventAttributes>) -> Result<EventKind, Malformed> {
    let scheduled = take(&mut wire.scheduled_event_id);
    let started = take(&mut wire.started_event_id);
    Ok(EventKind::ActivityCanceled(Box::new(ActivityCanceled {
        details: wire.details.take().map(payloads),
        scheduled: EventId::parse("ActivityTaskCanceled.scheduled_event_id", scheduled)?,
        started: EventId::parse_optional("ActivityTaskCanceled.started_event_id", started)?,
        identity: take(&mut wire.identity).into(),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_canceled(canceled: ActivityCanceled) -> Attributes {
    let ActivityCanceled { details, scheduled, started, identity, rest } = canceled;
    let mut wire = rest.into_inner();
    wire.details = details.map(encode_payloads);
    wire.scheduled_event_id = scheduled.to_wire();
    wire.started_event_id = EventId::optional_to_wire(started);
    wire.identity = identity.into_string();
    Attributes::ActivityTaskCanceledEventAttributes(wire)
}
