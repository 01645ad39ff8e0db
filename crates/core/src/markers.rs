//! Markers: what a workflow notes in its history for its own replay to find.
//!
//! | marker        | details                                                   | says                                    |
//! |---------------|-----------------------------------------------------------|-----------------------------------------|
//! | `core_patch`  | `patch-data`: JSON, an object of `id` and `deprecated`    | the patch applies to the run            |
//! | `SideEffect`  | `side-effect-id`: JSON, a number; `data`: the value       | what the side effect of the run gave    |
//!
//! The first is shared with the SDKs that stand on the core SDK, the second with the Go SDK, so their tools show both. A
//! `core_patch` marker is followed by an upsert of the search attribute `TemporalChangeVersion`, a list of all patches
//! that the run knows, unless the list has grown too long for the server.

use std::collections::{BTreeMap, BTreeSet};

use perpetua_vocab::{
    CommandKind, Event, EventKind, Fields, Header, MarkerName, MarkerRecorded, Named, Payload, Payloads, RecordMarker,
};
use serde::{Deserialize, Serialize};

use crate::Record;

const PATCH: &str = "core_patch";
const PATCH_DATA: &str = "patch-data";
const SIDE_EFFECT: &str = "SideEffect";
const SIDE_EFFECT_ID: &str = "side-effect-id";
const SIDE_EFFECT_DATA: &str = "data";

/// The search attribute that lists the patches of a run.
pub(crate) const CHANGE_VERSION: &str = "TemporalChangeVersion";

/// From this many bytes on, a list of patches is not sent: servers refuse longer search attributes.
const LONGEST_CHANGE_VERSION: usize = 2048;

/// The markers of a record, by what they speak of. They are known when the turn opens.
#[derive(Debug, Default)]
pub(crate) struct Markers {
    /// Patches, and whether the list of patches was sent with them.
    patches: BTreeMap<String, bool>,
    side_effects: BTreeMap<u64, Option<Payloads>>,
}

/// One marker, in words that are ours.
#[derive(Debug, PartialEq)]
pub(crate) enum Marker<'a> {
    /// A patch applies.
    Patch(PatchMark),
    /// A side effect gave this.
    SideEffect { id: u64, value: Option<&'a Payloads> },
    /// Somebody else's.
    Other(&'a MarkerName),
}

/// What the marker of a patch says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PatchMark {
    pub(crate) id: String,
    /// Whether no code without the patch runs any more, so that replays need not ask for it.
    pub(crate) deprecated: bool,
}

impl Markers {
    /// Looks through the answers of a turn.
    pub(crate) fn of(record: &Record) -> Self {
        let mut markers = Self::default();
        let mut answers = record.answers.iter().peekable();
        while let Some(event) = answers.next() {
            let EventKind::MarkerRecorded(recorded) = &event.kind else { continue };
            match Marker::read(recorded) {
                Marker::Patch(PatchMark { id, .. }) => {
                    markers.patches.insert(id, answers.peek().is_some_and(|next| lists_patches(next)));
                }
                Marker::SideEffect { id, value } => {
                    markers.side_effects.insert(id, value.cloned());
                }
                Marker::Other(_) => {}
            }
        }
        markers
    }

    /// The patches.
    pub(crate) fn patches(&self) -> impl Iterator<Item = &str> {
        self.patches.keys().map(String::as_str)
    }

    /// Takes the marker of a patch: whether the list of patches was sent with it.
    pub(crate) fn take_patch(&mut self, id: &str) -> Option<bool> {
        self.patches.remove(id)
    }

    /// Takes what a side effect gave.
    pub(crate) fn take_side_effect(&mut self, id: u64) -> Option<Option<Payloads>> {
        self.side_effects.remove(&id)
    }
}

impl<'a> Marker<'a> {
    /// Reads a marker. One that does not say what its kind says is somebody else's.
    pub(crate) fn read(recorded: &'a MarkerRecorded) -> Self {
        let MarkerRecorded { name, details, .. } = recorded;
        let detail = |name: &str| details.get(name)?.first();
        let known = match name.as_str() {
            PATCH => read_patch(details).map(Self::Patch),
            SIDE_EFFECT => {
                let id = detail(SIDE_EFFECT_ID).and_then(|id| serde_json::from_slice(&id.data).ok());
                id.map(|id| Self::SideEffect { id, value: details.get(SIDE_EFFECT_DATA) })
            }
            _ => None,
        };
        known.unwrap_or(Self::Other(name))
    }
}

/// Histories from before the JSON have plain bytes under two names.
fn read_patch(details: &Named<Payloads>) -> Option<PatchMark> {
    if let Some(data) = details.get(PATCH_DATA) {
        return serde_json::from_slice(&data.first()?.data).ok();
    }
    let id = String::from_utf8(details.get("patch_id")?.first()?.data.to_vec()).ok()?;
    let deprecated = *details.get("deprecated")?.first()?.data.first()? != 0;
    Some(PatchMark { id, deprecated })
}

