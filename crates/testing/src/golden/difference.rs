//! Two lists of commands beside each other.

use std::fmt::Write as _;

/// How many equal lines are shown around what differs.
const AROUND: usize = 2;

/// What differs, with a few lines around it: `-` was recorded, `+` is asked for now.
pub(super) fn difference(recorded: &[String], now: &[String]) -> String {
    let before = common(recorded.iter(), now.iter());
    let after = common(recorded[before..].iter().rev(), now[before..].iter().rev());
    let mut text = String::new();
    let mut show = |sign: char, lines: &[String]| {
        for line in lines {
            // Nothing can fail that writes to a string.
            let _ = write!(text, "\n  {sign} {line}");
        }
    };
    show(' ', &recorded[before.saturating_sub(AROUND)..before]);
    show('-', &recorded[before..recorded.len() - after]);
    show('+', &now[before..now.len() - after]);
    let rest = &recorded[recorded.len() - after..];
    show(' ', &rest[..rest.len().min(AROUND)]);
    text
}

/// How many of the first lines are equal.
pub(super) fn common<'a>(one: impl Iterator<Item = &'a String>, other: impl Iterator<Item = &'a String>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn what_differs_is_shown_with_what_is_around_it() {
        let lines = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (recorded, now, shown) in [
            ("a b c x d e f", "a b c y z d e f", "b c -x +y +z d e"),
            ("a", "a b", "a +b"),
            ("a a", "a", "a -a"),
            ("", "b", "+b"),
            ("a b", "b", "-a b"),
        ] {
            let text = difference(&lines(recorded), &lines(now));
            let text: Vec<_> =
                text.lines().skip(1).map(|line| line.trim().replace("- ", "-").replace("+ ", "+")).collect();
            assert_eq!(text.join(" "), shown);
        }
    }
}
