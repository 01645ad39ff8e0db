//! Events, each with its number.

use perpetua_proto::history;
use perpetua_vocab::{Event, wire};

use super::check;
use crate::generate::parse;

pub(super) fn check_events(around: &str, cases: &[[&str; 2]]) {
    check::<history::HistoryEvent, Event>("history.v1.HistoryEvent", around, cases);
}

#[test]
fn events_around_their_attributes() {
    let fired = "timer_fired_event_attributes { timer_id: '1' started_event_id: 5 }";
    check_events(
        fired,
        &[
            ["event_type: EVENT_TYPE_TIMER_FIRED", "event 0: HistoryEvent.event_id is no event id: 0"],
            ["event_type: EVENT_TYPE_TIMER_FIRED event_id: -3", "event -3: HistoryEvent.event_id is no event id: -3"],
            ["event_type: EVENT_TYPE_TIMER_FIRED event_id: 7", "event 7: HistoryEvent.event_time is missing"],
            [
                "event_type: EVENT_TYPE_TIMER_FIRED event_id: 7 event_time { seconds: 1 nanos: -1 }",
                "event 7: HistoryEvent.event_time is no point in time: 1 s and -1 ns",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_STARTED event_id: 7 event_time {}",
                "event 7: HistoryEvent.event_type is 17, while the attributes are of TimerFired",
            ],
            [
                "event_id: 7 event_time {}",
                "event 7: HistoryEvent.event_type is 0, while the attributes are of TimerFired",
            ],
            [
                "event_id: 7 event_time {} event_type: 1234",
                "event 7: HistoryEvent.event_type is 1234, while the attributes are of TimerFired",
            ],
        ],
    );
    check_events(
        "event_id: 7 event_time {}",
        &[
            ["", "event 7: HistoryEvent.event_type is missing"],
            ["event_type: EVENT_TYPE_TIMER_FIRED", "event 7: HistoryEvent.attributes is missing"],
            ["event_type: EVENT_TYPE_MARKER_RECORDED", "event 7: HistoryEvent.attributes is missing"],
        ],
    );
}

#[test]
fn events_of_the_run() {
    check_events(
        "event_id: 1 event_time {} event_type: EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
        &[
            [
                "workflow_execution_started_event_attributes {}",
                "event 1: WorkflowExecutionStarted.workflow_type is missing",
            ],
            [
                "workflow_execution_started_event_attributes { workflow_type {} }",
                "event 1: WorkflowExecutionStarted.workflow_type is missing",
            ],
            [
                "workflow_execution_started_event_attributes { workflow_type { name: 'w' } attempt: -1 }",
                "event 1: WorkflowExecutionStarted.attempt is negative: -1",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' } workflow_run_timeout { seconds: -5 } }",
                "event 1: WorkflowExecutionStarted.workflow_run_timeout is no duration: -5 s and 0 ns",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' } workflow_task_timeout { nanos: 1000000000 } }",
                "event 1: WorkflowExecutionStarted.workflow_task_timeout is no duration: 0 s and 1000000000 ns",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' } workflow_execution_timeout { seconds: 315576000001 } }",
                "event 1: WorkflowExecutionStarted.workflow_execution_timeout \
                 is no duration: 315576000001 s and 0 ns",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' } retry_policy { initial_interval { seconds: -1 } } }",
                "event 1: RetryPolicy.initial_interval is no duration: -1 s and 0 ns",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' }
                    continued_failure { cause { activity_failure_info { started_event_id: -2 } } } }",
                "event 1: ActivityFailureInfo.started_event_id is no event id: -2",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' } parent_initiated_event_id: -1 }",
                "event 1: WorkflowExecutionStarted.parent_initiated_event_id is no event id: -1",
            ],
            [
                "workflow_execution_started_event_attributes {
                    workflow_type { name: 'w' } first_workflow_task_backoff { seconds: -1 } }",
                "event 1: WorkflowExecutionStarted.first_workflow_task_backoff is no duration: -1 s and 0 ns",
            ],
        ],
    );
    check_events(
        "event_id: 9 event_time {}",
        &[
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED workflow_execution_completed_event_attributes {}",
                "event 9: WorkflowExecutionCompleted.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_FAILED workflow_execution_failed_event_attributes {}",
                "event 9: WorkflowExecutionFailed.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED workflow_execution_canceled_event_attributes {}",
                "event 9: WorkflowExecutionCanceled.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
                 workflow_execution_continued_as_new_event_attributes { workflow_type { name: 'w' } }",
                "event 9: WorkflowExecutionContinuedAsNew.new_execution_run_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
                 workflow_execution_continued_as_new_event_attributes { new_execution_run_id: 'r' }",
                "event 9: WorkflowExecutionContinuedAsNew.workflow_type is missing",
            ],
        ],
    );
}

