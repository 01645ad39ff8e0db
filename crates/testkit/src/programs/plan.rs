//! Programs as data: what a random workflow does, made by dice.

use serde::{Deserialize, Serialize};

use crate::Dice;

/// Every workflow hears at least so many signals `count`, so that waiting for as many always ends.
pub const COUNTED: u32 = 4;

/// What becomes of an activity or a child when whoever waits for it is canceled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Leaving {
    /// It is asked to stop, and nobody waits for it.
    Try,
    /// It is asked to stop, and waited for.
    Wait,
    /// It is left alone.
    Abandon,
}

/// What a workflow does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Plan {
    /// Sleeps for so many milliseconds.
    Sleep(u64),
    /// Calls an activity that fails so many times before it succeeds.
    Call {
        /// How often it fails.
        fails: u32,
        /// What becomes of it when it is canceled.
        leaving: Leaving,
    },
    /// Calls an activity that fails for good.
    CallInVain,
    /// Calls a local activity that fails so many times before it succeeds.
    CallHere {
        /// How often it fails.
        fails: u32,
        /// What becomes of it when it is canceled.
        leaving: Leaving,
    },
    /// Asks for one of a few patches, and draws a number if it applies.
    Patch(u32),
    /// Keeps a value that no replay could make again.
    SideEffect,
    /// Notes something in the memo.
    Note(u32),
    /// Starts a child with a plan of its own; counts for it while it runs, and maybe cancels it.
    Child {
        /// What the child does.
        plan: Box<Self>,
        /// How often is counted for it.
        counts: u32,
        /// Whether it is canceled.
        cancels: bool,
        /// What becomes of it then, or when its parent is.
        leaving: Leaving,
    },
    /// Counts for another workflow.
    CountForOther,
    /// Counts for a workflow that does not exist.
    CountForNobody,
    /// Asks a workflow that does not exist to stop.
    CancelNobody,
    /// Waits until so much was counted.
    WaitFor(u32),
    /// The same, for so many milliseconds at most.
    WaitNoLonger(u32, u64),
    /// Counts.
    Count,
    /// Draws a random number.
    Draw,
    /// Waits until the scope is canceled.
    WaitToBeCanceled,
    /// One after the other.
    InOrder(Vec<Self>),
    /// Side by side.
    Both(Box<[Self; 2]>),
    /// Side by side, until one is done.
    First(Box<[Self; 3]>),
    /// Side by side, so many at a time.
    All(Vec<Self>, usize),
    /// On a task of its own, which is awaited.
    Spawned(Box<Self>),
    /// On a task of its own, which nobody awaits.
    Detached(Box<Self>),
    /// Out of the reach of cancellation.
    Shielded(Box<Self>),
    /// In a scope of its own, which is canceled after so many milliseconds.
    Limited(Box<Self>, u64),
}

/// Where a plan is followed.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    depth: u32,
    /// Whether a cancellation will come.
    cancelable: bool,
}

impl Place {
    /// The main function of a workflow that is canceled in the end.
    pub const MAIN: Self = Self { depth: 0, cancelable: true };
    /// A handler, which no cancellation reaches.
    pub const HANDLER: Self = Self { depth: 2, cancelable: false };
    /// A child that nobody is sure to cancel.
    const CHILD: Self = Self { depth: 2, cancelable: false };

    fn below(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl Plan {
    /// A plan that comes to an end in this place, whatever happens.
    pub fn random(dice: &mut Dice, place: Place) -> Self {
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
        match dice.below(9) {
            8 => Self::Limited(Box::new(plan(dice)), dice.below(30)),
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
        match dice.below(22) {
            16..=18 => Self::CallHere { fails: dice.number(3), leaving: Leaving::random(dice) },
            19 => Self::Patch(dice.number(3)),
            20 => Self::SideEffect,
            21 => Self::Note(dice.number(10)),
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