/// Whether the event changes the list of patches.
pub(crate) fn lists_patches(event: &Event) -> bool {
    let EventKind::SearchAttributesUpserted(upserted) = &event.kind else { return false };
    upserted.search_attributes.as_ref().is_some_and(|attributes| attributes.contains_key(CHANGE_VERSION))
}

/// The command that marks a patch.
pub(crate) fn mark_patch(id: &str, deprecated: bool) -> CommandKind {
    let mark = PatchMark { id: id.to_owned(), deprecated };
    record_marker(PATCH, [(PATCH_DATA, vec![json(&mark)])])
}

/// The command that lists patches, and whether servers take a list of that length.
pub(crate) fn list_patches(patches: &BTreeSet<String>) -> (CommandKind, bool) {
    let mut list = json(patches);
    let fits = list.data.len() < LONGEST_CHANGE_VERSION;
    list.metadata.insert("type", "KeywordList".into());
    let search_attributes = Fields::from([(CHANGE_VERSION.to_owned(), list)]);
    (CommandKind::UpsertSearchAttributes { search_attributes }, fits)
}

/// The command that keeps what a side effect gave.
pub(crate) fn mark_side_effect(id: u64, value: Payloads) -> CommandKind {
    record_marker(SIDE_EFFECT, [(SIDE_EFFECT_ID, vec![json(&id)]), (SIDE_EFFECT_DATA, value)])
}

fn record_marker<const N: usize>(name: &str, details: [(&str, Payloads); N]) -> CommandKind {
    CommandKind::RecordMarker(Box::new(RecordMarker {
        name: MarkerName::from(name),
        details: details.map(|(name, payloads)| (name.to_owned(), payloads)).into(),
        failure: None,
        header: Header::new(),
    }))
}

fn json(value: &impl Serialize) -> Payload {
    Payload::encoded("json/plain", serde_json::to_vec(value).expect("texts, numbers and lists of them are JSON"))
}

#[cfg(test)]
mod tests {
    use perpetua_vocab::EventId;

    use super::*;

    fn recorded(name: &str, details: &[(&str, &str)]) -> MarkerRecorded {
        let payload = |data: &str| vec![Payload::encoded("json/plain", data.to_owned())];
        MarkerRecorded {
            name: MarkerName::from(name),
            details: details.iter().map(|(name, data)| ((*name).to_owned(), payload(data))).collect(),
            failure: None,
            header: None,
            task_completed: EventId::FIRST,
        }
    }

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        for (command, text) in [
            (mark_patch("fix", false), "Patch(PatchMark { id: \"fix\", deprecated: false })"),
            (mark_patch("fix", true), "Patch(PatchMark { id: \"fix\", deprecated: true })"),
            (mark_side_effect(7, Payloads::new()), "SideEffect { id: 7, value: Some([]) }"),
        ] {
            let CommandKind::RecordMarker(marker) = command else { panic!("it records a marker") };
            let RecordMarker { name, details, .. } = *marker;
            let recorded = MarkerRecorded { name, details, ..recorded("", &[]) };
            assert_eq!(format!("{:?}", Marker::read(&recorded)), text);
        }
    }

    #[test]
    fn old_histories_have_patches_as_plain_bytes() {
        for (byte, deprecated) in [("\0", false), ("\u{1}", true)] {
            let recorded = recorded("core_patch", &[("patch_id", "fix"), ("deprecated", byte)]);
            assert_eq!(Marker::read(&recorded), Marker::Patch(PatchMark { id: "fix".to_owned(), deprecated }));
        }
    }

    #[test]
    fn what_cannot_be_read_is_somebody_elses() {
        for (name, details) in [
            ("core_patch", &[("patch-data", "not JSON")][..]),
            ("core_patch", &[("patch-data", "{\"id\": 7}")]),
            ("core_patch", &[("patch_id", "fix")]),
            ("core_patch", &[]),
            ("SideEffect", &[("side-effect-id", "\"one\""), ("data", "1")]),
            ("SideEffect", &[("data", "1")]),
            ("Version", &[("version", "1")]),
        ] {
            let recorded = recorded(name, details);
            assert_eq!(Marker::read(&recorded), Marker::Other(&MarkerName::from(name)), "{details:?}");
        }
    }

    #[test]
    fn a_list_of_patches_is_sent_while_it_is_short_enough() {
        let fits = |name_length: usize| list_patches(&BTreeSet::from(["x".repeat(name_length)])).1;
        assert!(fits(LONGEST_CHANGE_VERSION - 5));
        assert!(!fits(LONGEST_CHANGE_VERSION - 4));
    }
}
