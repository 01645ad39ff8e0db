//! Whatever comes, it is either malformed or kept; nothing panics and nothing is lost.

use std::fmt::Debug;

use perpetua_proto::{
    command, failure,
    history::{HistoryEvent, history_event::Attributes},
    protocol,
    workflowservice::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
};
use perpetua_vocab::{Command, Event, Failure, Message, wire};
use prost_reflect::Value;

use crate::{
    generate::{Dice, Mood, random, random_event, typed_event, variants},
    round_trip::{random_command, random_message},
};

/// How many of all were malformed, and how many were not.
#[derive(Default)]
struct Tally {
    malformed: u32,
    kept: u32,
}

impl Tally {
    fn check<T: prost::Message + Debug>(&mut self, kept: Result<T, perpetua_vocab::Malformed>, wire: &T, what: &str) {
        match kept {
            Ok(back) => {
                self.kept += 1;
                // As bytes, so that a number which is none equals itself.
                assert_eq!(back.encode_to_vec(), wire.encode_to_vec(), "{what}\n{back:?}\n{wire:?}");
            }
            Err(malformed) => {
                self.malformed += 1;
                assert!(malformed.to_string().contains(malformed.field()), "{what}: {malformed}");
            }
        }
    }

    fn assert_both(&self) {
        assert!(self.malformed > 10 && self.kept > 10, "{} malformed, {} kept", self.malformed, self.kept);
    }
}

#[test]
fn a_wild_event_is_malformed_or_kept() {
    let mut tally = Tally::default();
    for variant in variants("history.v1.HistoryEvent") {
        for seed in 0..100 {
            let dice = &mut Dice::seeded(seed);
            let mut generated = random_event(&variant, dice, Mood::Wild);
            if dice.chance(5) {
                generated.set_field_by_name("event_type", Value::EnumNumber(17));
            }
            if dice.chance(3) {
                generated.clear_field(&variant);
            }
            let mut wire = typed_event(&generated);
            if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &mut wire.attributes
                && started.attempt == 0
            {
                // The one difference without meaning.
                started.attempt = 1;
            }
            let what = format!("{} seed {seed}", variant.name());
            tally.check(Event::try_from(wire.clone()).map(HistoryEvent::from), &wire, &what);
        }
    }
    tally.assert_both();
}

#[test]
fn a_wild_failure_is_malformed_or_kept() {
    let mut tally = Tally::default();
    for seed in 0..1000 {
        let wire: failure::Failure = random("failure.v1.Failure", &mut Dice::seeded(seed), Mood::Wild);
        tally.check(Failure::try_from(wire.clone()).map(Into::into), &wire, &format!("seed {seed}"));
    }
    tally.assert_both();
}

#[test]
fn a_wild_command_is_malformed_or_kept() {
    let mut tally = Tally::default();
    for variant in variants("command.v1.Command") {
        for seed in 0..100 {
            let wire = random_command(variant.name(), &mut Dice::seeded(seed), Mood::Wild);
            let back = Command::try_from(wire.clone()).map(command::Command::from);
            tally.check(back, &wire, &format!("{} seed {seed}", variant.name()));
        }
    }
    tally.assert_both();
}

#[test]
fn a_wild_message_is_malformed_or_kept() {
    let mut tally = Tally::default();
    for seed in 0..1000 {
        let dice = &mut Dice::seeded(seed);
        let mut wire = random_message(dice, Mood::Wild);
        if let (true, Some(body)) = (dice.chance(10), &mut wire.body) {
            let half = body.value.len() / 2;
            body.value.truncate(half);
        }
        let back = Message::try_from(wire.clone()).map(protocol::Message::from);
        tally.check(back, &wire, &format!("seed {seed}"));
    }
    tally.assert_both();
}

#[test]
fn a_wild_poll_is_a_task_or_keeps_its_token() {
    let events = variants("history.v1.HistoryEvent");
    let (mut good, mut bad) = (0, 0);
    for seed in 0..500 {
        let dice = &mut Dice::seeded(seed);
        let mut poll: PollWorkflowTaskQueueResponse =
            random("workflowservice.v1.PollWorkflowTaskQueueResponse", dice, Mood::Wild);
        poll.task_token = "token".into();
        let kind = &events[usize::try_from(seed).unwrap_or(0) % events.len()];
        poll.history.get_or_insert_default().events = vec![typed_event(&random_event(kind, dice, Mood::Wild))];
        poll.messages.clear();
        match wire::workflow_task(poll.clone()) {
            Ok(task) => {
                good += 1;
                assert_eq!(task.expect("there is a token").token.0, "token");
            }
            Err(task) => {
                bad += 1;
                assert_eq!((&task.token.0[..], task.only_query), (&b"token"[..], poll.query.is_some()));
            }
        }

        let mut poll: PollActivityTaskQueueResponse =
            random("workflowservice.v1.PollActivityTaskQueueResponse", dice, Mood::Wild);
        poll.task_token = "token".into();
        match wire::activity_task(poll) {
            Ok(task) => assert_eq!(task.expect("there is a token").token.0, "token"),
            Err(task) => assert_eq!((&task.token.0[..], task.only_query), (&b"token"[..], false)),
        }
    }
    assert!(good > 10 && bad > 10, "{good} good, {bad} bad");
}
