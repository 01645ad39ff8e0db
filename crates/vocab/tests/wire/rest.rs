//! What has a word moves out of the part that travels opaquely, and words alone are enough to write a message.

use std::time::Duration;

use perpetua_proto::{
    enums::TaskQueueKind,
    history::{HistoryEvent, history_event::Attributes},
};
use perpetua_vocab::{
    ContinueAsNewReason, Event, EventId, EventKind, Opaque, Priority, UserMetadata, WorkerDeploymentVersion,
    WorkflowExecution,
};

use crate::generate::parse;

/// Reads the event with these attributes.
fn read(event_type: &str, attributes: &str) -> EventKind {
    let text = format!("event_id: 7 event_time {{}} event_type: EVENT_TYPE_{event_type} {attributes}");
    Event::try_from(parse::<HistoryEvent>("history.v1.HistoryEvent", &text)).expect("it is valid").kind
}

/// Writes the event again and gives its attributes.
fn write(kind: EventKind) -> Attributes {
    let wire = parse::<HistoryEvent>("history.v1.HistoryEvent", "event_id: 7 event_time {} event_type: 1234");
    let event = Event { kind, ..Event::try_from(wire).expect("it is valid") };
    HistoryEvent::from(event).attributes.expect("it has some")
}

#[test]
fn nothing_with_a_word_stays_behind() {
    let started = read(
        "WORKFLOW_EXECUTION_STARTED",
        "workflow_execution_started_event_attributes {
            workflow_type { name: 'w' } input {} workflow_execution_timeout { seconds: 1 }
            workflow_run_timeout { seconds: 1 } workflow_task_timeout { seconds: 1 } continued_execution_run_id: 'r'
            continued_failure {} last_completion_result {} original_execution_run_id: 'r' identity: 'i'
            first_execution_run_id: 'r' retry_policy {} attempt: 2 cron_schedule: '@daily' memo {}
            search_attributes {} header {} workflow_id: 'w' }",
    );
    assert!(matches!(&started, EventKind::WorkflowStarted(started) if started.rest.is_empty()), "{started:?}");

    let continued = read(
        "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
        "workflow_execution_continued_as_new_event_attributes {
            new_execution_run_id: 'r' workflow_type { name: 'w' } input {} workflow_task_completed_event_id: 4 }",
    );
    assert!(matches!(&continued, EventKind::WorkflowContinuedAsNew(it) if it.rest.is_empty()), "{continued:?}");

    let requested = read(
        "WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "workflow_execution_cancel_requested_event_attributes { cause: 'c' identity: 'i' }",
    );
    assert!(matches!(&requested, EventKind::WorkflowCancelRequested(it) if it.rest.is_empty()), "{requested:?}");

    let signaled = read(
        "WORKFLOW_EXECUTION_SIGNALED",
        "workflow_execution_signaled_event_attributes { signal_name: 's' input {} identity: 'i' header {} }",
    );
    assert!(matches!(&signaled, EventKind::Signaled(it) if it.rest.is_empty()), "{signaled:?}");

    let started = read(
        "WORKFLOW_TASK_STARTED",
        "workflow_task_started_event_attributes {
            scheduled_event_id: 2 suggest_continue_as_new: true history_size_bytes: 9 }",
    );
    assert!(matches!(&started, EventKind::WorkflowTaskStarted(it) if it.rest.is_empty()), "{started:?}");

    let completed = read(
        "WORKFLOW_TASK_COMPLETED",
        "workflow_task_completed_event_attributes { scheduled_event_id: 2 started_event_id: 3 }",
    );
    assert!(matches!(&completed, EventKind::WorkflowTaskCompleted(it) if it.rest.is_empty()), "{completed:?}");

    let failed = read(
        "WORKFLOW_TASK_FAILED",
        "workflow_task_failed_event_attributes {
            cause: WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW failure {} new_run_id: 'r' }",
    );
    assert!(matches!(&failed, EventKind::WorkflowTaskFailed(it) if it.rest.is_empty()), "{failed:?}");
}

