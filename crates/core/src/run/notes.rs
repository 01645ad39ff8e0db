//! What a workflow notes: patches, side effects, search attributes, memo.
//!
//! A patch that is asked for in the present applies, and its marker is sent. In a replay it applies if the record of a
//! turn that was opened has its marker; if the record has none, the code from before the patch was there first. Each
//! answer holds for the whole run.

use std::collections::{BTreeMap, BTreeSet};

use perpetua_vocab::{CommandKind, Fields, Payloads};

use super::Run;
use super::compare::pair;
use crate::expectation::{Asked, Expectation};
use crate::markers::{Markers, list_patches, mark_patch, mark_side_effect};
use crate::{Fault, Origin, PatchAnswer, Place, SideEffect};

/// What is known of the notes of a run.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The markers in the record of the open turn that the code has not come to.
    markers: Markers,
    /// The patches of which history, or this run, has a marker.
    patches: BTreeSet<String>,
    /// What the code was told about patches.
    answers: BTreeMap<String, bool>,
    side_effects: u64,
}

impl Notes {
    /// Takes the markers that the record of the turn has, before the code runs.
    pub(super) fn open(&mut self, markers: Markers) {
        self.patches.extend(markers.patches().map(str::to_owned));
        self.markers = markers;
    }
}

impl Run {
    /// Whether code with a patch is to run, or code from before it. `deprecated` says that no code from before it is left,
    /// so that replays without this call are fine with the marker.
    pub fn patched(&mut self, patch: &str, deprecated: bool, at: Option<Place>) -> PatchAnswer {
        if let Some(&applies) = self.notes.answers.get(patch) {
            return PatchAnswer { applies, unlisted: false };
        }
        let applies = !self.is_replaying() || self.notes.patches.contains(patch);
        self.notes.answers.insert(patch.to_owned(), applies);
        let (replaying, marked) = (self.is_replaying(), self.notes.markers.take_patch(patch));
        if replaying && marked.is_none() {
            return PatchAnswer { applies, unlisted: false };
        }
        self.notes.patches.insert(patch.to_owned());
        let expectation = Expectation::Patch { patch: patch.to_owned() };
        self.issue(expectation, at.into(), || mark_patch(patch, deprecated));
        let (list, fits) = list_patches(&self.notes.patches);
        if marked.unwrap_or(fits) {
            self.issue(Expectation::ListPatches, at.into(), || list);
        }
        PatchAnswer { applies, unlisted: !replaying && !fits }
    }

    /// The next side effect: what history has of it, or that it is due.
    ///
    /// # Errors
    /// [`Fault::Nondeterminism`] when history has something else in its place.
    pub fn side_effect(&mut self, at: Option<Place>) -> Result<SideEffect, Fault> {
        let id = self.notes.side_effects + 1;
        if !self.is_replaying() {
            return Ok(SideEffect::Due);
        }
        match self.notes.markers.take_side_effect(id) {
            Some(value) => {
                self.issue_side_effect(Payloads::new(), at.into());
                Ok(SideEffect::Recorded(value))
            }
            None => Err(self.side_effect_without_marker(id, at)),
        }
    }

    /// Keeps what the side effect gave that was due.
    pub fn record_side_effect(&mut self, value: Payloads, origin: Origin) {
        self.issue_side_effect(value, origin);
    }

    fn issue_side_effect(&mut self, value: Payloads, origin: Origin) {
        self.notes.side_effects += 1;
        let id = self.notes.side_effects;
        self.issue(Expectation::SideEffect { id }, origin, || mark_side_effect(id, value));
    }

    /// What history has where the code asks for a side effect, of which it has no marker in this turn.
    fn side_effect_without_marker(&mut self, id: u64, at: Option<Place>) -> Fault {
        let issued = std::mem::take(&mut self.issued);
        let mut asked: Vec<_> = issued.into_iter().flatten().map(|(asked, _)| asked).collect();
        asked.push(Asked { what: Expectation::SideEffect { id }, at });
        // What has no marker has no partner.
        let fault = self.record.clone().and_then(|record| pair(asked, record, self.turn).err());
        fault.unwrap_or_else(|| Fault::code("a side effect was replayed and history has no value of it"))
    }

    /// Changes search attributes of the run; a null payload takes one away.
    pub fn upsert_search_attributes(&mut self, search_attributes: Fields, at: Option<Place>) {
        let names = search_attributes.keys().cloned().collect();
        let expectation = Expectation::UpsertSearchAttributes { names };
        self.issue(expectation, at.into(), || CommandKind::UpsertSearchAttributes { search_attributes });
    }

    /// Changes fields of the run's memo; a null payload takes one away.
    pub fn upsert_memo(&mut self, memo: Fields, at: Option<Place>) {
        let keys = memo.keys().cloned().collect();
        self.issue(Expectation::UpsertMemo { keys }, at.into(), || CommandKind::ModifyProperties { memo });
    }
}
