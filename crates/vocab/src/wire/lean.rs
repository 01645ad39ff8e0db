//! Events as a replay needs them, straight from their bytes.
//!
//! The messages that prost makes have room for everything an event can be, 2 KB each, and most of what is in them decides
//! nothing: queues, timeouts, identities, the arguments of activities. Here the kinds of which long histories are made are
//! read without it, in one pass, and what is not needed is only looked at: it must be what prost would take, by the same
//! tables that guide JSON. Whatever is unusual (another kind, a field twice, groups, anything wrong) is left to prost, so
//! there is one place that says what is wrong with an event.

mod cursor;
mod parts;
mod stream;
mod valid;

use bytes::Bytes;
use perpetua_proto as proto;
use perpetua_proto::enums::EventType;
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::{WorkflowTaskCompletedEventAttributes, WorkflowTaskStartedEventAttributes};
use perpetua_proto::schema::{HISTORY, Kind, MESSAGES, Message};
use prost::Message as _;

use self::cursor::{Cursor, Value};
use self::parts::{Once, add, named, payloads, text};
pub use self::stream::EventsToReplay;
use super::time::{duration, timestamp};
use crate::{
    ActivityClosed, ActivityScheduled, Event, EventId, EventKind, Failure, LocalActivityMarker, Malformed,
    MarkerRecorded, Named, Opaque, Signaled, TimerStarted, WorkflowTaskCompleted, WorkflowTaskStarted,
};

/// Reads an event from the bytes of the protobuf message `HistoryEvent`, without what a replay does not need: the arguments,
/// queue and timeouts of activities, who took a task, how the data of a local activity's marker is encoded, user metadata,
/// links. Payloads share the bytes.
///
/// # Errors
/// If these are not such bytes, or the event cannot be represented.
pub fn event_to_replay(bytes: &Bytes) -> Result<Event, Malformed> {
    match lean(bytes) {
        Some(event) => Ok(event),
        None => {
            let wire = HistoryEvent::decode(bytes.clone())
                .map_err(|error| Malformed::new("HistoryEvent", format!("cannot be read: {error}")))?;
            Event::try_from(wire)
        }
    }
}

/// What the fields of an event have for it, by number.
mod field {
    pub(super) const ID: u32 = 1;
    pub(super) const TIME: u32 = 2;
    pub(super) const TYPE: u32 = 3;
    pub(super) const VERSION: u32 = 4;
    pub(super) const TASK: u32 = 5;
    pub(super) const MAY_IGNORE: u32 = 300;
}

fn lean(bytes: &Bytes) -> Option<Event> {
    let message = event_message();
    let (mut id, mut event_type, mut version, mut task_id) = (0, 0, 0, 0);
    let (mut time, mut attributes) = (Once::default(), Once::default());
    let mut worker_may_ignore = false;
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (field::ID, Value::Varint(value)) => id = value.cast_signed(),
            (field::TIME, Value::Delimited(bytes)) => time.set(bytes)?,
            (field::TYPE, Value::Varint(value)) => event_type = value as i32,
            (field::VERSION, Value::Varint(value)) => version = value.cast_signed(),
            (field::TASK, Value::Varint(value)) => task_id = value.cast_signed(),
            (field::MAY_IGNORE, Value::Varint(value)) => worker_may_ignore = value != 0,
            (6..field::MAY_IGNORE, Value::Delimited(bytes)) if valid::is_known(message, number) => {
                attributes.set((number, bytes))?;
            }
            (number, value) => valid::field(message, number, value)?,
        }
    }
    let (number, attributes) = attributes.get()?;
    let event_type = EventType::try_from(event_type).ok()?;
    Some(Event {
        id: EventId::parse("", id).ok()?,
        time: timestamp("", parts::timestamp(time.get()?)?).ok()?,
        kind: kind(bytes, event_type, number, attributes)?,
        worker_may_ignore,
        version,
        task_id,
        extra: None,
    })
}

fn kind(frame: &Bytes, event_type: EventType, number: u32, bytes: &[u8]) -> Option<EventKind> {
    let place = valid::known(event_message(), number)?.kind;
    let Kind::Message(place) = place else { return None };
    let message = &MESSAGES[usize::from(place)];
    match (event_type, number) {
        (EventType::WorkflowTaskScheduled, 10) => {
            valid::message(message, bytes)?;
            Some(EventKind::WorkflowTaskScheduled(Opaque::default()))
        }
        (EventType::WorkflowTaskStarted, 11) => task_started(message, bytes),
        (EventType::WorkflowTaskCompleted, 12) => task_completed(message, bytes),
        (EventType::ActivityTaskScheduled, 15) => activity_scheduled(message, bytes),
        (EventType::ActivityTaskStarted, 16) => activity_started(message, bytes),
        (EventType::ActivityTaskCompleted, 17) => activity_completed(frame, message, bytes),
        (EventType::TimerStarted, 20) => timer_started(message, bytes),
        (EventType::TimerFired, 21) => timer_fired(message, bytes),
        (EventType::MarkerRecorded, 25) => marker(frame, message, bytes),
        (EventType::WorkflowExecutionSignaled, 26) => signaled(frame, message, bytes),
        _ => None,
    }
}

