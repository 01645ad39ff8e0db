//! Hides in values what differs each time that a test runs: random ids and points in time.

/// What stands before the nanoseconds of a `SystemTime`, as serde and `{:?}` write it.
const BEFORE_NANOSECONDS: [&str; 2] = ["nanos_since_epoch\":", "tv_nsec: "];

/// A text in which UUIDs, points in time and long numbers, as of seconds since 1970, are hidden.
pub(super) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let within_word = masked.chars().next_back().is_some_and(|before| before.is_ascii_alphanumeric());
        let shortest = if BEFORE_NANOSECONDS.iter().any(|before| masked.ends_with(before)) { 1 } else { LONG };
        let find = || uuid(rest).or_else(|| date_time(rest)).or_else(|| long_number(rest, shortest));
        let found = if within_word { None } else { find() };
        match found {
            Some((length, name)) => {
                masked.push_str(name);
                rest = &rest[length..];
            }
            None => {
                masked.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    masked
}

/// How many digits a number has that is taken for a time.
const LONG: usize = 9;

type Found = Option<(usize, &'static str)>;

fn uuid(text: &str) -> Found {
    shaped(text, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh").then_some((36, "<uuid>"))
}

/// As in `2026-01-01T00:00:00.123Z`.
fn date_time(text: &str) -> Found {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:dd";
    if !shaped(text, SHAPE) {
        return None;
    }
    let rest = &text[SHAPE.len()..];
    let end = rest.find(|letter: char| !(letter.is_ascii_digit() || ".Z+:".contains(letter))).unwrap_or(rest.len());
    Some((SHAPE.len() + end, "<time>"))
}

fn long_number(text: &str, shortest: usize) -> Found {
    let length = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    (length >= shortest).then_some((length, "<number>"))
}

/// Whether a text begins as the shape says: `h` for a hexadecimal digit, `d` for a digit, anything else for itself.
fn shaped(text: &str, shape: &str) -> bool {
    let fits = |(letter, wanted): (u8, u8)| match wanted {
        b'h' => letter.is_ascii_hexdigit(),
        b'd' => letter.is_ascii_digit(),
        _ => letter == wanted,
    };
    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn what_differs_each_time_is_hidden_and_nothing_else() {
        for (text, hidden) in [
            ("", ""),
            ("\"ann\", 4200", "\"ann\", 4200"),
            ("a 2f1c8a5e-5b0e-4f5e-9c3a-0123456789ab b", "a <uuid> b"),
            (
                "{\"secs_since_epoch\":1767225600,\"nanos_since_epoch\":5}",
                "{\"secs_since_epoch\":<number>,\"nanos_since_epoch\":<number>}",
            ),
            ("\"2026-01-01T00:00:00.123Z\"", "\"<time>\""),
            ("2026-01-01", "2026-01-01"),
            ("account-12345678", "account-12345678"),
            ("x123456789é", "x123456789é"),
            ("é123456789", "é<number>"),
        ] {
            assert_eq!(masked(text), hidden);
        }
    }
}
