//! Durations as people write them: `1h30m`, `90s`, `2d`.

/// The nanoseconds of a duration such as `1h30m`, `-1.5s` or `2d`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn nanos(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut whole: i128 = 0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let (count, scale) = decimal(number).ok_or_else(invalid)?;
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let unit = nanos_of(unit).ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        let part = count.checked_mul(unit).ok_or_else(invalid)? / scale;
        whole = whole.checked_add(part).ok_or_else(invalid)?;
        rest = after;
    }
    i64::try_from(if negative { -whole } else { whole }).map_err(|_| invalid())
}

/// A decimal number as a whole number and what it is to be divided by.
fn decimal(text: &str) -> Option<(i128, i128)> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() + part.len() == 0 || whole.len() > 18 || part.contains('.') {
        return None;
    }
    // What is smaller than a nanosecond of a day does not count.
    let part = part.get(..part.len().min(15))?;
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i128>().ok() };
    Some((digits(whole)?.checked_mul(scale)?.checked_add(digits(part)?)?, scale))
}

fn nanos_of(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in
            [("1h30m", 5400.0), ("1.5s", 1.5), (".5h", 1800.0), ("1.h", 3600.0), ("1d12h", 129_600.0), ("-1s", -1.0)]
        {
            assert_eq!(nanos(text), Ok((seconds * 1e9) as i64), "{text}");
        }
        assert_eq!(nanos("0"), Ok(0));
    }

    #[test]
    fn what_is_no_duration_is_refused_in_known_words() {
        for (text, words) in [
            ("x", "time: invalid duration \"x\""),
            (" 1h", "time: invalid duration \" 1h\""),
            ("", "time: invalid duration \"\""),
            ("1h30", "time: missing unit in duration \"1h30\""),
            ("1x", "time: unknown unit \"x\" in duration \"1x\""),
            ("1h ", "time: unknown unit \"h \" in duration \"1h \""),
            ("10000000h", "time: invalid duration \"10000000h\""),
        ] {
            assert_eq!(nanos(text), Err(words.to_owned()));
        }
    }
}
