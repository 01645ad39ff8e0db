//! What a schedule decides by itself: which starts are due, and when it is to be looked after next.

use perpetua_proto::enums::ScheduleOverlapPolicy as Overlap;
use perpetua_proto::schedule::SchedulePatch;

use super::state::{Backfill, BufferedStart, Schedule};
use super::times::{Due, Times};
use super::{BACKFILL_PAUSE, BACKFILLS_AT_ONCE, BUFFER, RETENTION};
use crate::time::{self, Time};

/// When a schedule is to be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Something is to be done then.
    At(Time),
    /// It is over then.
    OverAt(Time),
    /// When somebody asks something of it, or what it started ends.
    Unknown,
}

impl Schedule {
    /// Puts into the buffer what has become due.
    pub(super) fn catch_up(&mut self, times: &Times, now: Time) {
        // Time that passes while it may not act is gone.
        if !self.may_act() {
            self.done_until = now.nanos().max(self.done_until);
            return;
        }
        let window = time::duration(self.policies.catchup_window.as_ref()).unwrap_or_default();
        while let Some(due) = self.next_due(times).filter(|due| due.at <= now) {
            self.done_until = due.at.nanos();
            if now.since(due.at) > window {
                self.info.missed_catchup_window += 1;
            } else {
                self.push(due, Overlap::Unspecified.into(), false);
            }
        }
    }

    /// The next time that is not dealt with yet. What lies before the last update is not made up for.
    fn next_due(&self, times: &Times) -> Option<Due> {
        let mut next = times.next(Time::from_nanos(self.done_until));
        while let Some(due) = next.filter(|due| due.at.nanos() < self.updated) {
            next = times.next(due.at);
        }
        next
    }

    /// The next times at which it acts, as far as they are known.
    pub(super) fn coming(&self, now: Time, most: usize) -> Vec<perpetua_proto::protobuf::Timestamp> {
        let Some(times) = self.times() else { return Vec::new() };
        let left = usize::try_from(self.state.remaining_actions).unwrap_or(0);
        let most = if self.state.limited_actions { most.min(left) } else { most };
        let earliest = now.nanos().saturating_sub(i64::try_from(times.jitter().as_nanos()).unwrap_or(i64::MAX));
        let from = Time::from_nanos(self.done_until.max(earliest.saturating_sub(1_000_000_000)));
        std::iter::successors(times.next(from), |due| times.next(due.at))
            .filter(|due| due.at > now && due.at.nanos() >= self.updated)
            .take(most)
            .map(|due| due.at.to_wire())
            .collect()
    }

    fn push(&mut self, due: Due, overlap: i32, manual: bool) {
        if self.buffer.len() >= BUFFER {
            self.info.buffer_dropped += 1;
            return;
        }
        let start = BufferedStart { nominal: due.nominal.nanos(), at: due.at.nanos(), overlap, manual };
        self.buffer.push(start);
    }

    /// Does what somebody asks for. What was due before is dealt with already.
    pub(super) fn patch(&mut self, patch: SchedulePatch, now: Time) {
        if let Some(trigger) = patch.trigger_immediately {
            let asked = trigger.scheduled_time.as_ref().map(Time::from_wire).filter(|time| time.nanos() != 0);
            let at = asked.unwrap_or(now);
            self.push(Due { nominal: at, at }, trigger.overlap_policy, true);
        }
        for backfill in patch.backfill_request {
            if self.backfills.len() >= BUFFER {
                self.info.buffer_dropped += 1;
                continue;
            }
            let time = |wire: Option<&perpetua_proto::protobuf::Timestamp>| {
                wire.map(Time::from_wire).unwrap_or_default().nanos()
            };
            self.backfills.push(Backfill {
                // The start belongs to the span.
                after: time(backfill.start_time.as_ref()).saturating_sub(1_000_000),
                until: time(backfill.end_time.as_ref()),
                overlap: backfill.overlap_policy,
            });
        }
        if !patch.pause.is_empty() {
            self.set_paused(true, patch.pause);
        }
        if !patch.unpause.is_empty() {
            self.set_paused(false, patch.unpause);
        }
    }

    /// Puts some of what is to be made up for into the buffer; it may take half of it.
    pub(super) fn backfill(&mut self, times: &Times) {
        let mut left = BACKFILLS_AT_ONCE;
        while let Some(backfill) = self.backfills.first().copied() {
            if left == 0 || self.buffer.len() >= BUFFER / 2 {
                return;
            }
            let next = times.next(Time::from_nanos(backfill.after));
            if let Some(due) = next.filter(|due| due.at.nanos() <= backfill.until) {
                self.push(due, backfill.overlap, true);
                left -= 1;
                if let Some(first) = self.backfills.first_mut() {
                    first.after = due.at.nanos();
                }
            } else {
                self.backfills.remove(0);
            }
        }
    }

    /// When it is to be looked after next.
    pub(super) fn next(&self, times: Option<&Times>) -> Next {
        if self.backfills.first().is_some_and(|backfill| self.overlap(backfill.overlap) == Overlap::AllowAll) {
            return Next::At(Time::from_nanos(self.tended).plus(BACKFILL_PAUSE));
        }
        let due = times.filter(|_| self.may_act()).and_then(|times| self.next_due(times));
        match due {
            Some(due) => Next::At(due.at),
            None if self.state.paused || !self.info.running_workflows.is_empty() => Next::Unknown,
            None => Next::OverAt(self.last_change().plus(RETENTION)),
        }
    }
}
