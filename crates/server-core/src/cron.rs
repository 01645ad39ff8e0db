//! Cron schedules of workflows.

use std::time::Duration;

use croner::Cron;
use croner::parser::CronParser;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Time;

/// When a workflow runs again and again.
enum Schedule {
    Every(Duration),
    Pattern(Box<Cron>, TimeZone),
}

/// Whether a schedule can be read.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(schedule: &str) -> Result<(), String> {
    parse(schedule).map(|_| ())
}

/// The next time after `scheduled` that is not before `now`; none if there is none.
pub(crate) fn next(schedule: &str, scheduled: Time, now: Time) -> Option<Time> {
    match parse(schedule).ok()? {
        Schedule::Every(interval) => {
            let step = i64::try_from(interval.as_nanos()).ok()?;
            let gone = now.since(scheduled).as_nanos() / u128::from(step.unsigned_abs());
            let steps = i64::try_from(gone).ok()?.checked_add(1)?;
            Some(Time::from_nanos(scheduled.nanos().checked_add(step.checked_mul(steps)?)?))
        }
        Schedule::Pattern(cron, zone) => {
            let from = scheduled.max(now);
            let from = Timestamp::from_nanosecond(i128::from(from.nanos())).ok()?.to_zoned(zone);
            let next = cron.find_next_occurrence(&from, false).ok()?;
            i64::try_from(next.timestamp().as_nanosecond()).ok().map(Time::from_nanos)
        }
    }
}

fn parse(schedule: &str) -> Result<Schedule, String> {
    let bad = |problem: String| format!("Invalid CronSchedule {schedule:?}: {problem}");
    let (zone, pattern) = match schedule.strip_prefix("CRON_TZ=").or_else(|| schedule.strip_prefix("TZ=")) {
        None => (TimeZone::UTC, schedule),
        Some(rest) => {
            let (name, pattern) = rest.split_once(' ').ok_or_else(|| bad("there is only a time zone".to_owned()))?;
            let zone = TimeZone::get(name).map_err(|_| bad(format!("there is no time zone {name:?}")))?;
            (zone, pattern)
        }
    };
    let pattern = pattern.trim();
    if let Some(interval) = pattern.strip_prefix("@every ") {
        let interval =
            interval_of(interval.trim()).ok_or_else(|| bad("@every needs a duration such as 1h30m".to_owned()))?;
        return Ok(Schedule::Every(interval.max(Duration::from_secs(1))));
    }
    let cron = CronParser::new().parse(pattern).map_err(|problem| bad(problem.to_string()))?;
    Ok(Schedule::Pattern(Box::new(cron), zone))
}

/// A duration such as `1h30m` or `1.5s`.
fn interval_of(text: &str) -> Option<Duration> {
    let mut whole = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let unit = rest[number..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |at| number + at);
        let count: f64 = rest[..number].parse().ok()?;
        let seconds = match &rest[number..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        whole = whole.checked_add(Duration::try_from_secs_f64(count * seconds).ok()?)?;
        rest = &rest[unit..];
    }
    (!whole.is_zero()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_pattern_gives_the_next_time_after_both() {
        assert_eq!(next("*/5 * * * *", at(0), at(10)), Some(at(300)));
        assert_eq!(next("*/5 * * * *", at(300), at(10)), Some(at(600)));
        assert_eq!(next("0 12 * * *", at(0), at(0)), Some(at(12 * 3600)));
        assert_eq!(next("@daily", at(0), at(5)), Some(at(86_400)));
    }

    #[test]
    fn a_time_zone_counts() {
        assert_eq!(next("CRON_TZ=Asia/Tokyo 0 12 * * *", at(0), at(0)), Some(at(3 * 3600)));
    }

    #[test]
    fn an_interval_counts_from_the_time_before() {
        assert_eq!(next("@every 10s", at(7), at(7)), Some(at(17)));
        assert_eq!(next("@every 10s", at(7), at(40)), Some(at(47)));
        assert_eq!(interval_of("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(interval_of("1.5s"), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for schedule in ["", "* * *", "@every", "@every x", "CRON_TZ=Nowhere/At_All * * * * *", "61 * * * *"] {
            assert!(check(schedule).is_err_and(|problem| problem.contains("Invalid CronSchedule")), "{schedule}");
        }
    }
}
