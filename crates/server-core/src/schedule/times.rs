//! When a schedule acts.

use jiff::tz::TimeZone;
use perpetua_proto::schedule::ScheduleSpec;

use super::calendar::Calendar;
use super::spec;
use crate::time::{self, Time};

/// One time at which a schedule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// As the specification has it.
    pub(crate) nominal: Time,
    /// Somewhat later, so that not everything happens at once.
    pub(crate) at: Time,
}

/// A specification, made ready to be asked for times.
#[derive(Debug)]
pub(crate) struct Times {
    zone: TimeZone,
    calendars: Vec<Calendar>,
    excluded: Vec<Calendar>,
    /// Length and phase, in seconds.
    intervals: Vec<(i64, i64)>,
    start: Option<Time>,
    end: Option<Time>,
    /// In milliseconds.
    jitter: u64,
    seed: u64,
}

const SECOND: i64 = 1_000_000_000;
/// After how many excluded times in a row a schedule is taken to be over.
const EXCLUDED: usize = 1_000_000;

impl Times {
    /// The times of a specification. The jitter depends on the seed.
    ///
    /// # Errors
    /// When its time zone is not known.
    pub(crate) fn of(spec: &ScheduleSpec, seed: &str) -> Result<Self, String> {
        let seconds = |wire: Option<perpetua_proto::protobuf::Duration>| wire.map_or(0, |wire| wire.seconds.max(0));
        let calendars = |calendars: &[_]| calendars.iter().map(Calendar::of).collect();
        let jitter = time::duration(spec.jitter.as_ref()).unwrap_or_default();
        Ok(Self {
            zone: spec::zone(spec)?,
            calendars: calendars(&spec.structured_calendar),
            excluded: calendars(&spec.exclude_structured_calendar),
            intervals: spec.interval.iter().map(|it| (seconds(it.interval).max(1), seconds(it.phase))).collect(),
            start: spec.start_time.as_ref().map(Time::from_wire),
            end: spec.end_time.as_ref().map(Time::from_wire),
            jitter: u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX),
            seed: hash(FNV_OFFSET, seed.as_bytes()),
        })
    }

    /// By how much at most a time may be later than its nominal one.
    pub(crate) fn jitter(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.jitter)
    }

    /// The first time whose nominal time is after this one.
    pub(crate) fn next(&self, after: Time) -> Option<Due> {
        let after = match self.start {
            Some(start) if after < start => Time::from_nanos(start.nanos().saturating_sub(SECOND)),
            _ => after,
        };
        let mut after = after.nanos().div_euclid(SECOND);
        for _ in 0..EXCLUDED {
            let nominal = self.nominal(after)?;
            let time = Time::from_nanos(nominal.checked_mul(SECOND)?);
            if self.end.is_some_and(|end| time > end) {
                return None;
            }
            match self.excluded.iter().filter_map(|calendar| calendar.names_until(nominal, &self.zone)).max() {
                None => return Some(Due { nominal: time, at: self.jittered(nominal, time) }),
                Some(until) => after = until,
            }
        }
        None
    }

    /// The first second after this one that the specification names, excluded or not.
    fn nominal(&self, after: i64) -> Option<i64> {
        let calendars = self.calendars.iter().filter_map(|calendar| calendar.next(after, &self.zone));
        let intervals = self.intervals.iter().filter_map(|(interval, phase)| {
            let gone = after.checked_sub(*phase)?.div_euclid(*interval);
            gone.checked_add(1)?.checked_mul(*interval)?.checked_add(*phase)
        });
        calendars.chain(intervals).min()
    }

    /// A time is not moved beyond the one that follows it.
    fn jittered(&self, nominal: i64, time: Time) -> Time {
        if self.jitter == 0 {
            return time;
        }
        let gap = self.nominal(nominal).and_then(|next| u64::try_from(next - nominal).ok());
        let most = gap.map_or(self.jitter, |gap| self.jitter.min(gap.saturating_mul(1000)));
        let share = mixed(hash(self.seed, &nominal.to_be_bytes())) >> 32;
        let millis = (u128::from(share) * u128::from(most)) >> 32;
        time.plus(std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a.
fn hash(from: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(from, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Spreads what is in the lower bits over all of them.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::super::canonical;
    use super::*;

    fn at(text: &str) -> Time {
        let at: jiff::Timestamp = text.parse().expect("the test says when");
        Time::from_nanos(i64::try_from(at.as_nanosecond()).expect("it is in range"))
    }

    fn shown(time: Time) -> String {
        jiff::Timestamp::from_nanosecond(time.nanos().into()).expect("it is in range").to_string()
    }

    fn crons(zone: &str, crons: &[&str]) -> ScheduleSpec {
        let cron_string = crons.iter().map(|cron| (*cron).to_owned()).collect();
        ScheduleSpec { cron_string, timezone_name: zone.to_owned(), ..ScheduleSpec::default() }
    }

    fn times(spec: &ScheduleSpec) -> Times {
        Times::of(&canonical(spec).expect("the specification is right"), "seed").expect("the zone is known")
    }

    fn between(spec: &ScheduleSpec, after: &str, until: &str) -> Vec<String> {
        let times = times(spec);
        let until = at(until);
        let next = |due: &Due| times.next(due.at);
        let all = std::iter::successors(times.next(at(after)), next).take_while(|due| due.at <= until);
        all.map(|due| shown(due.at)).collect()
    }

    #[test]
    fn a_day_must_be_right_in_the_month_and_in_the_week() {
        let spec = crons("", &["0 12 13 * fri"]);
        assert_eq!(
            between(&spec, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"),
            ["2026-02-13T12:00:00Z", "2026-03-13T12:00:00Z", "2026-11-13T12:00:00Z"]
        );
    }

    #[test]
    fn years_end_and_never_is_found_out() {
        let spec = crons("", &["30 0 12 * * 0 2030/50"]);
        assert_eq!(between(&spec, "2030-12-28T00:00:00Z", "2080-01-08T00:00:00Z").len(), 2);
        assert_eq!(times(&crons("America/New_York", &["0 0 30 2 *"])).next(at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn a_time_that_comes_twice_counts_twice_and_one_that_is_left_out_does_not_count() {
        let spec = crons("America/New_York", &["30 1 * * *"]);
        assert_eq!(
            between(&spec, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
            ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]
        );
        let spec = crons("Europe/Berlin", &["30 2 * * *", "0 3 * * *"]);
        assert_eq!(
            between(&spec, "2026-03-28T12:00:00Z", "2026-03-30T00:45:00Z"),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
    }

    #[test]
    fn every_hour_is_every_hour_whatever_the_zone_does() {
        let spec = crons("Australia/Lord_Howe", &["*/30 * * * *"]);
        assert_eq!(between(&spec, "2026-04-04T12:00:00Z", "2026-04-04T18:00:00Z").len(), 12);
    }

    #[test]
    fn intervals_are_counted_from_1970() {
        let spec = crons("", &["@every 1h/10m", "@every 90m"]);
        assert_eq!(
            between(&spec, "2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z"),
            [
                "2026-01-01T00:10:00Z",
                "2026-01-01T01:10:00Z",
                "2026-01-01T01:30:00Z",
                "2026-01-01T02:10:00Z",
                "2026-01-01T03:00:00Z"
            ]
        );
    }

    #[test]
    fn what_is_excluded_and_what_is_outside_is_left_out() {
        let exclude = crons("", &["* 3-20 * * *"]);
        let excluded = canonical(&exclude).expect("the specification is right").structured_calendar;
        let spec = ScheduleSpec { exclude_structured_calendar: excluded, ..crons("", &["@every 1h"]) };
        assert_eq!(between(&spec, "2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z").len(), 6);
        let spec = ScheduleSpec {
            start_time: Some(at("2026-01-01T05:00:00Z").to_wire()),
            end_time: Some(at("2026-01-01T07:00:00Z").to_wire()),
            ..crons("", &["@every 1h"])
        };
        assert_eq!(between(&spec, "2026-01-01T00:00:00Z", "2026-03-29T00:00:00Z").len(), 3);
    }

    #[test]
    fn long_stretches_are_left_out_at_once() {
        let exclude =
            crons("America/New_York", &["* * * * * * 2026-2090", "* 3-59 * * * * 2091", "* 0-2 1-23 * * * 2091"]);
        let excluded = canonical(&exclude).expect("the specification is right").structured_calendar;
        let seconds = crons("America/New_York", &["@every 1s"]);
        let spec = ScheduleSpec { exclude_structured_calendar: excluded, ..seconds };
        let times = times(&spec);
        assert_eq!(
            times.next(at("2026-01-01T05:00:00Z")).map(|due| shown(due.at)),
            Some("2091-01-01T05:00:00Z".to_owned())
        );
        let late = times.next(at("2091-01-01T05:02:59Z")).map(|due| shown(due.at));
        assert_eq!(late, Some("2091-01-02T05:00:00Z".to_owned()));
    }

    #[test]
    fn jitter_is_the_same_each_time_and_stays_before_the_next() {
        let jitter = Some(perpetua_proto::protobuf::Duration { seconds: 7200, nanos: 0 });
        let times = times(&ScheduleSpec { jitter, ..crons("", &["@every 1h"]) });
        let mut after = at("2026-01-01T00:00:00Z");
        let mut moved = 0;
        for hour in 1..100 {
            let due = times.next(after).expect("it goes on");
            assert_eq!(due.nominal, at("2026-01-01T00:00:00Z").plus(std::time::Duration::from_secs(hour * 3600)));
            assert_eq!(times.next(after), Some(due));
            assert!(due.at >= due.nominal && due.at.since(due.nominal).as_secs() < 3600);
            moved += usize::from(due.at.since(due.nominal).as_secs() >= 1800);
            after = due.at;
        }
        assert!((30..70).contains(&moved), "it is spread evenly: {moved}");
    }
}
