//! Cron strings: five, six or seven fields, `@every`, `@daily` and their like, a time zone before, a comment after.

use perpetua_proto::schedule::{CalendarSpec, IntervalSpec, StructuredCalendarSpec};

use super::interval;
use super::ranges::{DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY, YEAR};

/// What a cron string means.
#[derive(Debug)]
pub(super) enum Meaning {
    Calendar(StructuredCalendarSpec),
    Interval(IntervalSpec),
}

/// What a cron string means, and the time zone that it names.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<(Meaning, String), String> {
    let (text, comment) = text.split_once('#').unwrap_or((text, ""));
    let text = text.trim_start();
    let (zone, text) = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
        None => ("", text),
        Some(rest) => rest.split_once(' ').ok_or("CronString has time zone but missing fields")?,
    };
    let text = text.trim();
    if text.starts_with("@every") {
        let (_, text) = text.split_once(' ').ok_or("CronString does not have interval after @every")?;
        return Ok((Meaning::Interval(every(text)?), String::new()));
    }
    let text = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        text => text,
    };
    let fields: Vec<&str> = text.split_whitespace().collect();
    let (second, rest, year) = match *fields.as_slice() {
        [_, _, _, _, _] => ("0", fields.as_slice(), "*"),
        [_, _, _, _, _, year] => ("0", fields.as_slice(), year),
        [second, _, _, _, _, _, year] => (second, fields.get(1..).unwrap_or_default(), year),
        _ => return Err("CronString does not have 5-7 fields".to_owned()),
    };
    let field = |at: usize| rest.get(at).copied().unwrap_or_default().to_owned();
    let calendar = CalendarSpec {
        second: second.to_owned(),
        minute: field(0),
        hour: field(1),
        day_of_month: field(2),
        month: field(3),
        day_of_week: field(4),
        year: year.to_owned(),
        comment: comment.trim().to_owned(),
    };
    Ok((Meaning::Calendar(structured(&calendar)?), zone.to_owned()))
}

/// A calendar of texts as one of ranges.
///
/// # Errors
/// What is wrong with it.
pub(super) fn structured(calendar: &CalendarSpec) -> Result<StructuredCalendarSpec, String> {
    let year = match calendar.year.trim() {
        "" | "*" => Vec::new(),
        year => YEAR.read(year, "*")?,
    };
    Ok(StructuredCalendarSpec {
        year,
        month: MONTH.read(&calendar.month, "*")?,
        day_of_month: DAY.read(&calendar.day_of_month, "*")?,
        day_of_week: WEEKDAY.read(&calendar.day_of_week, "*")?,
        hour: HOUR.read(&calendar.hour, "0")?,
        minute: MINUTE.read(&calendar.minute, "0")?,
        second: SECOND.read(&calendar.second, "0")?,
        comment: calendar.comment.clone(),
    })
}

/// An interval such as `1h` or `14h/3h`, where what follows the slash is its phase.
fn every(text: &str) -> Result<IntervalSpec, String> {
    let (interval, phase) = text.split_once('/').unwrap_or((text, ""));
    let wire = |nanos: i64| perpetua_proto::protobuf::Duration {
        seconds: nanos / 1_000_000_000,
        nanos: i32::try_from(nanos % 1_000_000_000).unwrap_or(0),
    };
    let interval = Some(wire(interval::nanos(interval)?));
    let phase = if phase.is_empty() { None } else { Some(wire(interval::nanos(phase)?)) };
    Ok(IntervalSpec { interval, phase })
}