#[test]
fn events_of_workflow_tasks() {
    check_events(
        "event_id: 4 event_time {}",
        &[
            [
                "event_type: EVENT_TYPE_WORKFLOW_TASK_STARTED workflow_task_started_event_attributes {}",
                "event 4: WorkflowTaskStarted.scheduled_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_TASK_STARTED
                 workflow_task_started_event_attributes { scheduled_event_id: 2 history_size_bytes: -1 }",
                "event 4: WorkflowTaskStarted.history_size_bytes is negative: -1",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_TASK_COMPLETED workflow_task_completed_event_attributes {}",
                "event 4: WorkflowTaskCompleted.scheduled_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_TASK_COMPLETED
                 workflow_task_completed_event_attributes { scheduled_event_id: 2 started_event_id: -3 }",
                "event 4: WorkflowTaskCompleted.started_event_id is no event id: -3",
            ],
        ],
    );
}

#[test]
fn events_of_activities_and_timers() {
    check_events(
        "event_id: 7 event_time {}",
        &[
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
                 activity_task_scheduled_event_attributes { activity_type { name: 'a' } }",
                "event 7: ActivityTaskScheduled.activity_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
                 activity_task_scheduled_event_attributes { activity_id: '1' }",
                "event 7: ActivityTaskScheduled.activity_type is missing",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
                 activity_task_scheduled_event_attributes { activity_id: '1' activity_type { name: 'a' } }",
                "event 7: ActivityTaskScheduled.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_STARTED activity_task_started_event_attributes {}",
                "event 7: ActivityTaskStarted.scheduled_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_COMPLETED activity_task_completed_event_attributes {}",
                "event 7: ActivityTaskCompleted.scheduled_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_FAILED activity_task_failed_event_attributes {
                    scheduled_event_id: 5
                    failure { application_failure_info { next_retry_delay { seconds: -1 } } } }",
                "event 7: ApplicationFailureInfo.next_retry_delay is no duration: -1 s and 0 ns",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
                 activity_task_timed_out_event_attributes { scheduled_event_id: 5 started_event_id: -1 }",
                "event 7: ActivityTaskTimedOut.started_event_id is no event id: -1",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
                 activity_task_cancel_requested_event_attributes { scheduled_event_id: 5 }",
                "event 7: ActivityTaskCancelRequested.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_ACTIVITY_TASK_CANCELED activity_task_canceled_event_attributes {}",
                "event 7: ActivityTaskCanceled.scheduled_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_STARTED timer_started_event_attributes {}",
                "event 7: TimerStarted.timer_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_STARTED timer_started_event_attributes { timer_id: '1' }",
                "event 7: TimerStarted.start_to_fire_timeout is missing",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_STARTED
                 timer_started_event_attributes { timer_id: '1' start_to_fire_timeout { seconds: 1 nanos: -1 } }",
                "event 7: TimerStarted.start_to_fire_timeout is no duration: 1 s and -1 ns",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_FIRED timer_fired_event_attributes { started_event_id: 5 }",
                "event 7: TimerFired.timer_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_FIRED timer_fired_event_attributes { timer_id: '1' }",
                "event 7: TimerFired.started_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_TIMER_CANCELED
                 timer_canceled_event_attributes { timer_id: '1' started_event_id: 5 }",
                "event 7: TimerCanceled.workflow_task_completed_event_id is no event id: 0",
            ],
        ],
    );
}

#[test]
fn events_of_updates_and_events_without_a_word() {
    check_events(
        "event_id: 7 event_time {}",
        &[
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED
                 workflow_execution_update_admitted_event_attributes {}",
                "event 7: WorkflowExecutionUpdateAdmitted.request is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
                 workflow_execution_update_accepted_event_attributes {}",
                "event 7: WorkflowExecutionUpdateAccepted.protocol_instance_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
                 workflow_execution_update_accepted_event_attributes {
                    protocol_instance_id: 'u' accepted_request { input {} } }",
                "event 7: update.Request.meta is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
                 workflow_execution_update_completed_event_attributes {}",
                "event 7: WorkflowExecutionUpdateCompleted.meta is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
                 workflow_execution_update_completed_event_attributes { meta {} }",
                "event 7: WorkflowExecutionUpdateCompleted.meta.update_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
                 workflow_execution_update_completed_event_attributes { meta { update_id: 'u' } outcome {} }",
                "event 7: update.Outcome.value is missing",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED
                 workflow_execution_update_rejected_event_attributes {}",
                "event 7: WorkflowExecutionUpdateRejected.protocol_instance_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_NEXUS_OPERATION_SCHEDULED
                 nexus_operation_scheduled_event_attributes { workflow_task_completed_event_id: -1 }",
                "event 7: NexusOperationScheduled.workflow_task_completed_event_id is no event id: -1",
            ],
        ],
    );
}

#[test]
fn histories_say_which_event() {
    let text = "events { event_id: 1 event_time {} event_type: EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
                         workflow_task_scheduled_event_attributes {} }
                events { event_id: 2 event_time {} event_type: EVENT_TYPE_TIMER_FIRED
                         timer_fired_event_attributes {} }";
    let malformed = wire::history(parse("history.v1.History", text)).expect_err("the second is malformed");
    assert_eq!(malformed.to_string(), "event 2: TimerFired.timer_id is missing");
}
