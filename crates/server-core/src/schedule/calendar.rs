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

    /// If the calendar names this second: a second up to which it names every one. It is the last of the minute, the hour
    /// or the day, where all of that belongs to it.
    pub(super) fn names_until(&self, second: i64, zone: &TimeZone) -> Option<i64> {
        let at = Timestamp::from_second(second).ok()?;
        let local = zone.to_offset(at).to_datetime(at);
        let is_named = self.has_date(local.date())
            && has(self.hour, local.hour())
            && has(self.minute, local.minute())
            && has(self.second, local.second());
        if !is_named {
            return None;
        }
        let mut until = second;
        for (set, value, values, length) in [
            (self.second, local.second(), 60, 1),
            (self.minute, local.minute(), 60, 60),
            (self.hour, local.hour(), 24, 3600),
        ] {
            if set.count_ones() < values {
                break;
            }
            until += (i64::from(values) - 1 - i64::from(value)) * length;
        }
        let change = zone.following(at).next().map(|transition| transition.timestamp().as_second());
        Some(change.map_or(until, |change| until.min(change - 1)))
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

/// The values of ranges, as far as they can be values of anything.
fn values(ranges: &[Range]) -> impl Iterator<Item = i32> {
    ranges.iter().flat_map(|range| {
        let step = range.step.max(1);
        let start = if range.start < 0 { range.start.rem_euclid(step) } else { range.start };
        let end = range.end.max(range.start).min(YEARS.1);
        (start..=end).step_by(usize::try_from(step).unwrap_or(1))
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
