//! The fields of a calendar: as people write them (`*/15`, `mon-fri`, `1,15`), and as ranges.

use perpetua_proto::schedule::{Range, StructuredCalendarSpec};

/// The years that a calendar may speak of.
pub(super) const YEARS: (i32, i32) = (2000, 2100);

/// One field of a calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    name: &'static str,
    least: i32,
    most: i32,
    /// Names of the values, from the least on.
    names: &'static [&'static str],
    /// How many letters of a name are enough.
    letters: usize,
}

const fn numbers(name: &'static str, least: i32, most: i32) -> Field {
    Field { name, least, most, names: &[], letters: 0 }
}

pub(super) const SECOND: Field = numbers("Second", 0, 59);
pub(super) const MINUTE: Field = numbers("Minute", 0, 59);
pub(super) const HOUR: Field = numbers("Hour", 0, 23);
pub(super) const DAY: Field = numbers("DayOfMonth", 1, 31);
pub(super) const YEAR: Field = numbers("Year", YEARS.0, YEARS.1);
pub(super) const MONTH: Field = Field {
    name: "Month",
    least: 1,
    most: 12,
    names: &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    letters: 3,
};
/// Sunday is 0, and 7 where somebody writes it.
pub(super) const WEEKDAY: Field = Field {
    name: "DayOfWeek",
    least: 0,
    most: 7,
    names: &["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    letters: 2,
};

impl Field {
    /// The ranges that a text means; an empty one means what is usual.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(self, text: &str, usual: &str) -> Result<Vec<Range>, String> {
        let text = text.trim();
        let text = if text.is_empty() { usual } else { text };
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let range = self.range(part)?;
            if self.most == WEEKDAY.most { weekdays(range, &mut ranges) } else { ranges.push(range) }
        }
        Ok(ranges)
    }

    fn range(self, part: &str) -> Result<Range, String> {
        let Self { name, least, most, .. } = self;
        let (values, step) = match part.split_once('/') {
            None => (part, None),
            Some((_, step)) if step.contains('/') => return Err(format!("{name} has too many slashes")),
            Some((_, "")) => return Err(format!("{name} missing step value")),
            Some((values, step)) => (values, Some(self.step(step)?)),
        };
        let (start, end) = if values == "*" {
            (least, most)
        } else if let Some((start, end)) = values.split_once('-') {
            if end.contains('-') {
                return Err(format!("{name} has too many dashes"));
            }
            let start = self.value(start).ok_or_else(|| format!("{name} Start is not in range [{least}-{most}]"))?;
            let end = self.value(end).filter(|end| *end >= start);
            (start, end.ok_or_else(|| format!("{name} End is before Start or not in range [{least}-{most}]"))?)
        } else {
            let value = self.value(values).ok_or_else(|| format!("{name} is not in range [{least}-{most}]"))?;
            (value, if step.is_some() { most } else { value })
        };
        Ok(Range { start, end, step: step.unwrap_or(1) })
    }

    fn step(self, text: &str) -> Result<i32, String> {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        match text.parse::<i64>() {
            Ok(step) if step < 1 => Err(format!("{} has invalid Step", self.name)),
            // Longer steps than a field has values are all the same.
            Ok(step) => Ok(i32::try_from(step).unwrap_or(i32::MAX)),
            Err(problem) if matches!(problem.kind(), PosOverflow | NegOverflow) => {
                Err(format!("strconv.Atoi: parsing {text:?}: value out of range"))
            }
            Err(_) => Err(format!("strconv.Atoi: parsing {text:?}: invalid syntax")),
        }
    }

    fn value(self, text: &str) -> Option<i32> {
        let named = || {
            let text = text.to_lowercase();
            let at = self.names.iter().position(|name| text.len() >= self.letters && name.starts_with(&text))?;
            Some(self.least + i32::try_from(at).ok()?)
        };
        let value = text.parse().ok().or_else(named)?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

/// Says with 0 to 6 what was said with 0 to 7.
fn weekdays(range: Range, ranges: &mut Vec<Range>) {
    let Range { start, end, step } = range;
    if end < 7 {
        return ranges.push(range);
    }
    // From Monday to 7, the real server leaves the Sunday out. Tests are to see what production will do.
    let sunday_is_left_out = start == 1 && step == 1;
    if start > 0 && (7 - start) % step == 0 && !sunday_is_left_out {
        ranges.push(Range { start: 0, end: 0, step: 1 });
    }
    if start < 7 {
        ranges.push(Range { start, end: 6, step });
    }
}

/// Says in full what ranges leave open.
pub(super) fn complete(calendar: &mut StructuredCalendarSpec) {
    let StructuredCalendarSpec { second, minute, hour, day_of_month, month, year, day_of_week, comment: _ } = calendar;
    for ranges in [second, minute, hour, day_of_month, month, year, day_of_week] {
        for range in ranges {
            range.end = range.end.max(range.start);
            range.step = if range.step == 0 { 1 } else { range.step };
        }
    }
}

/// Checks a calendar that came as ranges.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn check(calendar: &StructuredCalendarSpec) -> Result<(), String> {
    let mut problems = Vec::new();
    let weekday = Field { most: 6, ..WEEKDAY };
    for (Field { name, least, most, .. }, ranges) in [
        (SECOND, &calendar.second),
        (MINUTE, &calendar.minute),
        (HOUR, &calendar.hour),
        (DAY, &calendar.day_of_month),
        (MONTH, &calendar.month),
        (YEAR, &calendar.year),
        (weekday, &calendar.day_of_week),
    ] {
        for Range { start, end, step } in ranges {
            if !(least..=most).contains(start) {
                problems.push(format!("{name} Start is not in range [{least}-{most}]"));
            }
            if *end != 0 && (end < start || *end > most) {
                problems.push(format!("{name} End is before Start or not in range [{least}-{most}]"));
            }
            if *step < 0 {
                problems.push(format!("{name} has invalid Step"));
            }
        }
    }
    if calendar.comment.len() > 200 {
        problems.push("comment is too long".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("invalid calendar spec: {}", problems.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: Field, text: &str) -> String {
        match field.read(text, "*") {
            Ok(ranges) => {
                let texts: Vec<_> =
                    ranges.iter().map(|range| format!("{}-{}/{}", range.start, range.end, range.step)).collect();
                texts.join(" ")
            }
            Err(problem) => problem,
        }
    }

    #[test]
    fn fields_are_read_as_people_write_them() {
        for (field, text, expected) in [
            (MINUTE, "*/15", "0-59/15"),
            (MINUTE, "+5,05", "5-5/1 5-5/1"),
            (HOUR, "8-18/2", "8-18/2"),
            (DAY, "31/5", "31-31/5"),
            (MONTH, "january,dece", "1-1/1 12-12/1"),
            (MONTH, "6-JUN", "6-6/1"),
            (YEAR, "2030/5", "2030-2100/5"),
        ] {
            assert_eq!(read(field, text), expected, "{text}");
        }
    }

    #[test]
    fn the_seventh_day_is_the_first() {
        for (text, expected) in [
            ("7", "0-0/1"),
            ("sun,7", "0-0/1 0-0/1"),
            ("5-7", "0-0/1 5-6/1"),
            ("0-7", "0-6/1"),
            ("1-7", "1-6/1"),
            ("1-7/3", "0-0/1 1-6/3"),
            ("4-7/2", "4-6/2"),
            ("7/2", "0-0/1"),
            ("mon/2", "0-0/1 1-6/2"),
            ("*/3", "0-6/3"),
        ] {
            assert_eq!(read(WEEKDAY, text), expected, "{text}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused_in_known_words() {
        for (field, text, words) in [
            (MINUTE, "61", "Minute is not in range [0-59]"),
            (MINUTE, "*/0", "Minute has invalid Step"),
            (MINUTE, "1/2/3", "Minute has too many slashes"),
            (MINUTE, "1-2-3", "Minute has too many dashes"),
            (MINUTE, "*/x", "strconv.Atoi: parsing \"x\": invalid syntax"),
            (MINUTE, "5-2", "Minute End is before Start or not in range [0-59]"),
            (MINUTE, "-1", "Minute Start is not in range [0-59]"),
            (WEEKDAY, "1-5/", "DayOfWeek missing step value"),
            (WEEKDAY, "s", "DayOfWeek is not in range [0-7]"),
            (MONTH, "ja", "Month is not in range [1-12]"),
            (DAY, ",", "DayOfMonth is not in range [1-31]"),
        ] {
            assert_eq!(read(field, text), words, "{text}");
        }
    }
}
