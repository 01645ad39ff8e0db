//! Choices that a seed makes.
//!
//! A choice depends on the seed, on what it is about and on how often that was asked before; not on what happened to other
//! things in between. So a small change of a test leaves most choices as they were.

use std::time::Duration;

/// Makes all choices of one simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    seed: u64,
}

/// The numbers for one decision.
#[derive(Clone, Debug)]
pub(crate) struct Throw(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The numbers for what is asked about this for the n-th time.
    pub(crate) fn throw(self, about: &str, number: u64) -> Throw {
        let mut state = mix(self.seed);
        for byte in about.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Throw(mix(state ^ number))
    }
}

impl Throw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below this, which is not zero.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True so many times in a thousand.
    pub(crate) fn in_a_thousand(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// A time of at most this, in whole milliseconds, and at least one.
    pub(crate) fn time(&mut self, longest: Duration) -> Duration {
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(1 + self.below(millis))
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads the bits of a number over all of them.
fn mix(number: u64) -> u64 {
    let mut number = number.wrapping_add(STEP);
    number = (number ^ (number >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    number = (number ^ (number >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    number ^ (number >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: u64, about: &str, number: u64) -> Vec<u64> {
        let mut throw = Dice::new(seed).throw(about, number);
        (0..4).map(|_| throw.below(1_000_000)).collect()
    }

    #[test]
    fn the_same_question_gets_the_same_numbers_and_another_gets_others() {
        assert_eq!(numbers(7, "a", 1), numbers(7, "a", 1));
        for other in [numbers(8, "a", 1), numbers(7, "b", 1), numbers(7, "a", 2)] {
            assert_ne!(numbers(7, "a", 1), other);
        }
    }

    #[test]
    fn numbers_are_spread() {
        let hits = (0..10_000).filter(|number| Dice::new(1).throw("x", *number).in_a_thousand(100)).count();
        assert!((900..1100).contains(&hits), "{hits}");
    }
}
