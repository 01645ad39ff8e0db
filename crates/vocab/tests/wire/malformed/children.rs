//! Events of children, of other workflows and of notes, each with its number.

use super::events::check_events;

#[test]
fn events_of_children_before_they_run() {
    check_events(
        "event_id: 7 event_time {}",
        &[
            [
                "event_type: EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
                 start_child_workflow_execution_initiated_event_attributes { workflow_type { name: 'w' } }",
                "event 7: StartChildWorkflowExecutionInitiated.workflow_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
                 start_child_workflow_execution_initiated_event_attributes { workflow_id: 'c' }",
                "event 7: StartChildWorkflowExecutionInitiated.workflow_type is missing",
            ],
            [
                "event_type: EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
                 start_child_workflow_execution_initiated_event_attributes {
                    workflow_id: 'c' workflow_type { name: 'w' } }",
                "event 7: StartChildWorkflowExecutionInitiated.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED
                 start_child_workflow_execution_failed_event_attributes { initiated_event_id: 5 }",
                "event 7: StartChildWorkflowExecutionFailed.workflow_id is missing",
            ],
            [
                "event_type: EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED
                 start_child_workflow_execution_failed_event_attributes {
                    workflow_id: 'c' workflow_type { name: 'w' } }",
                "event 7: StartChildWorkflowExecutionFailed.initiated_event_id is no event id: 0",
            ],
        ],
    );
}

#[test]
fn events_of_children_that_run_and_end() {
    for (word, kind) in [
        ("started", "Started"),
        ("completed", "Completed"),
        ("failed", "Failed"),
        ("canceled", "Canceled"),
        ("timed_out", "TimedOut"),
        ("terminated", "Terminated"),
    ] {
        let event_type = word.to_uppercase();
        let text = |content: &str| {
            format!(
                "event_type: EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_{event_type}
                 child_workflow_execution_{word}_event_attributes {{ {content} }}"
            )
        };
        for (content, problem) in [
            ("workflow_type { name: 'w' } initiated_event_id: 5", "workflow_execution is missing"),
            ("workflow_execution {} initiated_event_id: 5", "workflow_type is missing"),
            ("workflow_execution {} workflow_type { name: 'w' }", "initiated_event_id is no event id: 0"),
        ] {
            let expected = format!("event 7: ChildWorkflowExecution{kind}.{problem}");
            check_events("event_id: 7 event_time {}", &[[&text(content), &expected]]);
        }
        if word != "started" {
            let content =
                "workflow_execution {} workflow_type { name: 'w' } initiated_event_id: 5 started_event_id: -1";
            let expected = format!("event 7: ChildWorkflowExecution{kind}.started_event_id is no event id: -1");
            check_events("event_id: 7 event_time {}", &[[&text(content), &expected]]);
        }
    }
}

#[test]
fn events_of_other_workflows() {
    let of_requests = "workflow_task_completed_event_id";
    let of_answers = "initiated_event_id";
    for (word, kind, needs) in [
        ("signal_external_workflow_execution_initiated", "SignalExternalWorkflowExecutionInitiated", of_requests),
        ("signal_external_workflow_execution_failed", "SignalExternalWorkflowExecutionFailed", of_answers),
        ("external_workflow_execution_signaled", "ExternalWorkflowExecutionSignaled", of_answers),
        (
            "request_cancel_external_workflow_execution_initiated",
            "RequestCancelExternalWorkflowExecutionInitiated",
            of_requests,
        ),
        (
            "request_cancel_external_workflow_execution_failed",
            "RequestCancelExternalWorkflowExecutionFailed",
            of_answers,
        ),
        ("external_workflow_execution_cancel_requested", "ExternalWorkflowExecutionCancelRequested", of_answers),
    ] {
        let text = |content: &str| {
            format!("event_type: EVENT_TYPE_{} {word}_event_attributes {{ {content} }}", word.to_uppercase())
        };
        let nobody = format!("event 7: {kind}.workflow_execution is missing");
        let nowhere = format!("event 7: {kind}.{needs} is no event id: 0");
        check_events(
            "event_id: 7 event_time {}",
            &[[&text(&format!("{needs}: 5")), &nobody], [&text("workflow_execution {}"), &nowhere]],
        );
    }
}

#[test]
fn events_of_notes() {
    check_events(
        "event_id: 7 event_time {}",
        &[
            [
                "event_type: EVENT_TYPE_MARKER_RECORDED marker_recorded_event_attributes {}",
                "event 7: MarkerRecorded.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
                 upsert_workflow_search_attributes_event_attributes {}",
                "event 7: UpsertWorkflowSearchAttributes.workflow_task_completed_event_id is no event id: 0",
            ],
            [
                "event_type: EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED workflow_properties_modified_event_attributes {}",
                "event 7: WorkflowPropertiesModified.workflow_task_completed_event_id is no event id: 0",
            ],
        ],
    );
}
