//! What the code asked for beside what history has, one by one.

use std::collections::BTreeSet;

use perpetua_vocab::{Event, EventId, EventKind};

use crate::expectation::{Asked, Expectation, in_words};
use crate::markers::{Marker, PatchMark, lists_patches};
use crate::mismatch::{Parting, Said};
use crate::{Fault, Mismatch, Record};

/// Pairs each thing the code asked for with the event that echoes it.
///
/// The marker of a deprecated patch needs no partner, nor a place: the call may be gone from the code, or moved.
///
/// # Errors
/// [`Fault::Nondeterminism`] at the first thing without a partner.
pub(super) fn pair(asked: Vec<Asked>, record: Record, turn: u32) -> Result<Vec<(Expectation, EventId)>, Fault> {
    let Record { completed, answers } = record;
    let mut asked = asked.into_iter().peekable();
    let mut answers = answers.into_iter().peekable();
    let mut passed_over = BTreeSet::new();
    let mut pairs = Vec::new();
    loop {
        if let Some(mark) = answers.peek().and_then(patch_mark)
            && mark.deprecated
            && !matches!(asked.peek(), Some(Asked { what: Expectation::Patch { patch }, .. }) if *patch == mark.id)
        {
            passed_over.insert(mark.id);
            answers.next();
            answers.next_if(lists_patches);
            continue;
        }
        let is_passed_over =
            |next: &Asked| matches!(&next.what, Expectation::Patch { patch } if passed_over.contains(patch));
        if asked.next_if(is_passed_over).is_some() {
            asked.next_if(|next| matches!(next.what, Expectation::ListPatches));
            continue;
        }
        match (asked.next(), answers.next()) {
            (None, None) => {
                return Ok(pairs.into_iter().map(|(asked, event): (Asked, _)| (asked.what, event)).collect());
            }
            (Some(asked), Some(event)) if asked.what.is_echoed_by(&event) => pairs.push((asked, event.id)),
            (next_asked, next_answer) => {
                let event = next_answer.as_ref().map_or(completed, |event| event.id);
                let history = next_answer.into_iter().chain(answers).map(|event| (event.id, in_words(&event)));
                let parting = Parting {
                    turn,
                    completed: Some(completed),
                    agreed: pairs.iter().map(|(asked, event)| (*event, Said::from(asked))).collect(),
                    history: history.collect(),
                    code: next_asked.iter().chain(&asked.collect::<Vec<_>>()).map(Said::from).collect(),
                };
                return Err(Mismatch::new(parting, event).into());
            }
        }
    }
}

impl From<&Asked> for Said {
    fn from(asked: &Asked) -> Self {
        Self { what: asked.what.to_string(), at: asked.at }
    }
}

fn patch_mark(event: &Event) -> Option<PatchMark> {
    match &event.kind {
        EventKind::MarkerRecorded(recorded) => match Marker::read(recorded) {
            Marker::Patch(mark) => Some(mark),
            _ => None,
        },
        _ => None,
    }
}