/// The message of an event.
fn event_message() -> &'static Message {
    match MESSAGES[usize::from(HISTORY)].fields[0].kind {
        Kind::Message(place) => &MESSAGES[usize::from(place)],
        _ => &MESSAGES[usize::from(HISTORY)],
    }
}

fn task_started(message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut scheduled, mut suggest_continue_as_new, mut size, mut changed) = (0, false, 0, false);
    let mut reasons = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Varint(value)) => scheduled = value.cast_signed(),
            (4, Value::Varint(value)) => suggest_continue_as_new = value != 0,
            (5, Value::Varint(value)) => size = value.cast_signed(),
            (8, Value::Varint(value)) => reasons.push(value as i32),
            (8, Value::Delimited(bytes)) => {
                let mut packed = Cursor::new(bytes);
                while !packed.is_empty() {
                    reasons.push(packed.varint()? as i32);
                }
            }
            (9, Value::Varint(value)) => changed = value != 0,
            (number, value) => valid::field(message, number, value)?,
        }
    }
    let mut rest = Opaque::default();
    if changed || !reasons.is_empty() {
        rest = Opaque::new(Box::new(WorkflowTaskStartedEventAttributes {
            suggest_continue_as_new_reasons: reasons,
            target_worker_deployment_version_changed: changed,
            ..Default::default()
        }));
    }
    Some(EventKind::WorkflowTaskStarted(Box::new(WorkflowTaskStarted {
        scheduled: EventId::parse("", scheduled).ok()?,
        suggest_continue_as_new,
        history_size: u64::try_from(size).ok()?,
        rest,
    })))
}

fn task_completed(message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut scheduled, mut started) = (0, 0);
    let (mut metadata, mut version) = (Once::default(), Once::default());
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Varint(value)) => scheduled = value.cast_signed(),
            (2, Value::Varint(value)) => started = value.cast_signed(),
            (6, Value::Delimited(bytes)) => metadata.set(bytes)?,
            (11, Value::Delimited(bytes)) => version.set(bytes)?,
            (number, value) => valid::field(message, number, value)?,
        }
    }
    let metadata = metadata.get().map(proto::sdk::WorkflowTaskCompletedMetadata::decode).transpose().ok()?;
    let (core_flags, language_flags) =
        metadata.map(|metadata| (metadata.core_used_flags, metadata.lang_used_flags)).unwrap_or_default();
    let mut rest = Opaque::default();
    if let Some(version) = version.get() {
        let deployment_version = Some(proto::deployment::WorkerDeploymentVersion::decode(version).ok()?);
        rest = Opaque::new(Box::new(WorkflowTaskCompletedEventAttributes { deployment_version, ..Default::default() }));
    }
    Some(EventKind::WorkflowTaskCompleted(Box::new(WorkflowTaskCompleted {
        scheduled: EventId::parse("", scheduled).ok()?,
        started: EventId::parse_optional("", started).ok()?,
        core_flags,
        language_flags,
        rest,
    })))
}

fn activity_scheduled(message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut activity, mut task_completed) = ("", 0);
    let mut activity_type = Once::default();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => activity = text(bytes)?,
            (2, Value::Delimited(bytes)) => activity_type.set(parts::name(bytes)?)?,
            (11, Value::Varint(value)) => task_completed = value.cast_signed(),
            (number, value) => valid::field(message, number, value)?,
        }
    }
    Some(EventKind::ActivityScheduled(Box::new(ActivityScheduled {
        activity: parts::required(activity)?,
        activity_type: parts::required(activity_type.get()?)?,
        input: None,
        task_completed: EventId::parse("", task_completed).ok()?,
        rest: Opaque::default(),
    })))
}

fn activity_started(message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let mut scheduled = 0;
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Varint(value)) => scheduled = value.cast_signed(),
            (number, value) => valid::field(message, number, value)?,
        }
    }
    Some(EventKind::ActivityStarted { scheduled: EventId::parse("", scheduled).ok()?, rest: Opaque::default() })
}

