//! What cannot be represented, with the words that say so. The cases are protobuf text.

mod children;
mod events;

use std::fmt::Debug;

use perpetua_proto::{
    command, common, failure,
    protocol::{self, message::SequencingId},
    update, workflowservice,
};
use perpetua_vocab::{Command, Failure, Malformed, Message, RetryPolicy, UpdateRequest, wire};

use crate::generate::parse;

/// Checks that each text, together with what is around it, is malformed in the words beside it.
fn check<W, T>(name: &str, around: &str, cases: &[[&str; 2]])
where
    W: prost::Message + Default,
    T: TryFrom<W, Error = Malformed> + Debug,
{
    for [text, expected] in cases {
        let malformed = T::try_from(parse(name, &format!("{around} {text}"))).expect_err(text);
        assert_eq!(malformed.to_string(), *expected, "{text}");
        assert!(expected.contains(malformed.field()), "{} is not in: {expected}", malformed.field());
    }
}

#[test]
fn failures_and_policies() {
    check::<failure::Failure, Failure>(
        "failure.v1.Failure",
        "",
        &[
            [
                "application_failure_info { next_retry_delay { nanos: -1 } }",
                "ApplicationFailureInfo.next_retry_delay is no duration: 0 s and -1 ns",
            ],
            [
                "cause { cause { activity_failure_info { scheduled_event_id: -1 } } }",
                "ActivityFailureInfo.scheduled_event_id is no event id: -1",
            ],
            [
                "child_workflow_execution_failure_info { initiated_event_id: -1 }",
                "ChildWorkflowExecutionFailureInfo.initiated_event_id is no event id: -1",
            ],
        ],
    );
    check::<common::RetryPolicy, RetryPolicy>(
        "common.v1.RetryPolicy",
        "",
        &[
            ["maximum_interval { seconds: -1 }", "RetryPolicy.maximum_interval is no duration: -1 s and 0 ns"],
            ["maximum_attempts: -1", "RetryPolicy.maximum_attempts is negative: -1"],
        ],
    );
}

#[test]
fn commands() {
    check::<command::Command, Command>(
        "command.v1.Command",
        "",
        &[
            ["command_type: COMMAND_TYPE_START_TIMER", "Command.attributes is missing"],
            [
                "command_type: COMMAND_TYPE_CANCEL_TIMER start_timer_command_attributes { timer_id: '1' }",
                "Command.command_type is 6, while the attributes are of StartTimer",
            ],
            [
                "command_type: COMMAND_TYPE_START_TIMER start_timer_command_attributes { timer_id: '1' }",
                "StartTimer.start_to_fire_timeout is missing",
            ],
            [
                "command_type: COMMAND_TYPE_CANCEL_TIMER cancel_timer_command_attributes {}
                 event_group_markers {}",
                "Command.event_group_markers cannot be represented",
            ],
            [
                "command_type: COMMAND_TYPE_CANCEL_TIMER cancel_timer_command_attributes {}",
                "CancelTimer.timer_id is missing",
            ],
            [
                "command_type: COMMAND_TYPE_PROTOCOL_MESSAGE protocol_message_command_attributes {}",
                "ProtocolMessage.message_id is missing",
            ],
            [
                "command_type: COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION fail_workflow_execution_command_attributes {}",
                "FailWorkflowExecution.failure is missing",
            ],
            [
                "command_type: COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK
                 request_cancel_activity_task_command_attributes {}",
                "RequestCancelActivityTask.scheduled_event_id is no event id: 0",
            ],
            [
                "command_type: COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION schedule_nexus_operation_command_attributes {}",
                "Command.attributes are of COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION, which cannot be represented",
            ],
        ],
    );
}

#[test]
fn commands_about_other_workflows_and_notes() {
    check::<command::Command, Command>(
        "command.v1.Command",
        "",
        &[
            [
                "command_type: COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION
                 start_child_workflow_execution_command_attributes { workflow_type { name: 'w' } }",
                "StartChildWorkflowExecution.workflow_id is missing",
            ],
            [
                "command_type: COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION
                 start_child_workflow_execution_command_attributes { workflow_id: 'c' }",
                "StartChildWorkflowExecution.workflow_type is missing",
            ],
            [
                "command_type: COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION
                 start_child_workflow_execution_command_attributes {
                    workflow_id: 'c' workflow_type { name: 'w' } workflow_run_timeout { seconds: -1 } }",
                "StartChildWorkflowExecution.workflow_run_timeout is no duration: -1 s and 0 ns",
            ],
            [
                "command_type: COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION
                 signal_external_workflow_execution_command_attributes { signal_name: 's' }",
                "SignalExternalWorkflowExecution.execution is missing",
            ],
            [
                "command_type: COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION
                 signal_external_workflow_execution_command_attributes { execution { workflow_id: 'o' } }",
                "SignalExternalWorkflowExecution.signal_name is missing",
            ],
            [
                "command_type: COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION
                 request_cancel_external_workflow_execution_command_attributes { run_id: 'r' }",
                "RequestCancelExternalWorkflowExecution.workflow_id is missing",
            ],
            [
                "command_type: COMMAND_TYPE_RECORD_MARKER record_marker_command_attributes {}",
                "RecordMarker.marker_name is missing",
            ],
            [
                "command_type: COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
                 upsert_workflow_search_attributes_command_attributes {}",
                "UpsertWorkflowSearchAttributes.search_attributes is missing",
            ],
            [
                "command_type: COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES
                 modify_workflow_properties_command_attributes {}",
                "ModifyWorkflowProperties.upserted_memo is missing",
            ],
        ],
    );
}

