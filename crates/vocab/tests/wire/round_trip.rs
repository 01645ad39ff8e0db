//! What is read is written again as it was.

use std::collections::BTreeSet;

use perpetua_proto::{
    command::{self, command::Attributes as CommandAttributes},
    enums::{CommandType, EventType, TaskQueueKind},
    failure,
    history::{History, HistoryEvent, history_event},
    protocol::{self, message::SequencingId},
    query, sdk, taskqueue, update,
    workflowservice::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
};
use perpetua_vocab::{
    ActivityTask, Command, CommandKind, Event, EventKind, Failure, Message, TaskToken, WorkflowTask, wire,
};
use prost::Message as _;

use crate::generate::{Dice, Mood, event_type, fields_set, random, random_event, typed_event, variants};

/// How many messages of each kind.
const MANY: u64 = 60;

const EVENT: &str = "history.v1.HistoryEvent";
const COMMAND: &str = "command.v1.Command";

#[test]
fn events_of_every_kind_are_written_as_they_were_read() {
    let variants = variants(EVENT);
    assert_eq!(
        variants.len(),
        60,
        "a new kind of event: give it a word, or see that it stays whole, and count it here"
    );
    let mut with_extra = 0;
    let mut worded = BTreeSet::new();
    for variant in &variants {
        let mut seen = BTreeSet::new();
        for seed in 0..MANY {
            let generated = random_event(variant, &mut Dice::seeded(seed), Mood::Valid);
            seen.extend(fields_set(generated.get_field(variant).as_message().expect("attributes are a message")));

            let wire = typed_event(&generated);
            let event = Event::try_from(wire.clone())
                .unwrap_or_else(|malformed| panic!("{} seed {seed}: {malformed}", variant.name()));
            assert_eq!(event.kind.name(), format!("{:?}", event_type(variant)));
            if !matches!(event.kind, EventKind::Other(_)) {
                worded.insert(variant.name().to_owned());
            }
            with_extra += u64::from(event.extra.is_some());
            assert_eq!(HistoryEvent::from(event), wire, "{} seed {seed}", variant.name());
        }
        let attributes = variant.kind();
        let fields = attributes.as_message().expect("attributes are a message").fields();
        for field in fields {
            assert!(seen.contains(field.full_name()), "{} was never set, so nothing is known of it", field.full_name());
        }
    }
    assert_eq!(worded.len(), 45, "kinds of events with a word");
    assert!((1..MANY * 60).contains(&with_extra), "events with and without extra parts");
}

#[test]
fn an_event_without_extra_parts_has_none() {
    let wire = HistoryEvent {
        event_id: 7,
        event_time: Some(perpetua_proto::protobuf::Timestamp { seconds: 1, nanos: 2 }),
        event_type: EventType::WorkflowTaskScheduled.into(),
        attributes: Some(history_event::Attributes::WorkflowTaskScheduledEventAttributes(Default::default())),
        ..Default::default()
    };
    let event = Event::try_from(wire.clone()).expect("nothing is malformed");
    assert_eq!(event.extra, None);
    let with_metadata = HistoryEvent { user_metadata: Some(Box::new(sdk::UserMetadata::default())), ..wire };
    let event = Event::try_from(with_metadata.clone()).expect("nothing is malformed");
    assert!(event.extra.is_some());
    assert_eq!(HistoryEvent::from(event), with_metadata);
}

#[test]
fn an_event_of_an_unknown_type_keeps_its_number() {
    let wire = HistoryEvent {
        event_id: 7,
        event_time: Some(perpetua_proto::protobuf::Timestamp { seconds: 1, nanos: 2 }),
        event_type: 1234,
        worker_may_ignore: true,
        ..Default::default()
    };
    let event = Event::try_from(wire.clone()).expect("nothing is malformed");
    let EventKind::Other(other) = &event.kind else { panic!("{:?}", event.kind) };
    assert_eq!((other.event_type, other.name.as_str(), other.task_completed), (1234, "", None));
    assert_eq!(HistoryEvent::from(event), wire);
}

