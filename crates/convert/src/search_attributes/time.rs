//! Points in time as text, as RFC 3339 has it.

use std::time::SystemTime;

use perpetua_vocab::Timestamp;

const DAY: i64 = 24 * 60 * 60;
/// From the first of March of the year 0 to the first of January 1970.
const TO_1970: i64 = 719_468;
/// 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// The text of a point in time, in UTC; none outside of the years 0 to 9999.
pub(super) fn write(time: SystemTime) -> Option<String> {
    let Timestamp { seconds, nanos } = Timestamp::from_system_time(time);
    let (year, month, day) = date(seconds.div_euclid(DAY));
    if !(0..=9999).contains(&year) {
        return None;
    }
    let within = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (within / 3600, within / 60 % 60, within % 60);
    let fraction = match nanos {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// The point in time of a text; none if it is none.
pub(super) fn read(text: &str) -> Option<SystemTime> {
    let (year, rest) = number(text, 4, "-")?;
    let (month, rest) = number(rest, 2, "-")?;
    let (day, rest) = number(rest, 2, "Tt ")?;
    let (hour, rest) = number(rest, 2, ":")?;
    let (minute, rest) = number(rest, 2, ":")?;
    let (second, rest) = number(rest, 2, "")?;
    let is_date = (1..=12).contains(&month) && day >= 1 && date(days(year, month, day)) == (year, month, day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanos, offset) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let digits = rest.find(|sign: char| !sign.is_ascii_digit()).filter(|digits| *digits > 0)?;
            let nine: String = rest[..digits].chars().chain("000000000".chars()).take(9).collect();
            (nine.parse().ok()?, &rest[digits..])
        }
    };
    let within = hour * 3600 + minute * 60 + second;
    let seconds = days(year, month, day) * DAY + within - read_offset(offset)?;
    Some(Timestamp { seconds, nanos }.to_system_time())
}

/// The seconds by which a place is ahead of UTC.
fn read_offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'Z' | b'z' if text.len() == 1 => return Some(0),
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2, ":")?;
    let (minutes, rest) = number(rest, 2, "")?;
    (rest.is_empty() && hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A number of so many digits, and what comes after it and one of these signs.
fn number<'t>(text: &'t str, digits: usize, then: &str) -> Option<(i64, &'t str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let rest = if then.is_empty() { rest } else { rest.strip_prefix(|sign| then.contains(sign))? };
    Some((number.parse().ok()?, rest))
}

/// The days from 1970 to a date. Years are counted from March, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_1970
}

/// The date that is so many days after 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(TO_1970);
    let of_era = days.rem_euclid(ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = (from_march + 2) % 12 + 1;
    let year = days.div_euclid(ERA) * 400 + year_of_era + i64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: i64, nanos: u32) -> SystemTime {
        Timestamp { seconds, nanos }.to_system_time()
    }

    #[test]
    fn points_are_written_and_read() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2000-02-29T23:59:59.5Z", 951_868_799, 500_000_000),
            ("2026-11-22T20:38:31.000000001Z", 1_795_379_911, 1),
            ("1969-12-31T23:59:59.75Z", -1, 750_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
        ] {
            assert_eq!(write(at(seconds, nanos)).as_deref(), Some(text));
            assert_eq!(read(text), Some(at(seconds, nanos)), "{text}");
        }
    }

    #[test]
    fn every_day_is_the_date_after_the_one_before() {
        let mut before = date(-800_000);
        for day in -799_999..800_000 {
            let (year, month, of_month) = date(day);
            let follows = (year, month, of_month) == (before.0, before.1, before.2 + 1)
                || (year, month, of_month) == (before.0, before.1 + 1, 1) && before.2 >= 28
                || (year, month, of_month) == (before.0 + 1, 1, 1) && (before.1, before.2) == (12, 31);
            assert!(follows, "{before:?} and {year}-{month}-{of_month}");
            assert_eq!(days(year, month, of_month), day);
            before = (year, month, of_month);
        }
    }

    #[test]
    fn other_spellings_are_read() {
        let noon = read("2026-11-22T12:00:00Z");
        assert!(noon.is_some());
        for text in [
            "2026-11-22t12:00:00z",
            "2026-11-22 12:00:00.000Z",
            "2026-11-22T13:30:00+01:30",
            "2026-11-22T00:00:00-12:00",
            "2026-11-22T12:00:00.0000000000009Z",
        ] {
            assert_eq!(read(text), noon, "{text}");
        }
    }

    #[test]
    fn what_is_no_point_in_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11-22",
            "2026-11-22T12:00:00",
            "2026-11-22T12:00:00.Z",
            "2026-11-22T12:00:00+01",
            "2026-11-22T12:00:00+01:00x",
            "2026-11-22T12:00:00Zulu",
            "2026-11-22T24:00:00Z",
            "2026-11-22T12:60:00Z",
            "2026-11-22T12:00:61Z",
            "2026-13-22T12:00:00Z",
            "2026-00-22T12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-11-00T12:00:00Z",
            "+026-11-22T12:00:00Z",
            "２０26-11-22T12:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn years_of_five_digits_are_refused() {
        assert_eq!(write(at(253_402_300_800, 0)), None);
        assert_eq!(write(at(-62_167_219_201, 0)), None);
        assert_eq!(write(UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX) * 1000)), None);
    }
}
