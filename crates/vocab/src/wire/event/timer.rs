//! Timers.

use perpetua_proto::history::{
    TimerCanceledEventAttributes, TimerFiredEventAttributes, TimerStartedEventAttributes, history_event::Attributes,
};

use crate::{
    EventId, EventKind, Identity, Malformed, TimerId, TimerStarted,
    wire::{
        text::required,
        time::{encode_duration, required_duration},
    },
};

pub(super) fn started(wire: TimerStartedEventAttributes) -> Result<EventKind, Malformed> {
    let TimerStartedEventAttributes { timer_id, start_to_fire_timeout, workflow_task_completed_event_id } = wire;
    let task_completed = "TimerStarted.workflow_task_completed_event_id";
    Ok(EventKind::TimerStarted(TimerStarted {
        timer: required("TimerStarted.timer_id", timer_id)?,
        after: required_duration("TimerStarted.start_to_fire_timeout", start_to_fire_timeout)?,
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
    }))
}

pub(super) fn encode_started(started: TimerStarted) -> Attributes {
    let TimerStarted { timer, after, task_completed } = started;
    Attributes::TimerStartedEventAttributes(Box::new(TimerStartedEventAttributes {
        timer_id: timer.into_string(),
        start_to_fire_timeout: Some(encode_duration(after)),
        workflow_task_completed_event_id: task_completed.to_wire(),
    }))
}

pub(super) fn fired(wire: TimerFiredEventAttributes) -> Result<EventKind, Malformed> {
    let TimerFiredEventAttributes { timer_id, started_event_id } = wire;
    Ok(EventKind::TimerFired {
        timer: required("TimerFired.timer_id", timer_id)?,
        started: EventId::parse("TimerFired.started_event_id", started_event_id)?,
    })
}

pub(super) fn encode_fired(timer: TimerId, started: EventId) -> Attributes {
    Attributes::TimerFiredEventAttributes(Box::new(TimerFiredEventAttributes {
        timer_id: timer.into_string(),
        started_event_id: started.to_wire(),
    }))
}

pub(super) fn canceled(wire: TimerCanceledEventAttributes) -> Result<EventKind, Malformed> {
    let TimerCanceledEventAttributes { timer_id, started_event_id, workflow_task_completed_event_id, identity } = wire;
    let task_completed = "TimerCanceled.workflow_task_completed_event_id";
    Ok(EventKind::TimerCanceled {
        timer: required("TimerCanceled.timer_id", timer_id)?,
        started: EventId::parse("TimerCanceled.started_event_id", started_event_id)?,
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
        identity: identity.into(),
    })
}

pub(super) fn encode_canceled(
    timer: TimerId,
    started: EventId,
    task_completed: EventId,
    identity: Identity,
) -> Attributes {
    Attributes::TimerCanceledEventAttributes(Box::new(TimerCanceledEventAttributes {
        timer_id: timer.into_string(),
        started_event_id: started.to_wire(),
        workflow_task_completed_event_id: task_completed.to_wire(),
        identity: identity.into_string(),
    }))
}