#[test]
fn what_commands_and_answers_produce_answers_a_task_and_nothing_else_does() {
    let always = [
        "workflow_execution_completed",
        "workflow_execution_failed",
        "workflow_execution_canceled",
        "activity_task_scheduled",
        "activity_task_cancel_requested",
        "timer_started",
        "timer_canceled",
        "workflow_execution_update_accepted",
        "workflow_execution_update_completed",
        "workflow_execution_update_rejected",
        "start_child_workflow_execution_initiated",
        "signal_external_workflow_execution_initiated",
        "request_cancel_external_workflow_execution_initiated",
        "marker_recorded",
        "upsert_workflow_search_attributes",
        "workflow_properties_modified",
    ];
    // A server may write the first by itself; the others have no word and may leave the task out.
    let sometimes =
        ["workflow_execution_continued_as_new", "nexus_operation_scheduled", "nexus_operation_cancel_requested"];
    for variant in variants(EVENT) {
        let stem = variant.name().trim_end_matches("_event_attributes").to_owned();
        let mut answers = BTreeSet::new();
        for seed in 0..MANY {
            let event = Event::try_from(typed_event(&random_event(&variant, &mut Dice::seeded(seed), Mood::Valid)));
            answers.insert(event.expect("it is valid").answers_task());
        }
        let expected = match stem.as_str() {
            stem if always.contains(&stem) => BTreeSet::from([true]),
            stem if sometimes.contains(&stem) => BTreeSet::from([false, true]),
            _ => BTreeSet::from([false]),
        };
        assert_eq!(answers, expected, "{stem}");
    }
}

#[test]
fn failures_are_written_as_they_were_read() {
    let mut deepest = 0;
    for seed in 0..MANY * 10 {
        let wire: failure::Failure = random("failure.v1.Failure", &mut Dice::seeded(seed), Mood::Valid);
        let failure = Failure::try_from(wire.clone()).unwrap_or_else(|malformed| panic!("seed {seed}: {malformed}"));
        deepest = deepest.max(failure.chain().count());
        assert_eq!(failure::Failure::from(failure), wire, "seed {seed}");
    }
    assert!(deepest > 3, "causes of causes");
}

#[test]
fn commands_with_a_word_are_written_as_they_were_read() {
    let variants = variants(COMMAND);
    assert_eq!(
        variants.len(),
        17,
        "a new kind of command: give it a word, or see that it is refused, and count it here"
    );
    let (mut refused, mut eager) = (BTreeSet::new(), BTreeSet::new());
    for variant in &variants {
        for seed in 0..MANY {
            let wire = random_command(variant.name(), &mut Dice::seeded(seed), Mood::Valid);
            match Command::try_from(wire.clone()) {
                Ok(command) => {
                    let name = command.kind.name().to_owned();
                    eager.insert(matches!(command.kind, CommandKind::StartActivityEagerly(_)));
                    assert_eq!(name, format!("{:?}", wire.command_type()));
                    assert_eq!(command::Command::from(command), wire, "{name} seed {seed}");
                }
                Err(malformed) => {
                    assert_eq!(malformed.field(), "Command.attributes", "{} seed {seed}: {malformed}", variant.name());
                    assert!(malformed.to_string().contains(wire.command_type().as_str_name()), "{malformed}");
                    refused.insert(variant.name().to_owned());
                }
            }
        }
    }
    assert_eq!(eager.len(), 2, "activities that are and that are not to be handed over with the response");
    assert_eq!(refused.len(), 2, "kinds of commands without a word: {refused:?}");
}

