//! What every history holds to, whatever happened.

use perpetua_proto::enums::EventType;
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes;

/// Checks a history of a run that is over.
///
/// # Panics
/// When it is not well formed.
pub(crate) fn check(events: &[HistoryEvent]) {
    for (id, event) in (1..).zip(events) {
        assert_eq!(event.event_id, id, "ids have no gaps");
        for (named, kinds) in references(event) {
            assert!(named < id, "event {id} names the later event {named}");
            let kind = usize::try_from(named - 1).ok().and_then(|at| events.get(at)).map(HistoryEvent::event_type);
            assert!(kind.is_some_and(|kind| kinds.contains(&kind)), "event {id} names {named}, which is {kind:?}");
        }
    }
    let times: Vec<_> = events.iter().map(|event| event.event_time.expect("events have times")).collect();
    let begun = times.first().expect("there are events");
    assert!(times.iter().all(|time| (time.seconds, time.nanos) >= (begun.seconds, begun.nanos)), "time goes on");
}

/// The events that an event names, and of which kinds they may be.
fn references(event: &HistoryEvent) -> Vec<(i64, &'static [EventType])> {
    use Attributes as A;
    use EventType as E;
    const SCHEDULED: &[EventType] = &[E::ActivityTaskScheduled];
    const STARTED: &[EventType] = &[E::ActivityTaskStarted];
    const TASK: &[EventType] = &[E::WorkflowTaskScheduled];
    const TASK_STARTED: &[EventType] = &[E::WorkflowTaskStarted];
    const COMPLETED: &[EventType] = &[E::WorkflowTaskCompleted];
    const CHILD: &[EventType] = &[E::StartChildWorkflowExecutionInitiated];
    const CHILD_STARTED: &[EventType] = &[E::ChildWorkflowExecutionStarted];
    match event.attributes.as_ref().expect("events say what they are") {
        A::WorkflowTaskStartedEventAttributes(it) => vec![(it.scheduled_event_id, TASK)],
        A::WorkflowTaskCompletedEventAttributes(it) => {
            vec![(it.scheduled_event_id, TASK), (it.started_event_id, TASK_STARTED)]
        }
        A::WorkflowTaskFailedEventAttributes(it) => {
            vec![(it.scheduled_event_id, TASK), (it.started_event_id, TASK_STARTED)]
        }
        A::ActivityTaskScheduledEventAttributes(it) => vec![(it.workflow_task_completed_event_id, COMPLETED)],
        A::ActivityTaskStartedEventAttributes(it) => vec![(it.scheduled_event_id, SCHEDULED)],
        A::ActivityTaskCompletedEventAttributes(it) => {
            vec![(it.scheduled_event_id, SCHEDULED), (it.started_event_id, STARTED)]
        }
        A::ActivityTaskFailedEventAttributes(it) => {
            vec![(it.scheduled_event_id, SCHEDULED), (it.started_event_id, STARTED)]
        }
        A::ActivityTaskCanceledEventAttributes(it) => vec![
            (it.scheduled_event_id, SCHEDULED),
            (it.latest_cancel_requested_event_id, &[E::ActivityTaskCancelRequested]),
        ],
        A::TimerStartedEventAttributes(it) => vec![(it.workflow_task_completed_event_id, COMPLETED)],
        A::TimerFiredEventAttributes(it) => vec![(it.started_event_id, &[E::TimerStarted])],
        A::TimerCanceledEventAttributes(it) => {
            vec![(it.started_event_id, &[E::TimerStarted]), (it.workflow_task_completed_event_id, COMPLETED)]
        }
        A::ChildWorkflowExecutionStartedEventAttributes(it) => vec![(it.initiated_event_id, CHILD)],
        A::ChildWorkflowExecutionCompletedEventAttributes(it) => {
            vec![(it.initiated_event_id, CHILD), (it.started_event_id, CHILD_STARTED)]
        }
        A::ChildWorkflowExecutionCanceledEventAttributes(it) => {
            vec![(it.initiated_event_id, CHILD), (it.started_event_id, CHILD_STARTED)]
        }
        A::WorkflowExecutionUpdateCompletedEventAttributes(it) => {
            vec![(it.accepted_event_id, &[E::WorkflowExecutionUpdateAccepted])]
        }
        A::ExternalWorkflowExecutionSignaledEventAttributes(it) => {
            vec![(it.initiated_event_id, &[E::SignalExternalWorkflowExecutionInitiated])]
        }
        A::SignalExternalWorkflowExecutionFailedEventAttributes(it) => {
            vec![(it.initiated_event_id, &[E::SignalExternalWorkflowExecutionInitiated])]
        }
        A::WorkflowExecutionCompletedEventAttributes(it) => vec![(it.workflow_task_completed_event_id, COMPLETED)],
        _ => Vec::new(),
    }
}
