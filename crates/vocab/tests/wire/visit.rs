//! Every payload that a codec must see is visited, once, in a fixed order.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_proto::{
    command, common, failure,
    history::{self, HistoryEvent, history_event::Attributes},
    protocol, sdk, update,
    workflowservice::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
};
use perpetua_vocab::{
    Command, CommandKind, Event, EventId, EventKind, Failure, Message, Outcome, Payload, PropertiesModified,
    QueryAnswer, RecordMarker, VisitPayloads, wire,
};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value};

use crate::{
    generate::{Dice, Mood, descriptor, fill, random, random_event, reflected, typed, typed_event, variants},
    round_trip::{random_command, random_message},
};

/// What codecs leave alone, with all that is in it.
const LEFT_ALONE: [&str; 3] =
    ["temporal.api.common.v1.SearchAttributes", "temporal.api.common.v1.Header", "temporal.api.common.v1.Callback"];

/// Marks every payload that a codec must see, by reflection; says how many.
fn mark_by_reflection(message: &mut DynamicMessage) -> usize {
    let descriptor = message.descriptor();
    if LEFT_ALONE.contains(&descriptor.full_name()) {
        return 0;
    }
    if descriptor.full_name() == "temporal.api.common.v1.Payload" {
        let metadata = message.get_field_by_name_mut("metadata").and_then(Value::as_map_mut).expect("payloads have it");
        metadata.insert(MapKey::String("seen".to_owned()), Value::Bytes(Bytes::from_static(b"once")));
        return 1;
    }
    message.fields_mut().map(|(_, value)| mark_value(value)).sum()
}

fn mark_value(value: &mut Value) -> usize {
    match value {
        Value::Message(message) => mark_by_reflection(message),
        Value::List(values) => values.iter_mut().map(mark_value).sum(),
        Value::Map(values) => values.values_mut().map(mark_value).sum(),
        _ => 0,
    }
}

/// Marks every payload that is visited; says how many.
fn mark_by_visit(something: &mut impl VisitPayloads) -> usize {
    let mut visited = 0;
    something.visit_payloads(&mut |payload| {
        visited += 1;
        let before = payload.metadata.insert("seen".to_owned(), Bytes::from_static(b"once"));
        assert_eq!(before, None, "visited twice");
    });
    visited
}

#[test]
fn every_payload_of_every_event_is_visited_once() {
    for variant in variants("history.v1.HistoryEvent") {
        for seed in 0..60 {
            let mut generated = random_event(&variant, &mut Dice::seeded(seed), Mood::Valid);
            let mut event = Event::try_from(typed_event(&generated)).expect("it is valid");
            let visited = mark_by_visit(&mut event);
            let expected = mark_by_reflection(&mut generated);
            let what = format!("{} seed {seed}", variant.name());
            assert_eq!(visited, expected, "{what}");
            assert_eq!(HistoryEvent::from(event), typed_event(&generated), "{what}");
        }
    }
}

#[test]
fn every_payload_of_every_command_is_visited_once() {
    let mut total = 0;
    for variant in variants("command.v1.Command") {
        for seed in 0..60 {
            let wire = random_command(variant.name(), &mut Dice::seeded(seed), Mood::Valid);
            let Ok(mut command) = Command::try_from(wire.clone()) else { continue };
            let mut generated = reflected("command.v1.Command", &wire.encode_to_vec());
            let visited = mark_by_visit(&mut command);
            assert_eq!(visited, mark_by_reflection(&mut generated), "{} seed {seed}", variant.name());
            assert_eq!(command::Command::from(command), typed(&generated), "{} seed {seed}", variant.name());
            total += visited;
        }
    }
    assert!(total > 100, "{total} payloads");
}

#[test]
fn every_payload_of_every_message_is_visited_once() {
    let mut total = 0;
    for seed in 0..300 {
        let wire = random_message(&mut Dice::seeded(seed), Mood::Valid);
        let mut message = Message::try_from(wire.clone()).expect("it is valid");
        let visited = mark_by_visit(&mut message);

        let body = wire.body.expect("it has one");
        let name = body.type_url.trim_start_matches("type.googleapis.com/temporal.api.");
        let mut generated = reflected(name, &body.value);
        assert_eq!(visited, mark_by_reflection(&mut generated), "seed {seed}");

        let back = protocol::Message::from(message).body.expect("it has one");
        assert_eq!(reflected(name, &back.value), generated, "seed {seed}");
        total += visited;
    }
    assert!(total > 100, "{total} payloads");
}

