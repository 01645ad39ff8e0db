//! Histories as JSON, against another implementation of protobuf's mapping and in the forms that tools write.

use perpetua_proto::history::{self, HistoryEvent};
use perpetua_vocab::{Event, History};
use prost::Message as _;
use prost_reflect::{DynamicMessage, SerializeOptions};

use crate::generate::{Dice, Mood, descriptor, random_event, typed_event, variants};

/// How many events of each kind.
const MANY: u64 = 15;

/// A history as another implementation of the mapping writes it.
fn by_reflection(history: &History, options: &SerializeOptions) -> String {
    let message = DynamicMessage::decode(descriptor("history.v1.History"), history.to_bytes().as_slice());
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut out);
    let message = message.expect("it was encoded so");
    message.serialize_with_options(&mut serializer, options).expect("times are in range");
    String::from_utf8(out).expect("JSON is text")
}

fn events_of_every_kind() -> impl Iterator<Item = (String, History)> {
    variants("history.v1.HistoryEvent").into_iter().flat_map(|variant| {
        (0..MANY).map(move |seed| {
            let wire: HistoryEvent = typed_event(&random_event(&variant, &mut Dice::seeded(seed), Mood::Valid));
            let event = Event::try_from(wire).expect("it is valid");
            (format!("{} seed {seed}", variant.name()), History::new(vec![event]))
        })
    })
}

#[test]
fn events_of_every_kind_are_written_and_read_as_json() {
    for (name, history) in events_of_every_kind() {
        let json = history.to_json();
        let again = History::from_json(&json).unwrap_or_else(|malformed| panic!("{name}: {malformed}\n{json}"));
        assert!(again == history, "{name} is read otherwise\n{json}");
    }
}

#[test]
fn other_implementations_read_what_is_written() {
    for (name, history) in events_of_every_kind() {
        let json = history.to_json();
        let mut deserializer = serde_json::Deserializer::from_str(&json);
        let message = DynamicMessage::deserialize(descriptor("history.v1.History"), &mut deserializer);
        let message = message.unwrap_or_else(|error| panic!("{name}: {error}\n{json}"));
        let wire: history::History = message.transcode_to().expect("it is a history");
        let original = history::History::decode(history.to_bytes().as_slice()).expect("it was encoded so");
        assert!(wire == original, "{name} is read otherwise\n{json}");
    }
}

#[test]
fn what_other_implementations_write_is_read() {
    let forms = [
        SerializeOptions::new(),
        SerializeOptions::new().use_proto_field_name(true).use_enum_numbers(true).stringify_64_bit_integers(false),
        SerializeOptions::new().skip_default_fields(false),
    ];
    let mut compared = 0;
    for (name, history) in events_of_every_kind() {
        // A payload without metadata cannot be told from a value that stands for itself.
        if history.to_json().contains("\"metadata\": {}") {
            continue;
        }
        compared += 1;
        for (form, options) in forms.iter().enumerate() {
            let json = by_reflection(&history, options);
            let again = History::from_json(&json).unwrap_or_else(|malformed| panic!("{name}: {malformed}\n{json}"));
            if form < 2 {
                assert!(again == history, "{name} is read otherwise\n{json}");
            } else {
                // Messages that are there and empty cannot be told from lists that are not there: what matters is read.
                assert_eq!(again.events[0].kind.name(), history.events[0].kind.name(), "{name}");
            }
        }
    }
    assert!(compared > 300, "only {compared} events were compared");
}

/// An event that was signaled with this, as JSON.
fn signaled(input: &str) -> String {
    format!(
        r#"{{"events": [{{"eventId": "1", "eventTime": "2026-11-22T20:30:00Z", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED",
            "workflowExecutionSignaledEventAttributes": {{"signalName": "go", "input": {input}}}}}]}}"#
    )
}

/// The payloads that an event was signaled with: metadata and data.
#[track_caller]
fn payloads(input: &str) -> Vec<String> {
    let history = History::from_json(&signaled(input)).expect("it is a history");
    let perpetua_vocab::EventKind::Signaled(signaled) = &history.events[0].kind else { panic!("{history:?}") };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let show = |payload: &perpetua_vocab::Payload| {
        let metadata: Vec<_> = payload.metadata.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
        format!("{}: {}", metadata.join(","), text(&payload.data))
    };
    signaled.input.iter().flatten().map(show).collect()
}