#[test]
fn parts_of_commands_without_a_word() {
    let activity = |part: &str| {
        format!("schedule_activity_task_command_attributes {{ activity_id: '1' activity_type {{ name: 'a' }} {part} }}")
    };
    let text = format!("command_type: COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK {}", activity("use_workflow_build_id: true"));
    let expected = "ScheduleActivityTask.use_workflow_build_id cannot be represented";
    check::<command::Command, Command>("command.v1.Command", "", &[[&text, expected]]);
    for part in ["kind: TASK_QUEUE_KIND_STICKY", "normal_name: 'q'", "kind: 77"] {
        let part = format!("task_queue {{ name: 'q' {part} }}");
        let text = format!("command_type: COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK {}", activity(&part));
        let expected = "ScheduleActivityTask.task_queue is no normal queue";
        check::<command::Command, Command>("command.v1.Command", "", &[[&text, expected]]);
    }
    for part in [
        "initiator: CONTINUE_AS_NEW_INITIATOR_RETRY",
        "failure {}",
        "last_completion_result {}",
        "cron_schedule: '* * * * *'",
        "inherit_build_id: true",
    ] {
        let text = format!(
            "command_type: COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION
             continue_as_new_workflow_execution_command_attributes {{ workflow_type {{ name: 'w' }} {part} }}"
        );
        let field = part.split([':', ' ']).next().unwrap_or_default();
        let expected = format!("ContinueAsNewWorkflowExecution.{field} cannot be represented");
        check::<command::Command, Command>("command.v1.Command", "", &[[&text, &expected]]);
    }
    for part in ["control: 'c'", "inherit_build_id: true", "versioning_override {}"] {
        let text = format!(
            "command_type: COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION
             start_child_workflow_execution_command_attributes {{
                workflow_id: 'c' workflow_type {{ name: 'w' }} {part} }}"
        );
        let field = part.split([':', ' ']).next().unwrap_or_default();
        let expected = format!("StartChildWorkflowExecution.{field} cannot be represented");
        check::<command::Command, Command>("command.v1.Command", "", &[[&text, &expected]]);
    }
    check::<command::Command, Command>(
        "command.v1.Command",
        "",
        &[
            [
                "command_type: COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION
                 signal_external_workflow_execution_command_attributes { control: 'c' }",
                "SignalExternalWorkflowExecution.control cannot be represented",
            ],
            [
                "command_type: COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION
                 request_cancel_external_workflow_execution_command_attributes { control: 'c' }",
                "RequestCancelExternalWorkflowExecution.control cannot be represented",
            ],
        ],
    );
}

fn message(body: &str, content: &impl prost::Message) -> protocol::Message {
    let type_url = format!("type.googleapis.com/temporal.api.update.v1.{body}");
    protocol::Message {
        id: "m".to_owned(),
        protocol_instance_id: "u".to_owned(),
        body: Some(perpetua_proto::protobuf::Any { type_url, value: content.encode_to_vec().into() }),
        sequencing_id: Some(SequencingId::EventId(3)),
    }
}