#[test]
fn every_payload_of_a_task_is_visited_once() {
    let events = variants("history.v1.HistoryEvent");
    for seed in 0..60 {
        let dice = &mut Dice::seeded(seed);
        let mut poll: PollWorkflowTaskQueueResponse =
            random("workflowservice.v1.PollWorkflowTaskQueueResponse", dice, Mood::Valid);
        let mut generated: Vec<_> = events.iter().map(|kind| random_event(kind, dice, Mood::Valid)).collect();
        poll.history.get_or_insert_default().events = generated.iter().map(typed_event).collect();
        poll.messages = (0..2).map(|_| random_message(dice, Mood::Valid)).collect();

        let mut expected: usize = generated.iter_mut().map(mark_by_reflection).sum();
        for query in poll.queries.values().chain(&poll.query) {
            expected += query.query_args.as_ref().map_or(0, |arguments| arguments.payloads.len());
        }
        for message in &poll.messages {
            expected += mark_by_visit(&mut Message::try_from(message.clone()).expect("it is valid"));
        }
        let mut task = wire::workflow_task(poll).expect("it is valid").expect("there is a token");
        assert_eq!(mark_by_visit(&mut task), expected, "seed {seed}");
    }
}

#[test]
fn every_payload_of_an_activity_task_is_visited_once() {
    let name = "workflowservice.v1.PollActivityTaskQueueResponse";
    for seed in 0..60 {
        let mut generated = fill(&descriptor(name), &mut Dice::seeded(seed), Mood::Valid, 0);
        let poll: PollActivityTaskQueueResponse = typed(&generated);
        let mut task = wire::activity_task(poll).expect("it is valid").expect("there is a token");
        assert_eq!(mark_by_visit(&mut task), mark_by_reflection(&mut generated), "seed {seed}");
    }
}

fn payload(name: &str) -> common::Payload {
    common::Payload { data: Bytes::copy_from_slice(name.as_bytes()), ..Default::default() }
}

fn payloads(names: &[&str]) -> Option<common::Payloads> {
    Some(common::Payloads { payloads: names.iter().map(|name| payload(name)).collect() })
}

fn order(something: &mut impl VisitPayloads) -> Vec<String> {
    let mut order = Vec::new();
    something.visit_payloads(&mut |payload| order.push(String::from_utf8_lossy(&payload.data).into_owned()));
    order
}

fn failure(name: &str, cause: Option<failure::Failure>) -> failure::Failure {
    use failure::failure::FailureInfo;
    let details = payloads(&[&format!("{name} details")]);
    let last_heartbeat_details = payloads(&[&format!("{name} heartbeat")]);
    let info = if cause.is_some() {
        FailureInfo::ApplicationFailureInfo(failure::ApplicationFailureInfo { details, ..Default::default() })
    } else {
        FailureInfo::TimeoutFailureInfo(failure::TimeoutFailureInfo { last_heartbeat_details, ..Default::default() })
    };
    failure::Failure {
        encoded_attributes: Some(payload(&format!("{name} encoded"))),
        cause: cause.map(Box::new),
        failure_info: Some(info),
        ..Default::default()
    }
}

#[test]
fn a_failure_is_visited_from_the_outside_in() {
    let wire = failure("outer", Some(failure("inner", None)));
    let expected = ["outer details", "outer encoded", "inner encoded", "inner heartbeat"];
    assert_eq!(order(&mut Failure::try_from(wire.clone()).expect("it is valid")), expected);

    // The same inside a part that travels opaquely.
    let started = history::ActivityTaskStartedEventAttributes {
        scheduled_event_id: 5,
        last_failure: Some(wire),
        ..Default::default()
    };
    let attributes = Attributes::ActivityTaskStartedEventAttributes(Box::new(started));
    assert_eq!(order(&mut event(11, attributes)), expected);
}

fn event(event_type: i32, attributes: Attributes) -> Event {
    let wire = HistoryEvent {
        event_id: 1,
        event_time: Some(perpetua_proto::protobuf::Timestamp::default()),
        event_type,
        user_metadata: None,
        attributes: Some(attributes),
        ..Default::default()
    };
    Event::try_from(wire).expect("it is valid")
}

#[test]
fn a_start_is_visited_from_input_to_what_people_read() {
    let started = history::WorkflowExecutionStartedEventAttributes {
        workflow_type: Some(common::WorkflowType { name: "order".to_owned() }),
        input: payloads(&["first", "second"]),
        last_completion_result: payloads(&["last result"]),
        continued_failure: Some(failure("last", None)),
        memo: Some(common::Memo {
            fields: BTreeMap::from([("b".to_owned(), payload("memo b")), ("a".to_owned(), payload("memo a"))]),
        }),
        header: Some(common::Header { fields: BTreeMap::from([("h".to_owned(), payload("header"))]) }),
        search_attributes: Some(common::SearchAttributes {
            indexed_fields: BTreeMap::from([("s".to_owned(), payload("search attribute"))]),
        }),
        ..Default::default()
    };
    let wire = HistoryEvent {
        event_id: 1,
        event_time: Some(perpetua_proto::protobuf::Timestamp::default()),
        event_type: 1,
        user_metadata: Some(Box::new(sdk::UserMetadata {
            summary: Some(payload("summary")),
            details: Some(payload("details")),
        })),
        attributes: Some(Attributes::WorkflowExecutionStartedEventAttributes(Box::new(started))),
        ..Default::default()
    };
    let expected =
        ["first", "second", "last result", "last encoded", "last heartbeat", "memo a", "memo b", "summary", "details"];
    assert_eq!(order(&mut Event::try_from(wire).expect("it is valid")), expected);
}