#[test]
fn nothing_with_a_word_stays_behind_of_activities_and_updates() {
    let scheduled = read(
        "ACTIVITY_TASK_SCHEDULED",
        "activity_task_scheduled_event_attributes {
            activity_id: '1' activity_type { name: 'a' } input {} workflow_task_completed_event_id: 4 }",
    );
    assert!(matches!(&scheduled, EventKind::ActivityScheduled(it) if it.rest.is_empty()), "{scheduled:?}");

    let started = read("ACTIVITY_TASK_STARTED", "activity_task_started_event_attributes { scheduled_event_id: 5 }");
    assert!(matches!(&started, EventKind::ActivityStarted { rest, .. } if rest.is_empty()), "{started:?}");

    let completed = read(
        "ACTIVITY_TASK_COMPLETED",
        "activity_task_completed_event_attributes {
            result {} scheduled_event_id: 5 started_event_id: 6 identity: 'i' }",
    );
    assert!(matches!(&completed, EventKind::ActivityCompleted(it) if it.rest.is_empty()), "{completed:?}");

    let failed = read(
        "ACTIVITY_TASK_FAILED",
        "activity_task_failed_event_attributes { failure {} scheduled_event_id: 5 started_event_id: 6
            identity: 'i' retry_state: RETRY_STATE_TIMEOUT }",
    );
    assert!(matches!(&failed, EventKind::ActivityFailed(it) if it.rest.is_empty()), "{failed:?}");

    let canceled = read(
        "ACTIVITY_TASK_CANCELED",
        "activity_task_canceled_event_attributes { details {} scheduled_event_id: 5 started_event_id: 6 identity: 'i' }",
    );
    assert!(matches!(&canceled, EventKind::ActivityCanceled(it) if it.rest.is_empty()), "{canceled:?}");

    let admitted = read(
        "WORKFLOW_EXECUTION_UPDATE_ADMITTED",
        "workflow_execution_update_admitted_event_attributes { request { meta { update_id: 'u' } input {} } }",
    );
    assert!(matches!(&admitted, EventKind::UpdateAdmitted(it) if it.rest.is_empty()), "{admitted:?}");

    let rejected = read(
        "WORKFLOW_EXECUTION_UPDATE_REJECTED",
        "workflow_execution_update_rejected_event_attributes { protocol_instance_id: 'u' }",
    );
    assert!(matches!(&rejected, EventKind::UpdateRejected(it) if it.rest.is_empty()), "{rejected:?}");
}

#[test]
fn nothing_with_a_word_stays_behind_of_children() {
    let initiated = read(
        "START_CHILD_WORKFLOW_EXECUTION_INITIATED",
        "start_child_workflow_execution_initiated_event_attributes {
            namespace: 'n' workflow_id: 'c' workflow_type { name: 'w' } input {}
            parent_close_policy: PARENT_CLOSE_POLICY_ABANDON workflow_task_completed_event_id: 4 }",
    );
    assert!(matches!(&initiated, EventKind::StartChildWorkflowInitiated(it) if it.rest.is_empty()), "{initiated:?}");

    let failed = read(
        "START_CHILD_WORKFLOW_EXECUTION_FAILED",
        "start_child_workflow_execution_failed_event_attributes {
            namespace: 'n' workflow_id: 'c' workflow_type { name: 'w' } initiated_event_id: 5
            cause: START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS }",
    );
    assert!(matches!(&failed, EventKind::StartChildWorkflowFailed(it) if it.rest.is_empty()), "{failed:?}");

    let child = "namespace: 'n' workflow_execution { workflow_id: 'c' run_id: 'r' } workflow_type { name: 'w' }
                 initiated_event_id: 5";
    let started = read(
        "CHILD_WORKFLOW_EXECUTION_STARTED",
        &format!("child_workflow_execution_started_event_attributes {{ {child} }}"),
    );
    assert!(matches!(&started, EventKind::ChildWorkflowStarted(it) if it.rest.is_empty()), "{started:?}");

    let ended = |event_type: &str, own: &str| {
        let word = event_type.to_lowercase();
        let text = format!("{word}_event_attributes {{ {child} started_event_id: 6 {own} }}");
        read(event_type, &text)
    };
    let completed = ended("CHILD_WORKFLOW_EXECUTION_COMPLETED", "result {}");
    assert!(matches!(&completed, EventKind::ChildWorkflowCompleted(it) if it.rest.is_empty()), "{completed:?}");
    let failed = ended("CHILD_WORKFLOW_EXECUTION_FAILED", "failure {} retry_state: RETRY_STATE_TIMEOUT");
    assert!(matches!(&failed, EventKind::ChildWorkflowFailed(it) if it.rest.is_empty()), "{failed:?}");
    let canceled = ended("CHILD_WORKFLOW_EXECUTION_CANCELED", "details {}");
    assert!(matches!(&canceled, EventKind::ChildWorkflowCanceled(it) if it.rest.is_empty()), "{canceled:?}");
    let timed_out = ended("CHILD_WORKFLOW_EXECUTION_TIMED_OUT", "retry_state: RETRY_STATE_TIMEOUT");
    assert!(matches!(&timed_out, EventKind::ChildWorkflowTimedOut(it) if it.rest.is_empty()), "{timed_out:?}");
    let terminated = ended("CHILD_WORKFLOW_EXECUTION_TERMINATED", "");
    assert!(matches!(&terminated, EventKind::ChildWorkflowTerminated(it) if it.rest.is_empty()), "{terminated:?}");
}

