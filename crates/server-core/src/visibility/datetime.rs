//! Times and durations as queries and search attributes write them.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::Time;

const SECOND: i128 = 1_000_000_000;

/// A time as RFC 3339 has it, in capital letters and with a zone.
pub(super) fn time(text: &str) -> Option<Time> {
    let (local, zone) = match text.strip_suffix('Z') {
        Some(local) => (local, "+00:00"),
        None => text.split_at_checked(text.len().checked_sub(6)?)?,
    };
    let (whole, fraction) = match local.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (local, "0"),
    };
    let fields = fields(whole, "0000-00-00T00:00:00")?;
    let [year, month, day, hour, minute, second] = <[i16; 6]>::try_from(fields).ok()?;
    let small = |field: i16| i8::try_from(field).ok();
    let nanos = fraction_nanos(fraction)?;
    let date_time =
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nanos).ok()?;
    let (sign, zone) = zone.split_at(1);
    let [hours, minutes] = <[i16; 2]>::try_from(self::fields(zone, "00:00")?).ok()?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let offset = Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()?;
    let nanos = offset.to_timestamp(date_time).ok()?.as_nanosecond();
    // What a world cannot count is before or after everything in it.
    let bounded = nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    i64::try_from(bounded).ok().map(Time::from_nanos)
}

/// The numbers of a text that has exactly this shape, where 0 stands for a digit.
fn fields(text: &str, shape: &str) -> Option<Vec<i16>> {
    if text.len() != shape.len() {
        return None;
    }
    let mut fields = vec![0_i16];
    for (byte, shape) in text.bytes().zip(shape.bytes()) {
        if shape != b'0' {
            if byte != shape {
                return None;
            }
            fields.push(0);
            continue;
        }
        let digit = byte.is_ascii_digit().then(|| i16::from(byte - b'0'))?;
        let field = fields.last_mut()?;
        *field = field.checked_mul(10)?.checked_add(digit)?;
    }
    Some(fields)
}

/// Digits behind a point, as nanoseconds.
fn fraction_nanos(digits: &str) -> Option<i32> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(nanos.fold(0, |nanos, digit| nanos * 10 + i32::from(digit - b'0')))
}

/// A duration in nanoseconds: a number of them, `1h30m`, `2d`, or `hh:mm:ss`.
pub(super) fn duration(text: &str) -> Option<i64> {
    let nanos = match text.parse::<i64>() {
        Ok(nanos) => return Some(nanos),
        Err(_) if text.contains(':') => clock(text)?,
        Err(_) => units(text)?,
    };
    i64::try_from(nanos).ok()
}

fn clock(text: &str) -> Option<i128> {
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let digits = |text: &str| -> Option<i128> {
        let plain = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let below_sixty = |text: &str| digits(text).filter(|value| *value < 60);
    let whole = digits(hours)?.checked_mul(3600)? + below_sixty(minutes)? * 60 + below_sixty(seconds)?;
    Some(whole.checked_mul(SECOND)? + i128::from(fraction_nanos(fraction)?))
}

fn units(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|next: char| !next.is_ascii_digit() && next != '.')?;
        let (number, behind) = rest.split_at(number_end);
        let unit_end = behind.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "d" => 24 * 3600 * SECOND,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part = i128::from(fraction_nanos(fraction)?) * unit / SECOND;
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?.checked_add(part)?;
        rest = behind;
    }
    Some(sign * nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_rfc_3339_has_them() {
        let nanos = |text| time(text).map(Time::nanos);
        assert_eq!(nanos("1970-01-01T00:00:01Z"), Some(1_000_000_000));
        assert_eq!(nanos("1970-01-01T01:00:00.5+01:00"), Some(500_000_000));
        assert_eq!(nanos("0001-01-01T00:00:00Z"), Some(i64::MIN));
        for wrong in [
            "",
            "tomorrow",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01t00:00:00z",
            "2024-02-30T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+0100",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(nanos(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_numbers_of_units_or_like_a_clock() {
        for (text, seconds) in [("1h30m", 5400), ("1.5h", 5400), ("2d12h", 216_000), ("01:02:03", 3723), ("-1s", -1)] {
            assert_eq!(duration(text), Some(seconds * 1_000_000_000), "{text}");
        }
        assert_eq!(duration("1500"), Some(1500));
        assert_eq!(duration("00:00:00.001"), Some(1_000_000));
        for wrong in ["", "abc", "1.5", "1w", "1h 30m", "00:60:00", "00:00", "-01:00:00", "9999999999h", ".s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