#[test]
fn a_marker_is_visited_by_name_then_its_failure() {
    let details = BTreeMap::from([
        ("b".to_owned(), payloads(&["b first", "b second"]).unwrap_or_default()),
        ("a".to_owned(), payloads(&["a"]).unwrap_or_default()),
    ]);
    let header = Some(common::Header { fields: BTreeMap::from([("h".to_owned(), payload("header"))]) });
    let expected = ["a", "b first", "b second", "why encoded", "why heartbeat"];

    let recorded = history::MarkerRecordedEventAttributes {
        marker_name: "m".to_owned(),
        details: details.clone(),
        workflow_task_completed_event_id: 4,
        header: header.clone(),
        failure: Some(failure("why", None)),
    };
    assert_eq!(order(&mut event(25, Attributes::MarkerRecordedEventAttributes(Box::new(recorded)))), expected);

    let record = command::RecordMarkerCommandAttributes {
        marker_name: "m".to_owned(),
        details,
        header,
        failure: Some(failure("why", None)),
    };
    let wire = command::Command {
        command_type: perpetua_proto::enums::CommandType::RecordMarker.into(),
        attributes: Some(command::command::Attributes::RecordMarkerCommandAttributes(Box::new(record))),
        ..Default::default()
    };
    assert_eq!(order(&mut Command::try_from(wire).expect("it is valid")), expected);
}

#[test]
fn answers_and_outcomes_are_visited() {
    let value = || Payload::encoded("json/plain", "1");
    assert_eq!(order(&mut QueryAnswer::Answered(vec![value(), value()])), ["1", "1"]);
    let failed = Failure::try_from(failure("why", None)).expect("it is valid");
    assert_eq!(order(&mut QueryAnswer::Failed(Box::new(failed.clone()))), ["why encoded", "why heartbeat"]);
    assert_eq!(order(&mut Outcome::Failure(Box::new(failed))), ["why encoded", "why heartbeat"]);
    let wire =
        update::Outcome { value: Some(update::outcome::Value::Success(payloads(&["value"]).unwrap_or_default())) };
    assert_eq!(order(&mut Outcome::try_from(wire).expect("it is valid")), ["value"]);
}

#[test]
fn what_is_taken_out_at_the_first_visit_can_be_put_back_at_the_second() {
    let variant = variants("history.v1.HistoryEvent").into_iter().find(|kind| kind.name().starts_with("marker"));
    let variant = variant.expect("markers are events");
    for seed in 0..60 {
        let wire = typed_event(&random_event(&variant, &mut Dice::seeded(seed), Mood::Valid));
        let mut event = Event::try_from(wire.clone()).expect("it is valid");
        let mut taken = Vec::new();
        event.visit_payloads(&mut |payload| taken.push(std::mem::take(payload)));
        let mut taken = taken.into_iter();
        event.visit_payloads(&mut |payload| *payload = taken.next().expect("as many as at the first visit"));
        assert_eq!(taken.next(), None);
        assert_eq!(HistoryEvent::from(event), wire, "seed {seed}");
    }
}

/// A marker with two details, and a change of the memo that sets one field and takes one away.
fn notes() -> [CommandKind; 3] {
    let marker = |name: &str| {
        let detail = |name: &str| (name.to_owned(), vec![Payload::encoded("json/plain", "1")]);
        CommandKind::RecordMarker(Box::new(RecordMarker {
            name: name.into(),
            details: [detail("patch-data"), detail("data")].into(),
            failure: None,
            header: BTreeMap::new(),
        }))
    };
    let value = Payload::encoded("json/plain", "1");
    let memo = [("gone".to_owned(), Payload::null()), ("new".to_owned(), value)].into();
    [marker("core_patch"), marker("SideEffect"), CommandKind::ModifyProperties { memo }]
}

#[test]
fn what_is_for_sdks_and_servers_is_left_alone() {
    for (kind, expected) in notes().into_iter().zip([0, 2, 1]) {
        let name = kind.name();
        assert_eq!(mark_by_visit(&mut Command::from(kind)), expected, "{name}");
    }
    let [_, _, change] = notes();
    let CommandKind::ModifyProperties { memo } = change else { panic!("it changes the memo") };
    let task_completed = EventId::FIRST;
    let mut modified = EventKind::PropertiesModified(Box::new(PropertiesModified { memo: Some(memo), task_completed }));
    assert_eq!(mark_by_visit(&mut modified), 1);
    assert!(
        matches!(modified, EventKind::PropertiesModified(it) if it.memo.as_ref().is_some_and(|memo| memo["gone"].is_null()))
    );
}