#[test]
fn nothing_with_a_word_stays_behind_of_other_workflows() {
    let other = "namespace: 'n' workflow_execution { workflow_id: 'o' run_id: 'r' }";
    let about = |event_type: &str, own: &str| {
        let word = event_type.to_lowercase();
        read(event_type, &format!("{word}_event_attributes {{ {other} {own} }}"))
    };
    let initiated = about(
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
        "signal_name: 's' input {} child_workflow_only: true header {} workflow_task_completed_event_id: 4",
    );
    assert!(
        matches!(&initiated, EventKind::SignalExternalWorkflowInitiated(it) if it.rest.is_empty()),
        "{initiated:?}"
    );
    let failed = about(
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED",
        "cause: SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND initiated_event_id: 5",
    );
    assert!(matches!(&failed, EventKind::SignalExternalWorkflowFailed(it) if it.rest.is_empty()), "{failed:?}");
    let signaled = about("EXTERNAL_WORKFLOW_EXECUTION_SIGNALED", "initiated_event_id: 5");
    assert!(matches!(&signaled, EventKind::ExternalWorkflowSignaled(it) if it.rest.is_empty()), "{signaled:?}");

    let initiated = about(
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
        "child_workflow_only: true reason: 'why' workflow_task_completed_event_id: 4",
    );
    assert!(
        matches!(&initiated, EventKind::RequestCancelExternalWorkflowInitiated(it) if it.rest.is_empty()),
        "{initiated:?}"
    );
    let failed = about(
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED",
        "cause: CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND initiated_event_id: 5",
    );
    assert!(matches!(&failed, EventKind::RequestCancelExternalWorkflowFailed(it) if it.rest.is_empty()), "{failed:?}");
    let requested = about("EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED", "initiated_event_id: 5");
    assert!(
        matches!(&requested, EventKind::ExternalWorkflowCancelRequested(it) if it.rest.is_empty()),
        "{requested:?}"
    );
}

#[test]
fn what_a_start_says_besides_is_read_where_it_is_asked_for() {
    let plain = "workflow_execution_started_event_attributes { workflow_type { name: 'w' } attempt: 1 }";
    let EventKind::WorkflowStarted(plain) = read("WORKFLOW_EXECUTION_STARTED", plain) else { unreachable!() };
    assert_eq!((plain.parent(), plain.root(), plain.priority(), plain.first_task_backoff()), (None, None, None, None));

    let text = "workflow_execution_started_event_attributes {
        workflow_type { name: 'w' } attempt: 1
        parent_workflow_namespace: 'n' parent_workflow_execution { workflow_id: 'p' run_id: 'q' }
        parent_initiated_event_id: 5 root_workflow_execution { workflow_id: 'r' run_id: 's' }
        priority { priority_key: 2 fairness_key: 'k' } first_workflow_task_backoff { seconds: 3 nanos: 4 } }";
    let EventKind::WorkflowStarted(started) = read("WORKFLOW_EXECUTION_STARTED", text) else { unreachable!() };
    let parent = started.parent().expect("it has one");
    assert_eq!(parent.namespace, "n");
    assert_eq!(parent.execution, WorkflowExecution { workflow_id: "p".into(), run_id: "q".into() });
    assert_eq!(parent.initiated, EventId::new(5));
    assert_eq!(started.root(), Some(WorkflowExecution { workflow_id: "r".into(), run_id: "s".into() }));
    let priority = Priority { key: 2, fairness_key: "k".to_owned(), fairness_weight: 0.0 };
    assert_eq!(started.priority(), Some(priority));
    assert_eq!(started.first_task_backoff(), Some(Duration::new(3, 4)));

    let mut written = plain.clone();
    written.set_parent(started.parent());
    written.set_root(started.root());
    written.set_priority(started.priority());
    written.set_first_task_backoff(started.first_task_backoff());
    assert_eq!(written, started);
    written.set_parent(None);
    written.set_root(None);
    written.set_priority(None);
    written.set_first_task_backoff(None);
    assert_eq!(written, plain);
}

