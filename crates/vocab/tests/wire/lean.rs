//! Events read for a replay are those that are read as a whole, less what a replay does not need.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use perpetua_proto::history::HistoryEvent;
use perpetua_vocab::{Event, EventKind, History, Identity, LocalActivityMarker, Malformed, Named, Opaque, wire};
use prost::Message;

use crate::generate::{Dice, Mood, random_event, typed_event, variants};

/// Leaves out what a replay does not need.
fn needed(mut event: Event) -> Event {
    event.extra = None;
    match &mut event.kind {
        EventKind::WorkflowTaskScheduled(rest) => *rest = Opaque::default(),
        EventKind::WorkflowTaskStarted(started) => {
            let (reasons, changed) = (started.continue_as_new_reasons(), started.target_version_changed());
            started.rest = Opaque::default();
            started.set_continue_as_new_reasons(&reasons);
            started.set_target_version_changed(changed);
        }
        EventKind::WorkflowTaskCompleted(completed) => {
            let version = completed.deployment_version();
            completed.rest = Opaque::default();
            completed.set_deployment_version(version);
        }
        EventKind::ActivityScheduled(scheduled) => {
            scheduled.input = None;
            scheduled.rest = Opaque::default();
        }
        EventKind::ActivityStarted { rest, .. } => *rest = Opaque::default(),
        EventKind::ActivityCompleted(completed) => {
            completed.identity = Identity::default();
            completed.rest = Opaque::default();
        }
        EventKind::MarkerRecorded(marker) => {
            marker.header = None;
            if marker.name == LocalActivityMarker::NAME {
                let data = marker.details.get_mut("data").into_iter().flatten();
                data.for_each(|value| value.metadata = Named::new());
            }
        }
        EventKind::Signaled(signaled) => signaled.rest = Opaque::default(),
        _ => {}
    }
    event
}

/// Reads the event in both ways, which must come to the same; whether it could be read.
fn check(bytes: Vec<u8>, what: &str) -> bool {
    let bytes = Bytes::from(bytes);
    let whole = HistoryEvent::decode(bytes.clone())
        .map_err(|error| Malformed::new("HistoryEvent", format!("cannot be read: {error}")))
        .and_then(Event::try_from);
    // As bytes, so that a number which is none equals itself.
    let written = |event: Event| HistoryEvent::from(needed(event)).encode_to_vec();
    let (expected, read) = (whole.map(written), wire::event_to_replay(&bytes).map(written));
    let is_read = expected.is_ok();
    assert_eq!(read, expected, "{what}: {bytes:?}");
    is_read
}

#[test]
fn random_events_are_read_in_both_ways() {
    for variant in variants("history.v1.HistoryEvent") {
        for seed in 0..100 {
            let mood = if seed % 2 == 0 { Mood::Valid } else { Mood::Wild };
            let event = typed_event(&random_event(&variant, &mut Dice::seeded(seed), mood));
            check(event.encode_to_vec(), &format!("{} seed {seed}", variant.name()));
        }
    }
}

#[test]
fn damaged_events_are_read_or_refused_in_both_ways() {
    let (mut read, mut refused) = (0, 0);
    for variant in variants("history.v1.HistoryEvent") {
        for seed in 0..60 {
            let dice = &mut Dice::seeded(seed);
            let mut bytes = typed_event(&random_event(&variant, dice, Mood::Valid)).encode_to_vec();
            let at = usize::try_from(dice.below(bytes.len() as u64)).expect("it fits");
            let byte = u8::try_from(dice.below(256)).expect("it fits");
            match dice.below(5) {
                0 => bytes.truncate(at),
                1 => bytes[at] = byte,
                2 => bytes[at] ^= 1 << (byte % 8),
                3 => bytes.insert(at, byte),
                // Everything twice: fields of one name are merged, or the last one counts.
                _ => bytes.extend_from_within(..),
            }
            if check(bytes, &format!("{} seed {seed}", variant.name())) {
                read += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}

#[test]
fn recorded_events_are_read_in_both_ways() {
    let mut events = 0;
    for file in files_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/histories")) {
        let history = History::from_json(&fs::read_to_string(&file).expect("it can be read")).expect("it is a history");
        for event in &history.events {
            let what = format!("{} event {}", file.display(), event.id);
            assert!(check(HistoryEvent::from(event.clone()).encode_to_vec(), &what), "{what}");
            events += 1;
        }
        let bytes = history.to_bytes();
        let read: Result<Vec<_>, _> = wire::EventsToReplay::new(bytes.as_slice()).collect();
        let expected: Vec<_> = history.events.into_iter().map(needed).collect();
        assert_eq!(read.map(|read| read.into_iter().map(needed).collect()), Ok(expected), "{}", file.display());
    }
    assert!(events > 1000, "{events} events");
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files
}

/// Gives no more than a few bytes at once.
struct Trickle<'a>(&'a [u8]);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.0.len().min(buffer.len()).min(7);
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn large() -> History {
    let variants = variants("history.v1.HistoryEvent");
    let events = (0..500).map(|seed| {
        let variant = &variants[usize::try_from(seed).expect("it fits") % variants.len()];
        let event = typed_event(&random_event(variant, &mut Dice::seeded(seed), Mood::Valid));
        Event::try_from(event).expect("it is valid")
    });
    History::new(events.collect())
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let history = large();
    let bytes = history.to_bytes();
    let read: Result<Vec<_>, _> = wire::EventsToReplay::new(Trickle(&bytes)).collect();
    let read: Vec<_> = read.expect("it is a history").into_iter().map(needed).collect();
    assert_eq!(read, history.events.into_iter().map(needed).collect::<Vec<_>>());
}

#[test]
fn a_stream_that_ends_too_early_or_is_none_says_so_once() {
    let history = large();
    let mut bytes = history.to_bytes();
    bytes.pop();
    for (bytes, problem) in [
        (bytes.as_slice(), "ends in the middle of an event"),
        (b"{\"events\":[]}", "is not the protobuf message"),
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "is not the protobuf message"),
    ] {
        let mut events = wire::EventsToReplay::new(bytes);
        let malformed = events.find_map(Result::err).expect("it cannot be read").to_string();
        assert!(malformed.contains(problem), "{malformed}");
        assert_eq!(events.next(), None);
    }
}

#[test]
fn what_else_a_history_has_is_passed_over() {
    let event = HistoryEvent::from(large().events.remove(0)).encode_to_vec();
    let mut bytes = vec![0x10, 0x96, 1, 0x1a, 2, 7, 7, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2d, 1, 2, 3, 4, 0x0a];
    prost::encoding::encode_varint(event.len() as u64, &mut bytes);
    bytes.extend(event);
    assert_eq!(wire::EventsToReplay::new(bytes.as_slice()).filter(Result::is_ok).count(), 1);
}
