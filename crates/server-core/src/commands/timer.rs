//! Timers.

use perpetua_proto::command::{CancelTimerCommandAttributes, StartTimerCommandAttributes};
use perpetua_proto::enums::{EventType, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, TimerCanceledEventAttributes, TimerStartedEventAttributes};
use perpetua_proto::sdk::UserMetadata;

use super::{Bad, Step, append};
use crate::limits;
use crate::run::Run;
use crate::run::state::TimerState;
use crate::time::{self, duration};
use crate::world::Cx;

pub(super) fn start(
    run: &mut Run,
    cx: &Cx<'_>,
    step: &Step,
    asked: StartTimerCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let bad = |message: String| Err(Bad::new(Cause::BadStartTimerAttributes, message));
    let StartTimerCommandAttributes { timer_id, start_to_fire_timeout } = asked;
    if timer_id.is_empty() {
        return bad("TimerId is not set on StartTimerCommand.".to_owned());
    }
    if timer_id.len() > limits::ID_LENGTH {
        let (length, limit) = (timer_id.len(), limits::ID_LENGTH);
        return bad(format!(
            "TimerId on StartTimerCommand exceeds length limit. TimerId={timer_id} Length={length} Limit={limit}"
        ));
    }
    if let Err(problem) = time::check(start_to_fire_timeout.as_ref()) {
        return bad(format!(
            "An invalid StartToFireTimeout is set on StartTimerCommand: {problem}. TimerId={timer_id}"
        ));
    }
    let after = duration(start_to_fire_timeout.as_ref()).unwrap_or_default();
    if run.state.timers.contains_key(&timer_id) {
        let message = format!("invalid history builder state for action: add-timer-started-event, TimerID: {timer_id}");
        return Err(Bad::new(Cause::StartTimerDuplicateId, message));
    }
    let attributes = TimerStartedEventAttributes {
        timer_id: timer_id.clone(),
        start_to_fire_timeout,
        workflow_task_completed_event_id: step.completed,
    };
    let attributes = Attributes::TimerStartedEventAttributes(Box::new(attributes));
    let started = append(run, cx, EventType::TimerStarted, attributes, metadata);
    run.state.timers.insert(timer_id, TimerState { started, due: cx.now.plus(after).nanos() });
    Ok(())
}

pub(super) fn cancel(run: &mut Run, cx: &Cx<'_>, step: &Step, asked: CancelTimerCommandAttributes) -> Result<(), Bad> {
    let timer_id = asked.timer_id;
    if timer_id.is_empty() {
        return Err(Bad::new(Cause::BadCancelTimerAttributes, "TimerId is not set on CancelTimerCommand."));
    }
    // A timer that has fired meanwhile has not fired: the worker was not told yet.
    let started = match run.state.timers.remove(&timer_id) {
        Some(timer) => Some(timer.started),
        None => take_buffered_firing(&mut run.state.buffered, &timer_id),
    };
    let Some(started_event_id) = started else {
        let message =
            format!("invalid history builder state for action: add-timer-canceled-event, TimerID: {timer_id}");
        return Err(Bad::new(Cause::BadCancelTimerAttributes, message));
    };
    let attributes = TimerCanceledEventAttributes {
        timer_id,
        started_event_id,
        workflow_task_completed_event_id: step.completed,
        identity: step.identity.clone(),
    };
    append(run, cx, EventType::TimerCanceled, Attributes::TimerCanceledEventAttributes(Box::new(attributes)), None);
    Ok(())
}

fn take_buffered_firing(buffered: &mut Vec<HistoryEvent>, timer_id: &str) -> Option<i64> {
    let fired = |event: &HistoryEvent| match &event.attributes {
        Some(Attributes::TimerFiredEventAttributes(it)) if it.timer_id == timer_id => Some(it.started_event_id),
        _ => None,
    };
    let at = buffered.iter().position(|event| fired(event).is_some())?;
    fired(&buffered.remove(at))
}
