//! All runs of a world: those that something happens to as they are, the others packed.
//!
//! ```text
//! loaded --closed, or nothing happened for a while, and nobody waits--> packed
//!   ^                                                                     |
//!   `----------------------- something happens to it ---------------------'
//! ```
//! A server knows many runs, of which few are at work. Whoever only looks at a packed one sees it unpacked until the end of
//! the step.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use prost::Message;

use super::RunNumber;
use crate::run::{History, Live, Run, RunState};

/// All runs, by number.
#[derive(Debug, Default)]
pub(super) struct Runs {
    slots: BTreeMap<RunNumber, Slot>,
    /// Open runs that are loaded, in the order in which it is looked whether they could be packed.
    loaded: VecDeque<RunNumber>,
    /// Closed runs that something happened to.
    ended: Vec<RunNumber>,
    /// Packed runs that were looked at.
    seen: RefCell<Vec<RunNumber>>,
}

#[derive(Debug)]
enum Slot {
    /// It is being changed.
    Taken,
    Loaded(Box<Run>),
    Packed(Packed),
}

/// A run that nothing happens to, as bytes.
#[derive(Debug)]
struct Packed {
    bytes: Box<[u8]>,
    /// As somebody saw it in this step.
    seen: OnceCell<Box<Run>>,
}

/// What is packed of a run.
#[derive(Clone, PartialEq, Message)]
struct Contents {
    #[prost(message, required, tag = "1")]
    state: RunState,
    #[prost(bytes = "bytes", tag = "2")]
    events: Bytes,
    /// How many events each batch has.
    #[prost(uint32, repeated, tag = "3")]
    batches: Vec<u32>,
    #[prost(uint64, tag = "4")]
    stored_events: u64,
    #[prost(uint64, tag = "5")]
    offers: u64,
}

/// How many open runs are loaded, if others are not at work.
const LOADED: usize = 512;
/// How many of them are looked at after a step.
const LOOKS: usize = 8;
/// How long the history of an open run is at most for it to be packed, in bytes: what is longer would take more time than
/// it saves memory.
const LONG: i64 = 64 << 10;

impl Runs {
    pub(super) fn get(&self, number: RunNumber) -> Option<&Run> {
        match self.slots.get(&number)? {
            Slot::Taken => None,
            Slot::Loaded(run) => Some(run),
            Slot::Packed(packed) => Some(packed.seen.get_or_init(|| {
                self.seen.borrow_mut().push(number);
                packed.unpack(number)
            })),
        }
    }

