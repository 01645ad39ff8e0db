//! Inputs for the targets: histories that real servers wrote, changed by dice, and sequences of events that none would
//! write.

use perpetua_proto::enums::EventType;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    History, HistoryEvent, WorkflowTaskCompletedEventAttributes, WorkflowTaskScheduledEventAttributes,
    WorkflowTaskStartedEventAttributes,
};
use prost::Message;

use crate::{Dice, Outcome, recorded_histories};

/// Histories of so many events take too long to be played often.
const LONG: usize = 200;

/// How often the histories of random programs are there.
const OFTEN: usize = 20;

/// Changes histories, and makes some of their pieces.
#[derive(Clone, Debug)]
pub struct Mutator {
    histories: Vec<History>,
    /// All their events.
    palette: Vec<HistoryEvent>,
}

impl Mutator {
    /// One that starts from these histories, of which there is at least one that is not empty.
    pub fn new(histories: Vec<History>) -> Self {
        let palette = histories.iter().flat_map(|history| history.events.iter().cloned()).collect();
        Self { histories, palette }
    }

    /// One that starts from the recorded histories, but for the longest; what the targets can run comes more often.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn recorded() -> Outcome<Self> {
        let mut histories = Vec::new();
        for recorded in recorded_histories()? {
            let history = History::decode(&recorded.history.to_bytes()[..])?;
            let times = if recorded.module == "random_programs" { OFTEN } else { 1 };
            if history.events.len() < LONG {
                histories.extend(vec![history; times]);
            }
        }
        Ok(Self::new(histories))
    }

    /// One of the histories, changed in a few places.
    pub fn changed(&self, dice: &mut Dice) -> History {
        let mut events = self.histories[dice.place(self.histories.len())].events.clone();
        for _ in 0..1 + dice.below(4) {
            if !events.is_empty() {
                self.change(&mut events, dice);
            }
        }
        if dice.one_in(2) {
            number(&mut events);
        }
        History { events }
    }

    /// Events in any order, with tasks between them, numbered as they come.
    pub fn arbitrary(&self, dice: &mut Dice) -> History {
        let history = &self.histories[dice.place(self.histories.len())];
        let mut events: Vec<_> = history.events.first().cloned().into_iter().collect();
        for _ in 0..dice.below(30) {
            if dice.one_in(2) {
                task(&mut events, dice);
            } else if dice.one_in(2) && !history.events.is_empty() {
                events.push(history.events[dice.place(history.events.len())].clone());
            } else {
                events.push(self.palette[dice.place(self.palette.len())].clone());
            }
        }
        number(&mut events);
        if dice.one_in(4) && !events.is_empty() {
            self.change(&mut events, dice);
        }
        History { events }
    }

    /// The bytes of a changed history, with some of them changed again; or bytes that are nothing at all.
    pub fn bytes(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = match dice.below(4) {
            0 => (0..dice.below(200)).map(|_| byte(dice)).collect(),
            1 => self.palette[dice.place(self.palette.len())].encode_to_vec(),
            _ => self.changed(dice).encode_to_vec(),
        };
        spoil(&mut bytes, dice);
        bytes
    }

    /// The JSON of a changed history, with some of its bytes changed again; empty if the history cannot be read.
    pub fn json(&self, dice: &mut Dice) -> Vec<u8> {
        let changed = self.changed(dice).encode_to_vec();
        let json = perpetua_vocab::History::from_bytes(&changed).map(|history| history.to_json());
        let mut bytes = json.unwrap_or_default().into_bytes();
        spoil(&mut bytes, dice);
        bytes
    }

    fn change(&self, events: &mut Vec<HistoryEvent>, dice: &mut Dice) {
        let at = dice.place(events.len());
        let other = dice.place(events.len());
        let strange = &self.palette[dice.place(self.palette.len())];
        match dice.below(14) {
            0 => drop(events.remove(at)),
            1 => events.insert(other, events[at].clone()),
            2 => events.swap(at, other),
            3 => events[at.min(other)..=at.max(other)].reverse(),
            4 => events.truncate(at),
            5 => events[at].event_id = [0, -1, 1, i64::MAX, i64::MIN, events[other].event_id][dice.place(6)],
            6 => events[at].attributes = strange.attributes.clone(),
            7 => events[at].event_type = strange.event_type,
            8 => events[at].attributes = None,
            9 => events[at].event_time = None,
            10 => events.insert(at, strange.clone()),
            11 => drop(events.drain(..at)),
            12 => {
                let mut tail = events.split_off(at);
                task(events, dice);
                events.append(&mut tail);
            }
            _ => {
                let mut bytes = events[at].encode_to_vec();
                spoil(&mut bytes, dice);
                if let Ok(spoiled) = HistoryEvent::decode(&bytes[..]) {
                    events[at] = spoiled;
                }
            }
        }
    }
}

/// A task is scheduled, started, and mostly answered.
fn task(events: &mut Vec<HistoryEvent>, dice: &mut Dice) {
    let last = events.last().map_or(0, |event| event.event_id);
    let scheduled_event_id = last.saturating_add(1);
    let started_event_id = last.saturating_add(2);
    let scheduled = Box::<WorkflowTaskScheduledEventAttributes>::default();
    push(events, EventType::WorkflowTaskScheduled, Attributes::WorkflowTaskScheduledEventAttributes(scheduled));
    let started = WorkflowTaskStartedEventAttributes { scheduled_event_id, ..Default::default() };
    push(events, EventType::WorkflowTaskStarted, Attributes::WorkflowTaskStartedEventAttributes(Box::new(started)));
    if !dice.one_in(6) {
        let completed =
            WorkflowTaskCompletedEventAttributes { scheduled_event_id, started_event_id, ..Default::default() };
        let completed = Attributes::WorkflowTaskCompletedEventAttributes(Box::new(completed));
        push(events, EventType::WorkflowTaskCompleted, completed);
    }
}

fn push(events: &mut Vec<HistoryEvent>, kind: EventType, attributes: Attributes) {
    let event_id = events.last().map_or(0, |event| event.event_id).saturating_add(1);
    let event_time = events.last().and_then(|event| event.event_time);
    let event_type = kind.into();
    events.push(HistoryEvent { event_id, event_time, event_type, attributes: Some(attributes), ..Default::default() });
}

/// Numbers events as they stand.
fn number(events: &mut [HistoryEvent]) {
    for (number, event) in (1..).zip(events) {
        event.event_id = number;
    }
}

/// Changes, adds and removes some bytes.
fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.place(bytes.len());
        match dice.below(5) {
            0 => bytes[at] = byte(dice),
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, byte(dice)),
            _ => bytes.truncate(at),
        }
    }
}

fn byte(dice: &mut Dice) -> u8 {
    u8::try_from(dice.below(256)).expect("below 256")
}