#[test]
fn payloads_may_be_written_as_the_values_they_hold() {
    let cases = [
        (
            r#"{"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "IkFubiI="}]}"#,
            "encoding=json/plain: \"Ann\"",
        ),
        (r#"["Ann"]"#, "encoding=json/plain: \"Ann\""),
        (r#"[{"a": [1, 2.50, "b c\" d"], "e": null}]"#, r#"encoding=json/plain: {"a":[1,2.50,"b c\" d"],"e":null}"#),
        ("[null]", "encoding=binary/null: "),
        ("[true]", "encoding=json/plain: true"),
        ("[{}]", "encoding=json/plain: {}"),
        (r#"[{"metadata": {"encoding": "YmluYXJ5L251bGw="}}]"#, "encoding=binary/null: "),
        (r#"[{"metadata": "not bytes", "data": 1}]"#, r#"encoding=json/plain: {"metadata":"not bytes","data":1}"#),
        (r#"[{"data": "QUI="}]"#, r#"encoding=json/plain: {"data":"QUI="}"#),
        (
            r#"[{"metadata": {"encoding": "anNvbi9wbGFpbg"}, "data": "MQ", "more": 1}]"#,
            r#"encoding=json/plain: {"metadata":{"encoding":"anNvbi9wbGFpbg"},"data":"MQ","more":1}"#,
        ),
        (
            r#"[{"_protoMessageType": "orders.v1.Order", "id": "7"}]"#,
            r#"encoding=json/protobuf,messageType=orders.v1.Order: {"id":"7"}"#,
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(payloads(json), [expected], "{json}");
    }
    assert_eq!(payloads(r#"[1, "two"]"#), ["encoding=json/plain: 1", "encoding=json/plain: \"two\""]);
    for none in ["[]", "null", "{}"] {
        assert!(payloads(none).is_empty(), "{none}");
    }
}

#[test]
fn histories_of_old_and_new_tools_are_read() {
    let event = |event_type: &str, time: &str, more: &str| {
        format!(
            r#"{{"eventId": 1, "eventTime": "{time}", "eventType": {event_type}, "somethingNew": {{"a": [1]}}{more}}}"#
        )
    };
    let time = "2026-11-22T20:30:00.123456789Z";
    let expected = {
        let json = event(
            "\"EVENT_TYPE_WORKFLOW_TASK_SCHEDULED\"",
            time,
            r#", "workflowTaskScheduledEventAttributes": {"attempt": 1}"#,
        );
        History::from_json(&format!(r#"{{"events": [{json}]}}"#)).expect("it is a history")
    };
    assert_eq!(expected.events[0].kind.name(), "WorkflowTaskScheduled");
    let attributes = r#", "workflowTaskScheduledEventAttributes": {"attempt": 1}"#;
    let snake = r#", "workflow_task_scheduled_event_attributes": {"attempt": "1", "unknown": "x"}"#;
    let old = event("\"WorkflowTaskScheduled\"", "2026-11-22T21:30:00.123456789+01:00", attributes);
    let numbers = event("5", time, snake);
    let nulls = event(
        "5",
        time,
        r#", "links": null, "userMetadata": null, "workflowTaskScheduledEventAttributes": {"attempt": 1.0, "taskQueue": null}"#,
    );
    for json in [
        format!(r#"{{"events": [{old}]}}"#),
        format!(r#"{{"events": [{numbers}]}}"#),
        format!(r#"{{"more": 1, "events": [{nulls}]}}"#),
        format!("[{old}]"),
        format!(r#"{{"history": {{"events": [{old}]}}, "nextPageToken": ""}}"#),
    ] {
        let history = History::from_json(&json).unwrap_or_else(|malformed| panic!("{malformed}\n{json}"));
        assert!(history == expected, "{json}");
    }
}

#[test]
fn what_cannot_be_read_says_where_it_is() {
    let timer = |attributes: &str| {
        let first = r#"{"eventId": "1", "eventTime": "2026-11-22T20:30:00Z", "eventType": 5}"#;
        format!(
            r#"{{"events": [{first}, {{"eventId": "2", "eventType": 17, "timerStartedEventAttributes": {attributes}}}]}}"#
        )
    };
    let cases = [
        (String::new(), "JSON cannot be read: EOF while parsing a value at line 1 column 0"),
        ("[".to_owned(), "event 1: JSON cannot be read: EOF while parsing a list at line 1 column 1"),
        (
            "7".to_owned(),
            "JSON cannot be read: invalid type: integer `7`, expected a history: an object with `events`, or a list of events at line 1 column 1",
        ),
        ("{}".to_owned(), "JSON cannot be read: there are no `events` in it; is it a history? at line 1 column 2"),
        (r#"{"events": []} more"#.to_owned(), "JSON cannot be read: trailing characters at line 1 column 16"),
        (
            r#"{"events": [7]}"#.to_owned(),
            "event 1: JSON cannot be read: 7 is not an object, the fields of `temporal.api.history.v1.HistoryEvent` at line 1 column 13",
        ),
        (
            timer(r#"{"startToFireTimeout": "soon"}"#),
            "event 2: timerStartedEventAttributes.startToFireTimeout: JSON cannot be read: \"soon\" is not a duration such as `1.5s` at line 1",
        ),
        (
            timer(r#"{"timerId": 7}"#),
            "event 2: timerStartedEventAttributes.timerId: JSON cannot be read: 7 is not a text at line 1",
        ),
        (
            timer(r#"{"timerId": "1", "workflowTaskCompletedEventId": "x"}"#),
            "event 2: timerStartedEventAttributes.workflowTaskCompletedEventId: JSON cannot be read: \"x\" is not a whole number at line 1",
        ),
        (
            timer(r#"{"timerId": "1", "workflowTaskCompletedEventId": "99999999999999999999"}"#),
            "event 2: timerStartedEventAttributes.workflowTaskCompletedEventId: JSON cannot be read: 99999999999999999999 is out of range at line 1",
        ),
        (
            r#"{"events": [{"eventType": "EVENT_TYPE_TELEPORTED"}]}"#.to_owned(),
            "event 1: eventType: JSON cannot be read: events of the type \"EVENT_TYPE_TELEPORTED\" are not known to this version; use a newer one at line 1",
        ),
        (r#"{"events": [{"eventId": "1"}]}"#.to_owned(), "event 1: HistoryEvent.event_time is missing"),
    ];
    for (json, expected) in cases {
        let malformed = History::from_json(&json).expect_err("it is no history").to_string();
        assert!(malformed.starts_with(expected), "{malformed}\n{json}");
    }
}

#[test]
fn names_of_enums_that_are_not_known_are_passed_over() {
    let json = r#"{"events": [{"eventId": "1", "eventTime": "2026-11-22T20:30:00Z", "eventType": "WorkflowTaskScheduled",
        "workflowTaskScheduledEventAttributes": {"taskQueue": {"name": "q", "kind": "TASK_QUEUE_KIND_OF_TOMORROW"}}}]}"#;
    History::from_json(json).expect("newer servers know more");
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = signaled(&format!("[{}1{}]", open.repeat(5000), close.repeat(5000)));
        drop(History::from_json(&deep).map(|history| History::from_json(&history.to_json())));
    }
    let failures = "{\"cause\":".repeat(5000) + "{}" + &"}".repeat(5000);
    let json = format!(
        r#"{{"events": [{{"eventId": "1", "workflowTaskFailedEventAttributes": {{"failure": {failures}}}}}]}}"#
    );
    let malformed = History::from_json(&json).expect_err("no message nests so deep").to_string();
    assert!(malformed.contains("recursion limit exceeded"), "{}", &malformed[malformed.len() - 80..]);
}

#[test]
fn json_cut_anywhere_is_an_error() {
    let (_, history) = events_of_every_kind().nth(7).expect("there are many");
    let json = history.to_json();
    for (length, _) in json.trim_end().char_indices() {
        History::from_json(&json[..length]).expect_err("its end is missing");
    }
}
