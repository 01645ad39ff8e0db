//! Events: the envelope, and which word each kind becomes.

mod activity;
mod child_workflow;
mod external_workflow;
mod note;
mod other;
mod started;
mod task;
mod timer;
mod update;
mod workflow;

use perpetua_proto::{
    enums::EventType,
    history::{History, HistoryEvent, history_event::Attributes},
};

use super::payload::user_metadata;
use super::time::timestamp;
use crate::{Event, EventId, EventKind, Malformed, Opaque, OtherEvent, UserMetadata};

/// Reads a page of history.
///
/// # Errors
///
/// If an event cannot be represented; the error says which one.
pub fn history(wire: History) -> Result<Vec<Event>, Malformed> {
    let History { events } = wire;
    events.into_iter().map(Event::try_from).collect()
}

impl Event {
    /// What people read about what the event speaks of.
    pub fn user_metadata(&self) -> UserMetadata {
        let wire = self.extra.as_ref().and_then(|extra| extra.get()?.user_metadata.as_deref());
        user_metadata(wire.cloned())
    }
}

impl TryFrom<HistoryEvent> for Event {
    type Error = Malformed;

    fn try_from(wire: HistoryEvent) -> Result<Self, Malformed> {
        let number = wire.event_id;
        read(wire).map_err(|malformed| malformed.within(format!("event {number}")))
    }
}

fn read(wire: HistoryEvent) -> Result<Event, Malformed> {
    let HistoryEvent {
        event_id,
        event_time,
        event_type,
        version,
        task_id,
        worker_may_ignore,
        user_metadata,
        links,
        principal,
        event_group_markers,
        attributes,
    } = wire;
    let id = EventId::parse("HistoryEvent.event_id", event_id)?;
    let time = event_time.ok_or_else(|| Malformed::missing("HistoryEvent.event_time"))?;
    let has_extra =
        user_metadata.is_some() || !links.is_empty() || principal.is_some() || !event_group_markers.is_empty();
    let extra = has_extra.then(|| {
        let extra = HistoryEvent { user_metadata, links, principal, event_group_markers, ..Default::default() };
        Opaque::new(Box::new(extra))
    });
    Ok(Event {
        id,
        time: timestamp("HistoryEvent.event_time", time)?,
        kind: kind(event_type, attributes)?,
        worker_may_ignore,
        version,
        task_id,
        extra,
    })
}

impl From<Event> for HistoryEvent {
    fn from(event: Event) -> Self {
        let Event { id, time, kind, worker_may_ignore, version, task_id, extra } = event;
        let (event_type, attributes) = encode_kind(kind);
        Self {
            event_id: id.to_wire(),
            event_time: Some(time.into()),
            event_type,
            version,
            task_id,
            worker_may_ignore,
            attributes,
            ..extra.map(|extra| *extra.into_inner()).unwrap_or_default()
        }
    }
}