/// A command of this kind, with what means the same brought into the form that we write.
#[expect(deprecated, reason = "what is deprecated has no word")]
pub(crate) fn random_command(variant: &str, dice: &mut Dice, mood: Mood) -> command::Command {
    let descriptor = crate::generate::descriptor(COMMAND);
    let field = descriptor.get_field_by_name(variant).expect("it is a variant");
    let kind = field.kind();
    let attributes = crate::generate::fill(kind.as_message().expect("attributes are a message"), dice, mood, 1);
    let mut generated = crate::generate::fill(&descriptor, dice, mood, 0);
    generated.set_field(&field, prost_reflect::Value::Message(attributes));
    let mut wire: command::Command = crate::generate::typed(&generated);

    let stem = variant.strip_suffix("_command_attributes").expect("the names of commands end so");
    let name = format!("COMMAND_TYPE_{}", stem.to_uppercase());
    wire.command_type = CommandType::from_str_name(&name).expect("each kind has a type").into();
    wire.event_group_markers.clear();
    wire.user_metadata = wire.user_metadata.take().filter(|metadata| **metadata != sdk::UserMetadata::default());
    match &mut wire.attributes {
        Some(CommandAttributes::ScheduleActivityTaskCommandAttributes(wire)) => {
            wire.use_workflow_build_id = false;
            wire.input = wire.input.take().filter(|input| !input.payloads.is_empty());
            wire.header = wire.header.take().filter(|header| !header.fields.is_empty());
            wire.task_queue = normal(wire.task_queue.take());
        }
        Some(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(wire)) => {
            **wire = command::ContinueAsNewWorkflowExecutionCommandAttributes {
                workflow_type: wire.workflow_type.take(),
                task_queue: normal(wire.task_queue.take()),
                input: wire.input.take().filter(|input| !input.payloads.is_empty()),
                workflow_run_timeout: wire.workflow_run_timeout,
                workflow_task_timeout: wire.workflow_task_timeout,
                retry_policy: wire.retry_policy.take(),
                backoff_start_interval: wire.backoff_start_interval,
                initial_versioning_behavior: wire.initial_versioning_behavior,
                header: wire.header.take().filter(|header| !header.fields.is_empty()),
                memo: wire.memo.take(),
                search_attributes: wire.search_attributes.take(),
                ..Default::default()
            };
        }
        Some(CommandAttributes::StartChildWorkflowExecutionCommandAttributes(wire)) => {
            wire.control.clear();
            wire.inherit_build_id = false;
            wire.versioning_override = None;
            wire.input = wire.input.take().filter(|input| !input.payloads.is_empty());
            wire.header = wire.header.take().filter(|header| !header.fields.is_empty());
            wire.task_queue = normal(wire.task_queue.take());
        }
        Some(CommandAttributes::SignalExternalWorkflowExecutionCommandAttributes(wire)) => {
            wire.control.clear();
            wire.input = wire.input.take().filter(|input| !input.payloads.is_empty());
            wire.header = wire.header.take().filter(|header| !header.fields.is_empty());
        }
        Some(CommandAttributes::RequestCancelExternalWorkflowExecutionCommandAttributes(wire)) => {
            wire.control.clear();
        }
        Some(CommandAttributes::RecordMarkerCommandAttributes(wire)) => {
            wire.header = wire.header.take().filter(|header| !header.fields.is_empty());
        }
        _ => {}
    }
    wire
}

fn normal(queue: Option<taskqueue::TaskQueue>) -> Option<taskqueue::TaskQueue> {
    let name = queue?.name;
    let kind = TaskQueueKind::Normal.into();
    if name.is_empty() { None } else { Some(taskqueue::TaskQueue { name, kind, normal_name: String::new() }) }
}

#[test]
fn messages_are_written_as_they_were_read() {
    for seed in 0..MANY * 4 {
        let wire = random_message(&mut Dice::seeded(seed), Mood::Valid);
        let message = Message::try_from(wire.clone()).unwrap_or_else(|malformed| panic!("seed {seed}: {malformed}"));
        assert_eq!(protocol::Message::from(message), wire, "seed {seed}");
    }
}

/// A message of the update protocol with one of the four bodies.
pub(crate) fn random_message(dice: &mut Dice, mood: Mood) -> protocol::Message {
    let mut meta: update::Meta = random("update.v1.Meta", dice, mood);
    let update_id = format!("update-{}", meta.update_id);
    meta.update_id.clone_from(&update_id);
    let (name, value) = match dice.below(4) {
        0 => ("Request", random::<update::Request>("update.v1.Request", dice, mood).encode_to_vec()),
        1 => ("Acceptance", random::<update::Acceptance>("update.v1.Acceptance", dice, mood).encode_to_vec()),
        2 => ("Rejection", random::<update::Rejection>("update.v1.Rejection", dice, mood).encode_to_vec()),
        _ => {
            let response: update::Response = random("update.v1.Response", dice, mood);
            ("Response", update::Response { meta: Some(meta), ..response }.encode_to_vec())
        }
    };
    let type_url = format!("type.googleapis.com/temporal.api.update.v1.{name}");
    protocol::Message {
        id: format!("message-{}", dice.below(1000)),
        protocol_instance_id: update_id,
        body: Some(perpetua_proto::protobuf::Any { type_url, value: value.into() }),
        sequencing_id: dice.chance(50).then(|| SequencingId::EventId(dice.below(1000).cast_signed() + 1)),
    }
}

#[test]
fn a_message_is_known_by_its_type_whatever_host_names_it() {
    let mut wire = random_message(&mut Dice::seeded(1), Mood::Valid);
    let canonical = wire.clone();
    let body = wire.body.as_mut().expect("it has one");
    body.type_url = body.type_url.replace("type.googleapis.com", "example.com/types");
    let message = Message::try_from(wire).expect("the last part counts");
    assert_eq!(protocol::Message::from(message), canonical);
}

