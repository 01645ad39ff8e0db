//! Durations and points in time as text.

use std::fmt::Write as _;

/// Seconds and nanoseconds.
pub(super) type Parts = (i64, i32);

const SECONDS_A_DAY: i64 = 86_400;

/// Reads a duration such as `1.5s` or `-3s`.
pub(super) fn read_duration(text: &str) -> Option<Parts> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let seconds = if whole.is_empty() { 0 } else { digits(whole)? };
    let nanos = nanos(fraction)?;
    Some(if negative { (-seconds, -nanos) } else { (seconds, nanos) })
}

/// Writes a duration.
pub(super) fn write_duration((seconds, nanos): Parts, out: &mut String) {
    if seconds < 0 || nanos < 0 {
        out.push('-');
    }
    let _ = write!(out, "{}", seconds.unsigned_abs());
    write_fraction(nanos.unsigned_abs(), out);
    out.push('s');
}

/// Reads a point in time such as `2026-11-22T20:30:00.5Z` or `2026-11-22T21:30:00+01:00`.
pub(super) fn read_timestamp(text: &str) -> Option<Parts> {
    let (date, rest) = text.split_at_checked(text.bytes().position(|byte| matches!(byte, b'T' | b't' | b' '))?)?;
    let rest = rest.get(1..)?;
    let mut date = date.splitn(3, '-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = rest.bytes().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'))?;
    let (clock, zone) = rest.split_at_checked(zone)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut clock = clock.splitn(3, ':').map(digits);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign, ..] => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let offset = digits(hours)? * 3600 + digits(minutes)? * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        [] => return None,
    };
    let is_valid = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && offset.abs() < SECONDS_A_DAY;
    if !is_valid {
        return None;
    }
    let seconds = days_before(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - offset;
    Some((seconds, nanos(fraction)?))
}

/// Writes a point in time, of the time zone that all servers use.
pub(super) fn write_timestamp((seconds, nanos): Parts, out: &mut String) {
    let (days, second) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    write_fraction(nanos.unsigned_abs(), out);
    out.push('Z');
}

/// Three, six or nine digits, as many as are needed.
fn write_fraction(nanos: u32, out: &mut String) {
    let _ = match nanos {
        0 => Ok(()),
        nanos if nanos % 1_000_000 == 0 => write!(out, ".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => write!(out, ".{:06}", nanos / 1_000),
        nanos => write!(out, ".{nanos:09}"),
    };
}

/// A number without a sign.
fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    text.bytes().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// The digits after the point; what is finer than a nanosecond is cut off.
fn nanos(fraction: &str) -> Option<i32> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |at: usize| fraction.as_bytes().get(at).map_or(0, |byte| i32::from(byte - b'0'));
    Some((0..9).fold(0, |nanos, at| nanos * 10 + digit(at)))
}

/// The days from 1970 to a date. The year is counted from March, so that the leap day is its last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// The date that is so many days after the first of 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_there_and_back() {
        let cases = [
            ((0, 0), "0s"),
            ((1, 500_000_000), "1.500s"),
            ((10, 1_000), "10.000001s"),
            ((0, -1), "-0.000000001s"),
            ((-3, 0), "-3s"),
            ((315_576_000_000, 999_999_999), "315576000000.999999999s"),
        ];
        for (parts, text) in cases {
            let mut written = String::new();
            write_duration(parts, &mut written);
            assert_eq!((written.as_str(), read_duration(text)), (text, Some(parts)));
        }
        for (text, parts) in [("1.5s", (1, 500_000_000)), (".5s", (0, 500_000_000)), ("+2s", (2, 0))] {
            assert_eq!(read_duration(text), Some(parts), "{text}");
        }
        for text in ["", "s", "1", "1m", "1.5.5s", "--1s", "1e3s", ".s", "99999999999999999999s"] {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }

    #[test]
    fn points_in_time_there_and_back() {
        let cases = [
            ((0, 0), "1970-01-01T00:00:00Z"),
            ((951_827_696, 0), "2000-02-29T12:34:56Z"),
            ((1_795_379_400, 123_000_000), "2026-11-22T20:30:00.123Z"),
            ((-1, 999_999_999), "1969-12-31T23:59:59.999999999Z"),
            ((-62_135_596_800, 0), "0001-01-01T00:00:00Z"),
            ((253_402_300_799, 1_000), "9999-12-31T23:59:59.000001Z"),
        ];
        for (parts, text) in cases {
            let mut written = String::new();
            write_timestamp(parts, &mut written);
            assert_eq!((written.as_str(), read_timestamp(text)), (text, Some(parts)));
        }
        for text in ["2026-11-22T21:30:00.123+01:00", "2026-11-22T15:00:00.123-05:30", "2026-11-22t20:30:00.123z"] {
            assert_eq!(read_timestamp(text), Some((1_795_379_400, 123_000_000)), "{text}");
        }
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T20:30:00",
            "2026-13-22T20:30:00Z",
            "2026-11-22T20:30Z",
            "T:Z",
            "2026-11-22T20:30:00Zulu",
        ] {
            assert_eq!(read_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_has_a_date() {
        for day in (-719_162..2_932_896).step_by(97) {
            let (year, month, of_month) = date(day);
            assert_eq!(days_before(year, month, of_month), day, "{year}-{month}-{of_month}");
        }
    }
}