fn kind(event_type: i32, attributes: Option<Attributes>) -> Result<EventKind, Malformed> {
    use Attributes as A;
    let attributes = match (attributes, EventType::try_from(event_type)) {
        (Some(attributes), said) if said == Ok(type_of(&attributes)) => attributes,
        (Some(attributes), _) => {
            let problem = format!("is {event_type}, while the attributes are of {:?}", type_of(&attributes));
            return Err(Malformed::new("HistoryEvent.event_type", problem));
        }
        (None, Ok(EventType::Unspecified)) => return Err(Malformed::missing("HistoryEvent.event_type")),
        (None, Ok(_)) => return Err(Malformed::missing("HistoryEvent.attributes")),
        (None, Err(_)) => return Ok(EventKind::Other(Box::new(other::unknown(event_type)))),
    };
    match attributes {
        A::WorkflowExecutionStartedEventAttributes(wire) => workflow::started(wire),
        A::WorkflowExecutionCompletedEventAttributes(wire) => workflow::completed(*wire),
        A::WorkflowExecutionFailedEventAttributes(wire) => workflow::failed(*wire),
        A::WorkflowExecutionTimedOutEventAttributes(wire) => Ok(workflow::timed_out(*wire)),
        A::WorkflowExecutionCanceledEventAttributes(wire) => workflow::canceled(*wire),
        A::WorkflowExecutionTerminatedEventAttributes(wire) => Ok(workflow::terminated(*wire)),
        A::WorkflowExecutionContinuedAsNewEventAttributes(wire) => workflow::continued_as_new(wire),
        A::WorkflowExecutionCancelRequestedEventAttributes(wire) => Ok(workflow::cancel_requested(wire)),
        A::WorkflowExecutionSignaledEventAttributes(wire) => Ok(workflow::signaled(wire)),
        A::WorkflowTaskScheduledEventAttributes(wire) => Ok(EventKind::WorkflowTaskScheduled(Opaque::new(wire))),
        A::WorkflowTaskStartedEventAttributes(wire) => task::started(wire),
        A::WorkflowTaskCompletedEventAttributes(wire) => task::completed(wire),
        A::WorkflowTaskFailedEventAttributes(wire) => task::failed(wire),
        A::WorkflowTaskTimedOutEventAttributes(wire) => Ok(EventKind::WorkflowTaskTimedOut(Opaque::new(wire))),
        A::ActivityTaskScheduledEventAttributes(wire) => activity::scheduled(wire),
        A::ActivityTaskStartedEventAttributes(wire) => activity::started(wire),
        A::ActivityTaskCompletedEventAttributes(wire) => activity::completed(wire),
        A::ActivityTaskFailedEventAttributes(wire) => activity::failed(wire),
        A::ActivityTaskTimedOutEventAttributes(wire) => activity::timed_out(*wire),
        A::ActivityTaskCancelRequestedEventAttributes(wire) => activity::cancel_requested(*wire),
        A::ActivityTaskCanceledEventAttributes(wire) => activity::canceled(wire),
        A::TimerStartedEventAttributes(wire) => timer::started(*wire),
        A::TimerFiredEventAttributes(wire) => timer::fired(*wire),
        A::TimerCanceledEventAttributes(wire) => timer::canceled(*wire),
        A::WorkflowExecutionUpdateAdmittedEventAttributes(wire) => update::admitted(wire),
        A::WorkflowExecutionUpdateAcceptedEventAttributes(wire) => update::accepted(*wire),
        A::WorkflowExecutionUpdateCompletedEventAttributes(wire) => update::completed(*wire),
        A::WorkflowExecutionUpdateRejectedEventAttributes(wire) => update::rejected(wire),
        A::StartChildWorkflowExecutionInitiatedEventAttributes(wire) => child_workflow::initiated(wire),
        A::StartChildWorkflowExecutionFailedEventAttributes(wire) => child_workflow::start_failed(wire),
        A::ChildWorkflowExecutionStartedEventAttributes(wire) => child_workflow::started(wire),
        A::ChildWorkflowExecutionCompletedEventAttributes(wire) => child_workflow::completed(wire),
        A::ChildWorkflowExecutionFailedEventAttributes(wire) => child_workflow::failed(wire),
        A::ChildWorkflowExecutionCanceledEventAttributes(wire) => child_workflow::canceled(wire),
        A::ChildWorkflowExecutionTimedOutEventAttributes(wire) => child_workflow::timed_out(wire),
        A::ChildWorkflowExecutionTerminatedEventAttributes(wire) => child_workflow::terminated(wire),
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(wire) => external_workflow::signal_initiated(wire),
        A::SignalExternalWorkflowExecutionFailedEventAttributes(wire) => external_workflow::signal_failed(wire),
        A::ExternalWorkflowExecutionSignaledEventAttributes(wire) => external_workflow::signaled(wire),
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(wire) => {
            external_workflow::cancel_initiated(wire)
        }
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(wire) => external_workflow::cancel_failed(wire),
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(wire) => external_workflow::cancel_requested(wire),
        A::MarkerRecordedEventAttributes(wire) => note::marker(*wire),
        A::UpsertWorkflowSearchAttributesEventAttributes(wire) => note::upserted(*wire),
        A::WorkflowPropertiesModifiedEventAttributes(wire) => note::modified(*wire),
        attributes => Ok(EventKind::Other(Box::new(other::event(type_of(&attributes), attributes)?))),
    }
}

