//! How often something may happen, and how often it did.

use std::collections::VecDeque;
use std::time::Duration;

use crate::Time;

/// How much may happen at once after a pause: what the rate allows in this time, and at least one.
const BURST: Duration = Duration::from_secs(1);
/// How finely it is counted what happens.
const SLOT: Duration = Duration::from_secs(5);
/// How many slots are looked back at.
const SLOTS: i64 = 6;

/// Lets something happen so often and no more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limiter {
    /// When the next would be due if everything so far had happened evenly.
    due: Time,
}

impl Limiter {
    /// Whether it may happen now, at so many a second; else from when on, if ever.
    pub(super) fn check(&self, rate: f64, now: Time) -> Result<(), Option<Time>> {
        let Some(interval) = interval(rate) else { return Err(None) };
        let free = free(interval, now);
        let due = self.due_at(interval, now);
        if due <= free { Ok(()) } else { Err(Some(now.plus(due.since(free)))) }
    }

    /// It has happened.
    pub(super) fn spend(&mut self, rate: f64, now: Time) {
        let Some(interval) = interval(rate) else { return };
        self.due = self.due_at(interval, now).max(now).plus(interval);
    }

    /// When the next is due; a rate that was much lower before leaves no long wait behind.
    fn due_at(&self, interval: Duration, now: Time) -> Time {
        self.due.min(free(interval, now).plus(interval))
    }

    /// Whether it is as good as new.
    pub(super) fn is_rested(&self, now: Time) -> bool {
        self.due <= now
    }
}

/// By when something must be due so that it may happen now.
fn free(interval: Duration, now: Time) -> Time {
    now.plus(BURST.saturating_sub(interval))
}

fn interval(rate: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(1.0 / rate).ok().filter(|interval| interval.as_secs() < 1_000_000_000)
}

/// Counts what happens lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    began: Option<Time>,
    slots: VecDeque<(i64, u32)>,
}

impl Meter {
    pub(super) fn count(&mut self, now: Time) {
        self.began.get_or_insert(now);
        let slot = slot(now);
        match self.slots.back_mut() {
            Some((last, count)) if *last == slot => *count = count.saturating_add(1),
            _ => self.slots.push_back((slot, 1)),
        }
        while self.slots.front().is_some_and(|(first, _)| *first <= slot - SLOTS) {
            self.slots.pop_front();
        }
    }

    /// How often a second it happened lately.
    #[allow(clippy::cast_precision_loss, reason = "rates are shown, not calculated with")]
    pub(super) fn rate(&self, now: Time) -> f32 {
        let Some(began) = self.began else { return 0.0 };
        let slot = slot(now);
        let count: u64 =
            self.slots.iter().filter(|(at, _)| *at > slot - SLOTS).map(|(_, count)| u64::from(*count)).sum();
        let window = SLOT.saturating_mul(u32::try_from(SLOTS).unwrap_or(1));
        let seen = now.since(began).clamp(Duration::from_secs(1), window);
        count as f32 / seen.as_secs_f32()
    }
}

fn slot(now: Time) -> i64 {
    now.nanos() / i64::try_from(SLOT.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_nanos((1_000_000 + millis) * 1_000_000)
    }

    #[test]
    fn a_rate_allows_a_burst_and_then_one_at_a_time() {
        let mut limiter = Limiter::default();
        for _ in 0..2 {
            assert_eq!(limiter.check(2.0, at(0)), Ok(()));
            limiter.spend(2.0, at(0));
        }
        assert_eq!(limiter.check(2.0, at(0)), Err(Some(at(500))));
        assert_eq!(limiter.check(2.0, at(500)), Ok(()));
        limiter.spend(2.0, at(500));
        assert_eq!(limiter.check(2.0, at(600)), Err(Some(at(1000))));
        assert_eq!(limiter.check(0.0, at(9000)), Err(None));
        let mut slow = Limiter::default();
        slow.spend(0.1, at(0));
        assert_eq!(slow.check(0.1, at(0)), Err(Some(at(10_000))));
        assert_eq!(slow.check(100.0, at(2000)), Err(Some(at(2010))));
    }

    #[test]
    fn a_meter_forgets_what_was_long_ago() {
        let mut meter = Meter::default();
        for millis in 0..10 {
            meter.count(at(millis * 1000));
        }
        assert!((meter.rate(at(10_000)) - 1.0).abs() < 0.001);
        assert!(meter.rate(at(60_000)).abs() < 0.001);
    }
}