#[test]
fn messages() {
    let request: update::Request = parse("update.v1.Request", "meta { update_id: 'u' } input { name: 'n' }");
    let good = message("Request", &request);
    assert!(Message::try_from(good.clone()).is_ok());
    let garbage =
        perpetua_proto::protobuf::Any { value: vec![0xFF; 3].into(), ..good.body.clone().unwrap_or_default() };
    let acceptance = update::Acceptance {
        accepted_request: Some(request.clone()),
        accepted_request_sequencing_event_id: -1,
        ..Default::default()
    };
    let rejection = update::Rejection { rejected_request: Some(request), ..Default::default() };
    let of_another: update::Response = parse("update.v1.Response", "meta { update_id: 'v' } outcome { success {} }");
    let without_outcome: update::Response = parse("update.v1.Response", "meta { update_id: 'u' }");

    let cases = [
        (protocol::Message { id: String::new(), ..good.clone() }, "Message.id is missing"),
        (
            protocol::Message { protocol_instance_id: String::new(), ..good.clone() },
            "message m: Message.protocol_instance_id is missing",
        ),
        (protocol::Message { body: None, ..good.clone() }, "message m: Message.body is missing"),
        (
            protocol::Message { sequencing_id: Some(SequencingId::EventId(0)), ..good.clone() },
            "message m: Message.event_id is no event id: 0",
        ),
        (
            protocol::Message { sequencing_id: Some(SequencingId::CommandIndex(1)), ..good.clone() },
            "message m: Message.command_index is given where only event ids are used",
        ),
        (
            message("Revocation", &update::Request::default()),
            "message m: Message.body is of no known type: \"type.googleapis.com/temporal.api.update.v1.Revocation\"",
        ),
        (message("Request", &update::Request::default()), "message m: update.Request.meta is missing"),
        (
            message("Request", &parse::<update::Request>("update.v1.Request", "meta {} input {}")),
            "message m: update.Request.meta.update_id is missing",
        ),
        (
            message("Request", &parse::<update::Request>("update.v1.Request", "meta { update_id: 'u' }")),
            "message m: update.Request.input is missing",
        ),
        (message("Acceptance", &update::Acceptance::default()), "message m: Acceptance.accepted_request is missing"),
        (
            message("Acceptance", &acceptance),
            "message m: Acceptance.accepted_request_sequencing_event_id is no event id: -1",
        ),
        (message("Rejection", &update::Rejection::default()), "message m: Rejection.rejected_request is missing"),
        (message("Rejection", &rejection), "message m: Rejection.failure is missing"),
        (message("Response", &update::Response::default()), "message m: Response.meta is missing"),
        (message("Response", &without_outcome), "message m: Response.outcome is missing"),
        (
            message("Response", &of_another),
            "message m: Response.meta.update_id is \"v\", while the message is about \"u\"",
        ),
    ];
    for (wire, expected) in cases {
        let malformed = Message::try_from(wire).expect_err(expected);
        assert_eq!(malformed.to_string(), expected);
        assert!(expected.contains(malformed.field()), "{} is not in: {expected}", malformed.field());
    }

    let malformed = Message::try_from(protocol::Message { body: Some(garbage), ..good }).expect_err("garbage");
    assert!(malformed.to_string().starts_with("message m: Message.body does not decode: "), "{malformed}");
}

#[test]
fn requests_keep_what_has_no_word() {
    let text = "meta { update_id: 'u' } input { name: 'n' } request_id: 'r' links { workflow { namespace: 'ns' } }";
    let wire: update::Request = parse("update.v1.Request", text);
    let request = UpdateRequest::try_from(wire.clone()).expect("it is valid");
    assert!(request.rest.is_some());
    assert_eq!(update::Request::from(request), wire);
}

#[test]
fn workflow_tasks_keep_their_token() {
    let name = "workflowservice.v1.PollWorkflowTaskQueueResponse";
    let cases = [
        ["", "PollWorkflowTaskQueueResponse.workflow_execution is missing"],
        ["workflow_execution {}", "PollWorkflowTaskQueueResponse.workflow_type is missing"],
        [
            "workflow_execution {} workflow_type { name: 'w' } previous_started_event_id: -1",
            "PollWorkflowTaskQueueResponse.previous_started_event_id is no event id: -1",
        ],
        [
            "workflow_execution {} workflow_type { name: 'w' } started_event_id: -1",
            "PollWorkflowTaskQueueResponse.started_event_id is no event id: -1",
        ],
        [
            "workflow_execution {} workflow_type { name: 'w' } history { events { event_id: 3 } }",
            "event 3: HistoryEvent.event_time is missing",
        ],
        [
            "workflow_execution {} workflow_type { name: 'w' } messages { id: 'm' }",
            "message m: Message.protocol_instance_id is missing",
        ],
    ];
    for [text, expected] in cases {
        let poll: workflowservice::PollWorkflowTaskQueueResponse = parse(name, &format!("task_token: 't' {text}"));
        let bad = wire::workflow_task(poll).expect_err(text);
        assert_eq!((bad.token.0.as_ref(), bad.only_query), (b"t".as_ref(), false));
        assert_eq!(bad.malformed.to_string(), expected);
        let source = std::error::Error::source(&bad).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some(expected));
    }
    let poll: workflowservice::PollWorkflowTaskQueueResponse = parse(name, "task_token: 't' query {}");
    assert!(wire::workflow_task(poll).expect_err("nothing but a query").only_query);
}

#[test]
fn activity_tasks_keep_their_token() {
    let name = "workflowservice.v1.PollActivityTaskQueueResponse";
    let cases = [
        ["", "PollActivityTaskQueueResponse.activity_id is missing"],
        ["activity_id: '1'", "PollActivityTaskQueueResponse.activity_type is missing"],
        [
            "activity_id: '1' activity_type { name: 'a' } heartbeat_timeout { seconds: -1 }",
            "PollActivityTaskQueueResponse.heartbeat_timeout is no duration: -1 s and 0 ns",
        ],
        [
            "activity_id: '1' activity_type { name: 'a' } scheduled_time { nanos: 2000000000 }",
            "PollActivityTaskQueueResponse.scheduled_time is no point in time: 0 s and 2000000000 ns",
        ],
        [
            "activity_id: '1' activity_type { name: 'a' } retry_policy { maximum_attempts: -1 }",
            "RetryPolicy.maximum_attempts is negative: -1",
        ],
    ];
    for [text, expected] in cases {
        let poll: workflowservice::PollActivityTaskQueueResponse = parse(name, &format!("task_token: 't' {text}"));
        let bad = wire::activity_task(poll).expect_err(text);
        assert_eq!((bad.token.0.as_ref(), bad.malformed.to_string().as_str()), (b"t".as_ref(), expected));
    }
}