fn encode_kind(kind: EventKind) -> (i32, Option<Attributes>) {
    use Attributes as A;
    let attributes = match kind {
        EventKind::WorkflowStarted(started) => workflow::encode_started(*started),
        EventKind::WorkflowCompleted(closed) => workflow::encode_completed(*closed),
        EventKind::WorkflowFailed(failed) => workflow::encode_failed(*failed),
        EventKind::WorkflowTimedOut { retry_state, new_run } => workflow::encode_timed_out(retry_state, new_run),
        EventKind::WorkflowCanceled { task_completed, details } => workflow::encode_canceled(task_completed, details),
        EventKind::WorkflowTerminated { reason, details, identity } => {
            workflow::encode_terminated(reason, details, identity)
        }
        EventKind::WorkflowContinuedAsNew(continued) => workflow::encode_continued_as_new(*continued),
        EventKind::WorkflowCancelRequested(requested) => workflow::encode_cancel_requested(*requested),
        EventKind::Signaled(signaled) => workflow::encode_signaled(*signaled),
        EventKind::WorkflowTaskScheduled(rest) => A::WorkflowTaskScheduledEventAttributes(rest.into_inner()),
        EventKind::WorkflowTaskStarted(started) => task::encode_started(*started),
        EventKind::WorkflowTaskCompleted(completed) => task::encode_completed(*completed),
        EventKind::WorkflowTaskFailed(failed) => task::encode_failed(*failed),
        EventKind::WorkflowTaskTimedOut(rest) => A::WorkflowTaskTimedOutEventAttributes(rest.into_inner()),
        EventKind::ActivityScheduled(scheduled) => activity::encode_scheduled(*scheduled),
        EventKind::ActivityStarted { scheduled, rest } => activity::encode_started(scheduled, rest),
        EventKind::ActivityCompleted(closed) => activity::encode_completed(*closed),
        EventKind::ActivityFailed(failed) => activity::encode_failed(*failed),
        EventKind::ActivityTimedOut(failed) => activity::encode_timed_out(*failed),
        EventKind::ActivityCancelRequested { scheduled, task_completed } => {
            activity::encode_cancel_requested(scheduled, task_completed)
        }
        EventKind::ActivityCanceled(canceled) => activity::encode_canceled(*canceled),
        EventKind::TimerStarted(started) => timer::encode_started(started),
        EventKind::TimerFired { timer, started } => timer::encode_fired(timer, started),
        EventKind::TimerCanceled { timer, started, task_completed, identity } => {
            timer::encode_canceled(timer, started, task_completed, identity)
        }
        EventKind::UpdateAdmitted(admitted) => update::encode_admitted(*admitted),
        EventKind::UpdateAccepted(accepted) => update::encode_accepted(*accepted),
        EventKind::UpdateCompleted(completed) => update::encode_completed(*completed),
        EventKind::UpdateRejected(rejected) => update::encode_rejected(*rejected),
        EventKind::StartChildWorkflowInitiated(event) => child_workflow::encode_initiated(*event),
        EventKind::StartChildWorkflowFailed(event) => child_workflow::encode_start_failed(*event),
        EventKind::ChildWorkflowStarted(event) => child_workflow::encode_started(*event),
        EventKind::ChildWorkflowCompleted(event) => child_workflow::encode_completed(*event),
        EventKind::ChildWorkflowFailed(event) => child_workflow::encode_failed(*event),
        EventKind::ChildWorkflowCanceled(event) => child_workflow::encode_canceled(*event),
        EventKind::ChildWorkflowTimedOut(event) => child_workflow::encode_timed_out(*event),
        EventKind::ChildWorkflowTerminated(event) => child_workflow::encode_terminated(*event),
        EventKind::SignalExternalWorkflowInitiated(event) => external_workflow::encode_signal_initiated(*event),
        EventKind::SignalExternalWorkflowFailed(event) => external_workflow::encode_signal_failed(*event),
        EventKind::ExternalWorkflowSignaled(event) => external_workflow::encode_signaled(*event),
        EventKind::RequestCancelExternalWorkflowInitiated(event) => external_workflow::encode_cancel_initiated(*event),
        EventKind::RequestCancelExternalWorkflowFailed(event) => external_workflow::encode_cancel_failed(*event),
        EventKind::ExternalWorkflowCancelRequested(event) => external_workflow::encode_cancel_requested(*event),
        EventKind::MarkerRecorded(event) => note::encode_marker(*event),
        EventKind::SearchAttributesUpserted(event) => note::encode_upserted(*event),
        EventKind::PropertiesModified(event) => note::encode_modified(*event),
        EventKind::Other(other) => {
            let OtherEvent { event_type, attributes, name: _, task_completed: _ } = *other;
            return (event_type, attributes.into_inner().attributes);
        }
    };
    (type_of(&attributes).into(), Some(attributes))
}