#[test]
fn what_a_task_says_besides_is_read_where_it_is_asked_for() {
    let plain = "workflow_task_started_event_attributes { scheduled_event_id: 2 }";
    let EventKind::WorkflowTaskStarted(plain) = read("WORKFLOW_TASK_STARTED", plain) else { unreachable!() };
    assert_eq!((plain.continue_as_new_reasons(), plain.target_version_changed()), (Vec::new(), false));

    let text = "workflow_task_started_event_attributes { scheduled_event_id: 2
        suggest_continue_as_new_reasons: [2, 9] target_worker_deployment_version_changed: true }";
    let EventKind::WorkflowTaskStarted(started) = read("WORKFLOW_TASK_STARTED", text) else { unreachable!() };
    let reasons = [ContinueAsNewReason::TooManyHistoryEvents, ContinueAsNewReason::Other(9)];
    assert_eq!(started.continue_as_new_reasons(), reasons);
    assert!(started.target_version_changed());
    let mut written = plain.clone();
    written.set_continue_as_new_reasons(&reasons);
    written.set_target_version_changed(true);
    assert_eq!(written, started);

    let plain = "workflow_task_completed_event_attributes { scheduled_event_id: 2 }";
    let EventKind::WorkflowTaskCompleted(plain) = read("WORKFLOW_TASK_COMPLETED", plain) else { unreachable!() };
    assert_eq!(plain.deployment_version(), None);
    let text = "workflow_task_completed_event_attributes { scheduled_event_id: 2
        deployment_version { build_id: 'b' deployment_name: 'd' } }";
    let EventKind::WorkflowTaskCompleted(completed) = read("WORKFLOW_TASK_COMPLETED", text) else { unreachable!() };
    let version = WorkerDeploymentVersion { deployment_name: "d".to_owned(), build_id: "b".to_owned() };
    assert_eq!(completed.deployment_version(), Some(version));
    let mut written = plain.clone();
    written.set_deployment_version(completed.deployment_version());
    assert_eq!(written, completed);
    written.set_deployment_version(None);
    assert_eq!(written, plain);
}

#[test]
fn what_people_read_about_an_event_is_read_where_it_is_asked_for() {
    let metadata = |text: &str| {
        let text = format!("event_id: 7 event_time {{}} event_type: 1234 {text}");
        Event::try_from(parse::<HistoryEvent>("history.v1.HistoryEvent", &text)).expect("it is valid").user_metadata()
    };
    assert_eq!(metadata(""), UserMetadata::default());
    let said = metadata("user_metadata { summary { data: 'one line' } details { data: 'several' } }");
    assert_eq!(said.summary.map(|payload| payload.data), Some("one line".into()));
    assert_eq!(said.details.map(|payload| payload.data), Some("several".into()));
}

#[test]
fn a_queue_that_only_has_a_name_is_written_as_a_normal_one() {
    let text = "workflow_execution_started_event_attributes { workflow_type { name: 'w' } }";
    let EventKind::WorkflowStarted(mut started) = read("WORKFLOW_EXECUTION_STARTED", text) else { unreachable!() };
    started.task_queue = "orders".into();
    let written = write(EventKind::WorkflowStarted(started));
    let Attributes::WorkflowExecutionStartedEventAttributes(wire) = written else { panic!("{written:?}") };
    let queue = wire.task_queue.expect("it has a name");
    assert_eq!((queue.name.as_str(), queue.kind()), ("orders", TaskQueueKind::Normal));
}

#[test]
fn flags_need_no_metadata_to_be_written() {
    let text = "workflow_task_completed_event_attributes { scheduled_event_id: 2 }";
    let EventKind::WorkflowTaskCompleted(mut completed) = read("WORKFLOW_TASK_COMPLETED", text) else { unreachable!() };
    completed.core_flags = vec![1, 3];
    completed.language_flags = vec![2];
    let written = write(EventKind::WorkflowTaskCompleted(completed));
    let Attributes::WorkflowTaskCompletedEventAttributes(wire) = written else { panic!("{written:?}") };
    let metadata = wire.sdk_metadata.expect("it has flags");
    assert_eq!((metadata.core_used_flags, metadata.lang_used_flags), (vec![1, 3], vec![2]));
}

#[test]
fn of_a_timeout_nobody_and_nothing_else_is_written() {
    let text = "activity_task_timed_out_event_attributes { scheduled_event_id: 5 started_event_id: 6 failure {} }";
    let EventKind::ActivityTimedOut(mut timed_out) = read("ACTIVITY_TASK_TIMED_OUT", text) else { unreachable!() };
    assert!(timed_out.rest.is_empty());
    let before = write(EventKind::ActivityTimedOut(timed_out.clone()));
    timed_out.identity = "somebody".into();
    timed_out.rest = Opaque::default();
    assert_eq!(write(EventKind::ActivityTimedOut(timed_out)), before);
}
