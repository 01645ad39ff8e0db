//! Programs as data: what a random workflow does, made by dice.

use serde::{Deserialize, Serialize};

/// Every workflow hears at least so many signals `count`, so that waiting for as many always ends.
pub(crate) const COUNTED: u32 = 4;

/// Numbers that look random, from a seed (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn number(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(bound.into())).expect("below a small bound")
    }
}

/// What becomes of an activity or a child when whoever waits for it is canceled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Leaving {
    Try,
    Wait,
    Abandon,
}

/// What a workflow does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Plan {
    /// Sleeps for so many milliseconds.
    Sleep(u64),
    /// Calls an activity that fails so many times before it succeeds.
    Call {
        fails: u32,
        leaving: Leaving,
    },
    /// Calls an activity that fails for good.
    CallInVain,
    /// Starts a child with a plan of its own; counts for it while it runs, and maybe cancels it.
    Child {
        plan: Box<Self>,
        counts: u32,
        cancels: bool,
        leaving: Leaving,
    },
    /// Counts for another workflow.
    CountForOther,
    /// Counts for a workflow that does not exist.
    CountForNobody,
    /// Asks a workflow that does not exist to stop.
    CancelNobody,
    WaitFor(u32),
    WaitNoLonger(u32, u64),
    Count,
    Draw,
    WaitToBeCanceled,
    InOrder(Vec<Self>),
    Both(Box<[Self; 2]>),
    First(Box<[Self; 3]>),
    All(Vec<Self>, usize),
    Spawned(Box<Self>),
    Detached(Box<Self>),
    Shielded(Box<Self>),
}

/// Where a plan is followed.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    depth: u32,
    /// Whether a cancellation will come.
    cancelable: bool,
}

impl Place {
    /// The main function of a workflow that is canceled in the end.
    pub(crate) const MAIN: Self = Self { depth: 0, cancelable: true };
    /// A handler, which no cancellation reaches.
    pub(crate) const HANDLER: Self = Self { depth: 2, cancelable: false };
    /// A child that nobody is sure to cancel.
    const CHILD: Self = Self { depth: 2, cancelable: false };

    fn below(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl Plan {
    /// A plan that comes to an end in this place, whatever happens.
    pub(crate) fn random(dice: &mut Dice, place: Place) -> Self {
        let plan = |dice: &mut Dice| Self::random(dice, place.below());
        let some = |dice: &mut Dice| (0..1 + dice.below(3)).map(|_| Self::random(dice, place.below())).collect();
        // First what consists of other things, later rather what does not.
        let composed = match place.depth {
            0 | 1 => true,
            2 | 3 => dice.one_in(2),
            _ => false,
        };
        if !composed {
            return Self::simple(dice, place);
        }
        match dice.below(8) {
            0 => Self::InOrder(some(dice)),
            1 => Self::Both(Box::new([plan(dice), plan(dice)])),
            2 | 3 => Self::First(Box::new([plan(dice), plan(dice), plan(dice)])),
            4 => Self::All(some(dice), usize::try_from(1 + dice.below(3)).expect("a small number")),
            5 => Self::Spawned(Box::new(plan(dice))),
            6 => Self::Detached(Box::new(plan(dice))),
            _ => Self::Shielded(Box::new(Self::random(dice, Place { cancelable: false, ..place.below() }))),
        }
    }

    fn simple(dice: &mut Dice, place: Place) -> Self {
        match dice.below(16) {
            0 | 1 => Self::Sleep(dice.below(30)),
            2..=5 => Self::Call { fails: dice.number(2), leaving: Leaving::random(dice) },
            6 => Self::CallInVain,
            7 if place.depth < 5 => {
                let below = Place { depth: place.depth + 2, ..Place::CHILD };
                Self::Child {
                    plan: Box::new(Self::random(dice, below)),
                    counts: dice.number(3),
                    cancels: dice.one_in(3),
                    leaving: Leaving::random(dice),
                }
            }
            7 | 8 => Self::CountForOther,
            9 => Self::CountForNobody,
            10 => Self::CancelNobody,
            11 => Self::WaitFor(dice.number(COUNTED + 1)),
            12 => Self::WaitNoLonger(dice.number(3 * COUNTED), dice.below(30)),
            13 => Self::Count,
            14 => Self::Draw,
            _ if place.cancelable => Self::WaitToBeCanceled,
            _ => Self::Sleep(0),
        }
    }
}

impl Leaving {
    fn random(dice: &mut Dice) -> Self {
        [Self::Try, Self::Wait, Self::Abandon][usize::try_from(dice.below(3)).expect("a small number")]
    }
}