/// The event type that these attributes belong to. Complete, so that a new kind of event does not compile.
fn type_of(attributes: &Attributes) -> EventType {
    use Attributes as A;
    use EventType as T;
    match attributes {
        A::WorkflowExecutionStartedEventAttributes(_) => T::WorkflowExecutionStarted,
        A::WorkflowExecutionCompletedEventAttributes(_) => T::WorkflowExecutionCompleted,
        A::WorkflowExecutionFailedEventAttributes(_) => T::WorkflowExecutionFailed,
        A::WorkflowExecutionTimedOutEventAttributes(_) => T::WorkflowExecutionTimedOut,
        A::WorkflowTaskScheduledEventAttributes(_) => T::WorkflowTaskScheduled,
        A::WorkflowTaskStartedEventAttributes(_) => T::WorkflowTaskStarted,
        A::WorkflowTaskCompletedEventAttributes(_) => T::WorkflowTaskCompleted,
        A::WorkflowTaskTimedOutEventAttributes(_) => T::WorkflowTaskTimedOut,
        A::WorkflowTaskFailedEventAttributes(_) => T::WorkflowTaskFailed,
        A::ActivityTaskScheduledEventAttributes(_) => T::ActivityTaskScheduled,
        A::ActivityTaskStartedEventAttributes(_) => T::ActivityTaskStarted,
        A::ActivityTaskCompletedEventAttributes(_) => T::ActivityTaskCompleted,
        A::ActivityTaskFailedEventAttributes(_) => T::ActivityTaskFailed,
        A::ActivityTaskTimedOutEventAttributes(_) => T::ActivityTaskTimedOut,
        A::TimerStartedEventAttributes(_) => T::TimerStarted,
        A::TimerFiredEventAttributes(_) => T::TimerFired,
        A::ActivityTaskCancelRequestedEventAttributes(_) => T::ActivityTaskCancelRequested,
        A::ActivityTaskCanceledEventAttributes(_) => T::ActivityTaskCanceled,
        A::TimerCanceledEventAttributes(_) => T::TimerCanceled,
        A::MarkerRecordedEventAttributes(_) => T::MarkerRecorded,
        A::WorkflowExecutionSignaledEventAttributes(_) => T::WorkflowExecutionSignaled,
        A::WorkflowExecutionTerminatedEventAttributes(_) => T::WorkflowExecutionTerminated,
        A::WorkflowExecutionCancelRequestedEventAttributes(_) => T::WorkflowExecutionCancelRequested,
        A::WorkflowExecutionCanceledEventAttributes(_) => T::WorkflowExecutionCanceled,
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            T::RequestCancelExternalWorkflowExecutionInitiated
        }
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(_) => {
            T::RequestCancelExternalWorkflowExecutionFailed
        }
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(_) => T::ExternalWorkflowExecutionCancelRequested,
        A::WorkflowExecutionContinuedAsNewEventAttributes(_) => T::WorkflowExecutionContinuedAsNew,
        A::StartChildWorkflowExecutionInitiatedEventAttributes(_) => T::StartChildWorkflowExecutionInitiated,
        A::StartChildWorkflowExecutionFailedEventAttributes(_) => T::StartChildWorkflowExecutionFailed,
        A::ChildWorkflowExecutionStartedEventAttributes(_) => T::ChildWorkflowExecutionStarted,
        A::ChildWorkflowExecutionCompletedEventAttributes(_) => T::ChildWorkflowExecutionCompleted,
        A::ChildWorkflowExecutionFailedEventAttributes(_) => T::ChildWorkflowExecutionFailed,
        A::ChildWorkflowExecutionCanceledEventAttributes(_) => T::ChildWorkflowExecutionCanceled,
        A::ChildWorkflowExecutionTimedOutEventAttributes(_) => T::ChildWorkflowExecutionTimedOut,
        A::ChildWorkflowExecutionTerminatedEventAttributes(_) => T::ChildWorkflowExecutionTerminated,
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => T::SignalExternalWorkflowExecutionInitiated,
        A::SignalExternalWorkflowExecutionFailedEventAttributes(_) => T::SignalExternalWorkflowExecutionFailed,
        A::ExternalWorkflowExecutionSignaledEventAttributes(_) => T::ExternalWorkflowExecutionSignaled,
        A::UpsertWorkflowSearchAttributesEventAttributes(_) => T::UpsertWorkflowSearchAttributes,
        A::WorkflowExecutionUpdateAcceptedEventAttributes(_) => T::WorkflowExecutionUpdateAccepted,
        A::WorkflowExecutionUpdateRejectedEventAttributes(_) => T::WorkflowExecutionUpdateRejected,
        A::WorkflowExecutionUpdateCompletedEventAttributes(_) => T::WorkflowExecutionUpdateCompleted,
        A::WorkflowPropertiesModifiedExternallyEventAttributes(_) => T::WorkflowPropertiesModifiedExternally,
        A::ActivityPropertiesModifiedExternallyEventAttributes(_) => T::ActivityPropertiesModifiedExternally,
        A::WorkflowPropertiesModifiedEventAttributes(_) => T::WorkflowPropertiesModified,
        A::WorkflowExecutionUpdateAdmittedEventAttributes(_) => T::WorkflowExecutionUpdateAdmitted,
        A::NexusOperationScheduledEventAttributes(_) => T::NexusOperationScheduled,
        A::NexusOperationStartedEventAttributes(_) => T::NexusOperationStarted,
        A::NexusOperationCompletedEventAttributes(_) => T::NexusOperationCompleted,
        A::NexusOperationFailedEventAttributes(_) => T::NexusOperationFailed,
        A::NexusOperationCanceledEventAttributes(_) => T::NexusOperationCanceled,
        A::NexusOperationTimedOutEventAttributes(_) => T::NexusOperationTimedOut,
        A::NexusOperationCancelRequestedEventAttributes(_) => T::NexusOperationCancelRequested,
        A::WorkflowExecutionOptionsUpdatedEventAttributes(_) => T::WorkflowExecutionOptionsUpdated,
        A::NexusOperationCancelRequestCompletedEventAttributes(_) => T::NexusOperationCancelRequestCompleted,
        A::NexusOperationCancelRequestFailedEventAttributes(_) => T::NexusOperationCancelRequestFailed,
        A::WorkflowExecutionPausedEventAttributes(_) => T::WorkflowExecutionPaused,
        A::WorkflowExecutionUnpausedEventAttributes(_) => T::WorkflowExecutionUnpaused,
        A::WorkflowExecutionTimeSkippingTransitionedEventAttributes(_) => T::WorkflowExecutionTimeSkippingTransitioned,
    }
}
