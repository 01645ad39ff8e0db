//! Activities.

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::command::{RequestCancelActivityTaskCommandAttributes, ScheduleActivityTaskCommandAttributes};
use perpetua_proto::enums::{EventType, TaskQueueKind, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    ActivityTaskCancelRequestedEventAttributes, ActivityTaskScheduledEventAttributes, HistoryEvent,
};
use perpetua_proto::sdk::UserMetadata;

use super::{Bad, Step, append};
use crate::attempt::Attempt;
use crate::attempt::options;
use crate::run::Run;
use crate::run::state::ActivityState;
use crate::time::duration;
use crate::world::Cx;

pub(super) fn schedule(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &mut Step,
    asked: ScheduleActivityTaskCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let eager = asked.request_eager_execution;
    let attributes =
        check(run, step, asked).map_err(|message| Bad::new(Cause::BadScheduleActivityAttributes, message))?;
    if run.activity_of_id(&attributes.activity_id).is_some() {
        let id = &attributes.activity_id;
        let message =
            format!("invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: {id}");
        return Err(Bad::new(Cause::ScheduleActivityDuplicateId, message));
    }
    if run.state.activities.len() >= cx.settings.pending_activities {
        let message =
            format!("the number of pending activities has reached the limit of {}", cx.settings.pending_activities);
        return Err(Bad::new(Cause::PendingActivitiesLimitExceeded, message));
    }
    let state = ActivityState {
        activity_id: attributes.activity_id.clone(),
        attempt: Attempt::first(cx.now, None),
        ..ActivityState::default()
    };
    let attributes = Attributes::ActivityTaskScheduledEventAttributes(Box::new(attributes));
    let scheduled = append(run, cx, EventType::ActivityTaskScheduled, attributes, metadata);
    run.state.activities.insert(scheduled, state);
    if eager {
        step.eager.push(scheduled);
    } else {
        run.offer_activity(cx, scheduled);
    }
    Ok(())
}

/// What the event will say, if there is nothing wrong with it.
fn check(
    run: &Run,
    step: &Step,
    asked: ScheduleActivityTaskCommandAttributes,
) -> Result<ActivityTaskScheduledEventAttributes, String> {
    let name = asked.activity_type.as_ref().map_or("", |kind| &kind.name);
    let mut options = ActivityOptions {
        task_queue: asked.task_queue,
        schedule_to_close_timeout: asked.schedule_to_close_timeout,
        schedule_to_start_timeout: asked.schedule_to_start_timeout,
        start_to_close_timeout: asked.start_to_close_timeout,
        heartbeat_timeout: asked.heartbeat_timeout,
        retry_policy: asked.retry_policy,
        priority: asked.priority,
        start_delay: None,
    };
    options::check(&asked.activity_id, name, &mut options, duration(run.started().workflow_run_timeout.as_ref()))?;
    if let Some(queue) = options.task_queue.as_mut().filter(|queue| queue.kind == 0) {
        queue.kind = TaskQueueKind::Normal.into();
    }
    let limit = |limit: Option<perpetua_proto::protobuf::Duration>| Some(limit.unwrap_or_default());
    Ok(ActivityTaskScheduledEventAttributes {
        activity_id: asked.activity_id,
        activity_type: asked.activity_type,
        task_queue: options.task_queue,
        header: asked.header,
        input: asked.input,
        schedule_to_close_timeout: limit(options.schedule_to_close_timeout),
        schedule_to_start_timeout: limit(options.schedule_to_start_timeout),
        start_to_close_timeout: limit(options.start_to_close_timeout),
        heartbeat_timeout: limit(options.heartbeat_timeout),
        workflow_task_completed_event_id: step.completed,
        retry_policy: options.retry_policy,
        priority: options.priority,
        ..ActivityTaskScheduledEventAttributes::default()
    })
}

pub(super) fn cancel(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &mut Step,
    asked: &RequestCancelActivityTaskCommandAttributes,
) -> Result<(), Bad> {
    let scheduled_event_id = asked.scheduled_event_id;
    let bad = |message: String| Err(Bad::new(Cause::BadRequestCancelActivityAttributes, message));
    if scheduled_event_id <= 0 {
        return bad("ScheduledEventId is not set on RequestCancelActivityTaskCommand.".to_owned());
    }
    // One that has ended while this answer was made is known still: its end is held back.
    let is_requested = |activity: &ActivityState| activity.cancel_requested != 0;
    let is_wanted = match run.state.activities.get(&scheduled_event_id) {
        Some(activity) => !is_requested(activity),
        None => run.state.buffered.iter().any(|event| ends(event, scheduled_event_id)),
    };
    if !is_wanted {
        return bad(format!(
            "invalid history builder state for action: add-activitytask-cancel-requested-event, \
             ScheduledEventID: {scheduled_event_id}"
        ));
    }
    let attributes = ActivityTaskCancelRequestedEventAttributes {
        scheduled_event_id,
        workflow_task_completed_event_id: step.completed,
    };
    let attributes = Attributes::ActivityTaskCancelRequestedEventAttributes(Box::new(attributes));
    let requested = append(run, cx, EventType::ActivityTaskCancelRequested, attributes, None);
    if run.cancel_activity(cx.now, scheduled_event_id, requested, &step.identity) {
        step.needs_task = true;
        step.caused += 1;
        step.eager.retain(|scheduled| *scheduled != scheduled_event_id);
    } else {
        run.tell_workers(cx, |scheduled| scheduled == scheduled_event_id);
    }
    Ok(())
}

/// Whether an event is the end of the activity.
fn ends(event: &HistoryEvent, scheduled: i64) -> bool {
    use Attributes as A;
    scheduled
        == match &event.attributes {
            Some(A::ActivityTaskCompletedEventAttributes(it)) => it.scheduled_event_id,
            Some(A::ActivityTaskFailedEventAttributes(it)) => it.scheduled_event_id,
            Some(A::ActivityTaskTimedOutEventAttributes(it)) => it.scheduled_event_id,
            Some(A::ActivityTaskCanceledEventAttributes(it)) => it.scheduled_event_id,
            _ => return false,
        }
}
