//! Activities.

use perpetua_proto::command::{RequestCancelActivityTaskCommandAttributes, ScheduleActivityTaskCommandAttributes};
use perpetua_proto::enums::{EventType, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{ActivityTaskCancelRequestedEventAttributes, ActivityTaskScheduledEventAttributes};
use perpetua_proto::sdk::UserMetadata;
use perpetua_proto::taskqueue::TaskQueue;

use super::{Bad, Step, append};
use crate::limits;
use crate::retry;
use crate::run::Run;
use crate::run::activity::complete_timeouts;
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
    let bad = |message: &str| Bad::new(Cause::BadScheduleActivityAttributes, message);
    let eager = asked.request_eager_execution;
    let mut attributes = check(run, step, asked).map_err(|message| bad(&message))?;
    complete_timeouts(&mut attributes, duration(run.started().workflow_run_timeout.as_ref())).map_err(bad)?;
    if run.activity_of_id(&attributes.activity_id).is_some() {
        let message = format!("an activity with the id {:?} is pending", attributes.activity_id);
        return Err(Bad::new(Cause::ScheduleActivityDuplicateId, message));
    }
    if run.state.activities.len() >= cx.settings.pending_activities {
        let message =
            format!("the number of pending activities has reached the limit of {}", cx.settings.pending_activities);
        return Err(Bad::new(Cause::PendingActivitiesLimitExceeded, message));
    }
    let same_queue = attributes.task_queue.as_ref().is_some_and(|queue| queue.name == run.task_queue());
    let state = ActivityState {
        activity_id: attributes.activity_id.clone(),
        attempt: 1,
        scheduled_time: cx.now.nanos(),
        attempt_time: cx.now.nanos(),
        ..ActivityState::default()
    };
    let attributes = Attributes::ActivityTaskScheduledEventAttributes(Box::new(attributes));
    let scheduled = append(run, cx, EventType::ActivityTaskScheduled, attributes, metadata);
    run.state.activities.insert(scheduled, state);
    if eager && same_queue {
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
    if asked.activity_id.is_empty() {
        return Err("ActivityId is not set on ScheduleActivityTaskCommand.".to_owned());
    }
    let name = asked.activity_type.as_ref().map_or("", |kind| &kind.name);
    if name.is_empty() {
        return Err("ActivityType is not set on ScheduleActivityTaskCommand.".to_owned());
    }
    if asked.activity_id.len() > limits::ID_LENGTH || name.len() > limits::ID_LENGTH {
        return Err("ActivityId or ActivityType on ScheduleActivityTaskCommand exceeds length limit.".to_owned());
    }
    let mut retry_policy = asked.retry_policy.unwrap_or_default();
    retry::check(&retry_policy)?;
    retry::complete(&mut retry_policy);
    let queue = asked.task_queue.filter(|queue| !queue.name.is_empty());
    let queue = queue.map_or_else(|| run.task_queue().to_owned(), |queue| queue.name);
    Ok(ActivityTaskScheduledEventAttributes {
        activity_id: asked.activity_id,
        activity_type: asked.activity_type,
        task_queue: Some(TaskQueue { name: queue, kind: 1, ..TaskQueue::default() }),
        header: asked.header,
        input: asked.input,
        schedule_to_close_timeout: asked.schedule_to_close_timeout,
        schedule_to_start_timeout: asked.schedule_to_start_timeout,
        start_to_close_timeout: asked.start_to_close_timeout,
        heartbeat_timeout: asked.heartbeat_timeout,
        workflow_task_completed_event_id: step.completed,
        retry_policy: Some(retry_policy),
        priority: asked.priority,
        ..ActivityTaskScheduledEventAttributes::default()
    })
}

pub(super) fn cancel(
    run: &mut Run,
    cx: &Cx<'_>,
    step: &mut Step,
    asked: &RequestCancelActivityTaskCommandAttributes,
) -> Result<(), Bad> {
    let scheduled_event_id = asked.scheduled_event_id;
    if run.activity_scheduled(scheduled_event_id).is_none() {
        let message = format!("no activity was scheduled by event {scheduled_event_id}");
        return Err(Bad::new(Cause::BadRequestCancelActivityAttributes, message));
    }
    let attributes = ActivityTaskCancelRequestedEventAttributes {
        scheduled_event_id,
        workflow_task_completed_event_id: step.completed,
    };
    let attributes = Attributes::ActivityTaskCancelRequestedEventAttributes(Box::new(attributes));
    let requested = append(run, cx, EventType::ActivityTaskCancelRequested, attributes, None);
    if run.cancel_activity(cx.now, scheduled_event_id, requested) {
        step.needs_task = true;
        step.caused += 1;
        step.eager.retain(|scheduled| *scheduled != scheduled_event_id);
    }
    Ok(())
}
