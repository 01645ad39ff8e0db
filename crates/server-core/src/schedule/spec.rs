//! A specification in the one form in which it is kept and shown: calendars of ranges, and intervals.

use jiff::tz::TimeZone;
use perpetua_proto::schedule::{IntervalSpec, ScheduleSpec};

use super::cron::{self, Meaning};
use super::ranges;

/// The canonical form of a specification.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn canonical(spec: &ScheduleSpec) -> Result<ScheduleSpec, String> {
    let mut spec = spec.clone();
    for calendar in std::mem::take(&mut spec.calendar) {
        spec.structured_calendar.push(cron::structured(&calendar)?);
    }
    for calendar in std::mem::take(&mut spec.exclude_calendar) {
        spec.exclude_structured_calendar.push(cron::structured(&calendar)?);
    }
    let mut zones: Option<String> = None;
    for text in std::mem::take(&mut spec.cron_string) {
        let (meaning, zone) = cron::read(&text)?;
        if zones.as_ref().is_some_and(|known| *known != zone) {
            return Err(conflict());
        }
        zones = Some(zone);
        match meaning {
            Meaning::Calendar(calendar) => spec.structured_calendar.push(calendar),
            Meaning::Interval(interval) => spec.interval.push(interval),
        }
    }
    if let Some(zone) = zones.filter(|zone| !zone.is_empty()) {
        if !spec.timezone_data.is_empty() || !(spec.timezone_name.is_empty() || spec.timezone_name == zone) {
            return Err(conflict());
        }
        spec.timezone_name = zone;
    }
    for calendar in &spec.structured_calendar {
        ranges::check(calendar)?;
    }
    for interval in &spec.interval {
        check_interval(interval)?;
    }
    zone(&spec)?;
    for calendar in spec.structured_calendar.iter_mut().chain(&mut spec.exclude_structured_calendar) {
        ranges::complete(calendar);
    }
    Ok(spec)
}

fn conflict() -> String {
    "conflicting timezone names".to_owned()
}

fn check_interval(interval: &IntervalSpec) -> Result<(), String> {
    let parts =
        |wire: Option<perpetua_proto::protobuf::Duration>| wire.map_or((0, 0), |wire| (wire.seconds, wire.nanos));
    let (interval, phase) = (parts(interval.interval), parts(interval.phase));
    let problem = if interval < (1, 0) {
        "interval is too small"
    } else if phase < (0, 0) {
        "phase is negative"
    } else if phase >= interval {
        "phase cannot be greater than Interval"
    } else {
        return Ok(());
    };
    Err(problem.to_owned())
}

/// The time zone of a specification: its data, its name, or UTC.
///
/// # Errors
/// When there is no such time zone.
pub(super) fn zone(spec: &ScheduleSpec) -> Result<TimeZone, String> {
    let name = spec.timezone_name.as_str();
    if !spec.timezone_data.is_empty() {
        return TimeZone::tzif(name, &spec.timezone_data).map_err(|_| "malformed time zone information".to_owned());
    }
    if name.is_empty() {
        return Ok(TimeZone::UTC);
    }
    let unknown = || format!("unknown time zone {name}");
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    // The names of time zones are those of files elsewhere, where capitals count.
    let is_another = zone.iana_name().is_some_and(|known| known != name && known.eq_ignore_ascii_case(name));
    if is_another { Err(unknown()) } else { Ok(zone) }
}