    /// A copy of a run that is packed, for who looks at many; the run itself if it is not.
    pub(super) fn glance(&self, number: RunNumber) -> Option<Glance<'_>> {
        match self.slots.get(&number)? {
            Slot::Taken => None,
            Slot::Loaded(run) => Some(Glance::Loaded(run)),
            Slot::Packed(packed) => Some(Glance::Packed(packed.unpack(number))),
        }
    }

    /// A run that was changed in this step.
    pub(super) fn get_mut(&mut self, number: RunNumber) -> Option<&mut Run> {
        match self.slots.get_mut(&number)? {
            Slot::Loaded(run) => Some(run),
            Slot::Taken | Slot::Packed(_) => None,
        }
    }

    /// All runs that are not being changed.
    pub(super) fn numbers(&self) -> impl Iterator<Item = RunNumber> {
        self.slots.keys().copied()
    }

    /// Whether a run could speak of something, since its name occurs in it.
    pub(super) fn may_name(&self, number: RunNumber, name: &str) -> bool {
        match self.slots.get(&number) {
            Some(Slot::Packed(packed)) => packed.names(name.as_bytes()),
            Some(Slot::Taken | Slot::Loaded(_)) => true,
            None => false,
        }
    }

    /// Takes a run out, to be changed and put back.
    pub(super) fn take(&mut self, number: RunNumber) -> Option<Box<Run>> {
        let slot = self.slots.get_mut(&number)?;
        match std::mem::replace(slot, Slot::Taken) {
            Slot::Taken => None,
            Slot::Loaded(run) => Some(run),
            Slot::Packed(mut packed) => {
                let run = packed.seen.take().unwrap_or_else(|| packed.unpack(number));
                if run.is_open() {
                    self.loaded.push_back(number);
                }
                Some(run)
            }
        }
    }

    /// Puts a run back that was taken.
    pub(super) fn put(&mut self, mut run: Box<Run>) {
        let number = run.number;
        run.live.is_recent = true;
        if !run.is_open() {
            self.ended.push(number);
        }
        self.slots.insert(number, Slot::Loaded(run));
    }

    /// Takes in a new run.
    pub(super) fn add(&mut self, run: Run) {
        if run.is_open() {
            self.loaded.push_back(run.number);
        }
        self.put(Box::new(run));
    }

    pub(super) fn remove(&mut self, number: RunNumber) -> Option<Box<Run>> {
        match self.slots.remove(&number)? {
            Slot::Taken => None,
            Slot::Loaded(run) => Some(run),
            Slot::Packed(packed) => Some(packed.unpack(number)),
        }
    }

    /// Packs what nothing happens to. What was stored must be known by now.
    pub(super) fn tidy(&mut self) {
        for number in std::mem::take(self.seen.get_mut()) {
            if let Some(Slot::Packed(packed)) = self.slots.get_mut(&number) {
                packed.seen.take();
            }
        }
        for number in std::mem::take(&mut self.ended) {
            if let Some(slot @ Slot::Loaded(_)) = self.slots.get_mut(&number) {
                slot.pack_if(|run| !run.is_open());
            }
        }
        self.tidy_loaded(LOADED, LOOKS);
    }

    /// Packs everything that may be packed. What was stored must be known by now.
    pub(super) fn pack(&mut self) {
        self.tidy();
        // Twice, since what was at work just now is looked at again.
        self.tidy_loaded(0, 2 * self.loaded.len());
    }

    fn tidy_loaded(&mut self, most: usize, looks: usize) {
        for _ in 0..looks {
            if self.loaded.len() <= most {
                return;
            }
            let Some(number) = self.loaded.pop_front() else { return };
            let Some(slot @ Slot::Loaded(_)) = self.slots.get_mut(&number) else { continue };
            if !slot.pack_if(|run| !std::mem::take(&mut run.live.is_recent) && run.history.bytes() < LONG) {
                self.loaded.push_back(number);
            }
        }
    }
}

impl Slot {
    /// Packs a run that nobody waits for, if this is so; whether it is no open run that is loaded any more.
    fn pack_if(&mut self, is_so: impl FnOnce(&mut Run) -> bool) -> bool {
        let Self::Loaded(run) = self else { return true };
        let packs = is_so(run) && run.live.is_idle();
        if packs {
            *self = Self::Packed(Packed::new(run));
        }
        packs || matches!(self, Self::Loaded(run) if !run.is_open())
    }
}

impl Packed {
    fn new(run: &mut Run) -> Self {
        let (events, batches) = run.history.pack();
        let contents = Contents {
            state: std::mem::take(&mut run.state),
            events,
            batches,
            stored_events: run.live.stored_events as u64,
            offers: run.live.offers,
        };
        Self { bytes: contents.encode_to_vec().into(), seen: OnceCell::new() }
    }

    fn unpack(&self, number: RunNumber) -> Box<Run> {
        let contents = Contents::decode(Bytes::copy_from_slice(&self.bytes)).expect("it was packed here");
        let Contents { state, events, batches, stored_events, offers } = contents;
        let stored_events = usize::try_from(stored_events).unwrap_or(usize::MAX);
        let live = Live { stored_events, offers, ..Live::default() };
        Box::new(Run { number, state, history: History::unpack(events, &batches), live })
    }

    /// Whether this occurs in what is packed.
    fn names(&self, name: &[u8]) -> bool {
        let Some((first, rest)) = name.split_first() else { return true };
        let mut bytes = &self.bytes[..];
        while let Some(at) = bytes.iter().position(|byte| byte == first) {
            bytes = &bytes[at + 1..];
            if bytes.starts_with(rest) {
                return true;
            }
        }
        false
    }
}

/// A run that is looked at, among many.
#[derive(Debug)]
pub(crate) enum Glance<'a> {
    Loaded(&'a Run),
    Packed(Box<Run>),
}

impl std::ops::Deref for Glance<'_> {
    type Target = Run;

    fn deref(&self) -> &Run {
        match self {
            Self::Loaded(run) => run,
            Self::Packed(run) => run,
        }
    }
}
