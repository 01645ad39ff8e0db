//! Which times a calendar names.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use perpetua_proto::schedule::{Range, StructuredCalendarSpec};

use super::ranges::YEARS;

/// A calendar as sets of values. A time belongs to it if each of its parts is in its set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    second: u64,
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    /// Sunday is 0.
    weekday: u64,
    /// From the first year that may be named on; none for every year.
    year: Option<u128>,
}

impl Calendar {
    pub(super) fn of(calendar: &StructuredCalendarSpec) -> Self {
        let years = |at: i32| u32::try_from(at - YEARS.0).ok().filter(|at| *at < 128);
        let year = values(&calendar.year).filter_map(years).fold(0, |set, at| set | 1 << at);
        Self {
            second: set(&calendar.second),
            minute: set(&calendar.minute),
            hour: set(&calendar.hour),
            day: set(&calendar.day_of_month),
            month: set(&calendar.month),
            weekday: set(&calendar.day_of_week),
            year: (!calendar.year.is_empty()).then_some(year),
        }
    }

    /// Whether the calendar names this second.
    pub(super) fn has(&self, at: i64, zone: &TimeZone) -> bool {
        let Ok(at) = Timestamp::from_second(at) else { return false };
        let local = zone.to_offset(at).to_datetime(at);
        self.has_date(local.date())
            && has(self.hour, local.hour())
            && has(self.minute, local.minute())
            && has(self.second, local.second())
    }

    /// The first second after this one that the calendar names. Local times that come twice are named twice, those that
    /// are left out are not named.
    pub(super) fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let mut at = Timestamp::from_second(after.checked_add(1)?).ok()?;
        // While the offset stays what it is, local time goes on evenly.
        loop {
            let offset = zone.to_offset(at);
            let local = offset.to_datetime(at);
            let change = zone.following(at).next().map(|transition| transition.timestamp());
            let until = change.map_or(DateTime::MAX, |change| offset.to_datetime(change));
            if let Some(found) = self.next_local(local, until) {
                return offset.to_timestamp(found).ok().map(Timestamp::as_second);
            }
            at = change.filter(|_| i32::from(local.year()) <= YEARS.1)?;
        }
    }

    /// The first local time that the calendar names, from one on and before another.
    fn next_local(&self, from: DateTime, until: DateTime) -> Option<DateTime> {
        let mut date = from.date();
        let mut least = (from.hour(), from.minute(), from.second());
        while i32::from(date.year()) <= YEARS.1 && date <= until.date() {
            if self.has_date(date)
                && let Some((hour, minute, second)) = self.next_in_day(least)
            {
                let found = date.at(hour, minute, second, 0);
                return (found < until).then_some(found);
            }
            date = self.later(date)?;
            least = (0, 0, 0);
        }
        None
    }

    /// A later date, such that none is left out that the calendar names.
    fn later(&self, date: Date) -> Option<Date> {
        if !self.has_year(date) {
            date.last_of_year().tomorrow().ok()
        } else if has(self.month, date.month()) {
            date.tomorrow().ok()
        } else {
            date.last_of_month().tomorrow().ok()
        }
    }

    fn next_in_day(&self, (hour, minute, second): (i8, i8, i8)) -> Option<(i8, i8, i8)> {
        if has(self.hour, hour) {
            if has(self.minute, minute)
                && let Some(second) = first(self.second, second)
            {
                return Some((hour, minute, second));
            }
            if let Some(minute) = first(self.minute, minute + 1) {
                return Some((hour, minute, first(self.second, 0)?));
            }
        }
        Some((first(self.hour, hour + 1)?, first(self.minute, 0)?, first(self.second, 0)?))
    }

    fn has_date(&self, date: Date) -> bool {
        self.has_year(date)
            && has(self.month, date.month())
            && has(self.day, date.day())
            && has(self.weekday, date.weekday().to_sunday_zero_offset())
    }

    fn has_year(&self, date: Date) -> bool {
        let at = u32::try_from(i32::from(date.year()) - YEARS.0).ok().filter(|at| *at < 128);
        self.year.is_none_or(|years| at.is_some_and(|at| years >> at & 1 == 1))
    }
}

fn values(ranges: &[Range]) -> impl Iterator<Item = i32> {
    ranges.iter().flat_map(|range| {
        let step = usize::try_from(range.step).unwrap_or(1).max(1);
        (range.start..=range.end.max(range.start)).step_by(step)
    })
}

fn set(ranges: &[Range]) -> u64 {
    values(ranges).filter(|value| (0..64).contains(value)).fold(0, |set, value| set | 1 << value)
}

fn has(set: u64, value: i8) -> bool {
    (0..64).contains(&value) && set >> value & 1 == 1
}

/// The first value from this one on.
fn first(set: u64, from: i8) -> Option<i8> {
    let left = set.checked_shr(u32::try_from(from).ok()?).filter(|left| *left != 0)?;
    from.checked_add(i8::try_from(left.trailing_zeros()).ok()?)
}