#[test]
fn a_workflow_task_has_everything_that_the_poll_brought() {
    let events = variants(EVENT);
    for seed in 0..MANY {
        let dice = &mut Dice::seeded(seed);
        let mut poll: PollWorkflowTaskQueueResponse =
            random("workflowservice.v1.PollWorkflowTaskQueueResponse", dice, Mood::Valid);
        poll.history = Some(History {
            events: events.iter().take(5).map(|kind| typed_event(&random_event(kind, dice, Mood::Valid))).collect(),
        });
        poll.messages = (0..3).map(|_| random_message(dice, Mood::Valid)).collect();
        let task = wire::workflow_task(poll.clone()).expect("it is valid").expect("there is a token");
        let WorkflowTask {
            token: TaskToken(token),
            execution,
            workflow_type,
            previous_started,
            started,
            attempt,
            history,
            next_page,
            query,
            queries,
            messages,
        } = task;
        assert_eq!(token, poll.task_token);
        assert_eq!(poll.workflow_execution, Some(execution.into()));
        assert_eq!(poll.workflow_type, Some(workflow_type.into()));
        assert_eq!(previous_started.map_or(0, |event| event.to_wire()), poll.previous_started_event_id);
        assert_eq!(started.map_or(0, |event| event.to_wire()), poll.started_event_id);
        assert_eq!(attempt, u32::try_from(poll.attempt).unwrap_or(0).max(1));
        assert_eq!(next_page, poll.next_page_token);
        assert_eq!(query.map(query::WorkflowQuery::from), poll.query);
        assert!(queries.into_iter().map(|(id, query)| (id.0, query.into())).eq(poll.queries));
        assert!(messages.into_iter().map(protocol::Message::from).eq(poll.messages));
        assert!(history.into_iter().map(HistoryEvent::from).eq(poll.history.expect("it was given").events));
    }
}

#[test]
fn an_activity_task_has_everything_that_the_poll_brought() {
    for seed in 0..MANY {
        let name = "workflowservice.v1.PollActivityTaskQueueResponse";
        let poll: PollActivityTaskQueueResponse = random(name, &mut Dice::seeded(seed), Mood::Valid);
        let extra = wire::activity_task_extra(&poll);
        assert_eq!(extra.priority.map(Into::into), poll.priority);
        assert_eq!(extra.run.unwrap_or_default().as_str(), poll.activity_run_id);
        let task = wire::activity_task(poll.clone()).expect("it is valid").expect("there is a token");
        let ActivityTask {
            token: TaskToken(token),
            workflow_namespace,
            workflow_type,
            execution,
            activity,
            activity_type,
            input,
            header,
            heartbeat_details,
            scheduled,
            attempt_scheduled,
            started,
            attempt,
            schedule_to_close,
            start_to_close,
            heartbeat,
            retry_policy,
        } = task;
        assert_eq!(token, poll.task_token);
        assert_eq!(workflow_namespace.as_str(), poll.workflow_namespace);
        assert_eq!(workflow_type.as_str(), poll.workflow_type.unwrap_or_default().name);
        assert_eq!(poll.workflow_execution.unwrap_or_default(), execution.into());
        assert_eq!(activity.as_str(), poll.activity_id);
        assert_eq!(poll.activity_type, Some(activity_type.into()));
        assert_eq!(input.map(wire::encode_payloads), poll.input);
        assert_eq!(header.map(wire::encode_header), poll.header);
        assert_eq!(heartbeat_details.map(wire::encode_payloads), poll.heartbeat_details);
        assert_eq!(scheduled.map(Into::into), poll.scheduled_time);
        assert_eq!(attempt_scheduled.map(Into::into), poll.current_attempt_scheduled_time);
        assert_eq!(started.map(Into::into), poll.started_time);
        assert_eq!(attempt, u32::try_from(poll.attempt).unwrap_or(0).max(1));
        assert_eq!(schedule_to_close.map(wire::encode_duration), poll.schedule_to_close_timeout);
        assert_eq!(start_to_close.map(wire::encode_duration), poll.start_to_close_timeout);
        assert_eq!(heartbeat.map(wire::encode_duration), poll.heartbeat_timeout);
        assert_eq!(retry_policy.map(Into::into), poll.retry_policy);
    }
}

#[test]
fn a_poll_that_ended_without_a_task_is_none() {
    let workflow = PollWorkflowTaskQueueResponse { poller_group_id: "p".to_owned(), ..Default::default() };
    assert_eq!(wire::workflow_task(workflow), Ok(None));
    assert_eq!(wire::activity_task(PollActivityTaskQueueResponse::default()), Ok(None));
}