fn activity_completed(frame: &Bytes, message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut scheduled, mut started) = (0, 0);
    let mut result = Once::default();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => result.set(payloads(frame, bytes)?)?,
            (2, Value::Varint(value)) => scheduled = value.cast_signed(),
            (3, Value::Varint(value)) => started = value.cast_signed(),
            (number, value) => valid::field(message, number, value)?,
        }
    }
    Some(EventKind::ActivityCompleted(Box::new(ActivityClosed {
        result: result.get(),
        scheduled: EventId::parse("", scheduled).ok()?,
        started: EventId::parse_optional("", started).ok()?,
        identity: Default::default(),
        rest: Opaque::default(),
    })))
}

fn timer_started(message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut timer, mut task_completed) = ("", 0);
    let mut after = Once::default();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => timer = text(bytes)?,
            (2, Value::Delimited(bytes)) => after.set(bytes)?,
            (3, Value::Varint(value)) => task_completed = value.cast_signed(),
            (number, value) => valid::field(message, number, value)?,
        }
    }
    Some(EventKind::TimerStarted(TimerStarted {
        timer: parts::required(timer)?,
        after: duration("", parts::duration(after.get()?)?).ok()?,
        task_completed: EventId::parse("", task_completed).ok()?,
    }))
}

fn timer_fired(message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut timer, mut started) = ("", 0);
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => timer = text(bytes)?,
            (2, Value::Varint(value)) => started = value.cast_signed(),
            (number, value) => valid::field(message, number, value)?,
        }
    }
    Some(EventKind::TimerFired { timer: parts::required(timer)?, started: EventId::parse("", started).ok()? })
}

fn marker(frame: &Bytes, message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut name, mut task_completed) = ("", 0);
    let mut details = Named::default();
    let mut failure = Once::default();
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => name = text(bytes)?,
            (2, Value::Delimited(bytes)) => {
                let (key, mut values) = named(frame, bytes)?;
                if name == LocalActivityMarker::NAME && key == LocalActivityMarker::DATA {
                    // It is JSON, and there may be thousands of them in one turn.
                    values.iter_mut().for_each(|value| value.metadata = Named::new());
                }
                add(&mut details, key, values)?;
            }
            (3, Value::Varint(value)) => task_completed = value.cast_signed(),
            (5, Value::Delimited(bytes)) => failure.set(bytes)?,
            (number, value) => valid::field(message, number, value)?,
        }
    }
    let failure = failure.get().map(|bytes| {
        let wire = proto::failure::Failure::decode(frame.slice_ref(bytes)).ok()?;
        Failure::try_from(wire).ok().map(Box::new)
    });
    Some(EventKind::MarkerRecorded(Box::new(MarkerRecorded {
        name: name.into(),
        details,
        failure: match failure {
            Some(failure) => Some(failure?),
            None => None,
        },
        header: None,
        task_completed: EventId::parse("", task_completed).ok()?,
    })))
}

fn signaled(frame: &Bytes, message: &'static Message, bytes: &[u8]) -> Option<EventKind> {
    let (mut name, mut identity) = ("", "");
    let (mut input, mut header) = (Once::default(), Once::default());
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        match (number, value) {
            (1, Value::Delimited(bytes)) => name = text(bytes)?,
            (2, Value::Delimited(bytes)) => input.set(payloads(frame, bytes)?)?,
            (3, Value::Delimited(bytes)) => identity = text(bytes)?,
            (4, Value::Delimited(bytes)) => header.set(bytes)?,
            (number, value) => valid::field(message, number, value)?,
        }
    }
    let header = header.get().map(|bytes| proto::common::Header::decode(frame.slice_ref(bytes))).transpose().ok()?;
    Some(EventKind::Signaled(Box::new(Signaled {
        name: name.into(),
        input: input.get(),
        identity: identity.into(),
        header: header.map(super::payload::header),
        rest: Opaque::default(),
    })))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::History;

    /// The kinds that are read here.
    const COMMON: [&str; 10] = [
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        "TimerStarted",
        "TimerFired",
        "MarkerRecorded",
        "WorkflowExecutionSignaled",
    ];

    /// Looks at all events of the histories in a folder; which of the kinds were seen.
    fn check(folder: &Path, seen: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                check(&path, seen);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let json = std::fs::read_to_string(&path).expect("it can be read");
                for event in History::from_json(&json).expect("it is a history").events {
                    let name = event.kind.name().to_owned();
                    let bytes = Bytes::from(HistoryEvent::from(event).encode_to_vec());
                    assert_eq!(lean(&bytes).is_some(), COMMON.contains(&name.as_str()), "{name} in {}", path.display());
                    seen.insert(name);
                }
            }
        }
    }

    #[test]
    fn the_kinds_of_which_long_histories_are_made_are_not_left_to_prost() {
        let mut seen = BTreeSet::new();
        check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/histories"), &mut seen);
        assert!(COMMON.iter().all(|name| seen.contains(*name)), "{seen:?}");
    }
}
