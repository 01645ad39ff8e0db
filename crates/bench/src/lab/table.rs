//! Tables for the page in the repository and for the terminal.

use super::report::{Contender, Measured, Report};
use super::row::{Group, Row};
use super::rows;
use super::statistics::shown;

/// Before and after the table of a group, in the page.
pub(crate) fn markers(group: &str) -> (String, String) {
    (format!("<!-- bench: {group} -->"), format!("<!-- bench: end of {group} -->"))
}

/// The table of a group, as Markdown; nothing if none of its rows was measured.
pub(crate) fn table(group: &Group, report: &Report) -> String {
    let measured: Vec<(&Row, &Measured)> =
        rows::rows_of(group).filter_map(|row| Some((row, report.row(row.name)?))).collect();
    if measured.is_empty() {
        return String::new();
    }
    let mut text = String::from("| | unit | Perpetua | peers | times better | floor | moonshot | row |\n");
    text.push_str("|---|---|--:|---|--:|--:|--:|---|\n");
    for (row, measured) in measured {
        let peers: Vec<String> = measured.sides.iter().skip(1).map(peer).collect();
        let ratio = measured.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{}x", shown(ratio)));
        let (floor, moonshot) = targets(row, measured);
        text.push_str(&format!(
            "| {} | {} | {} | {} | {ratio} | {floor} | {moonshot} | `{}` |\n",
            row.title,
            row.unit,
            measured.sides.first().map_or_else(|| "–".to_owned(), figure),
            if peers.is_empty() { "–".to_owned() } else { peers.join("; ") },
            row.name,
        ));
    }
    text
}

/// Where and with what it was measured, as a paragraph.
pub(crate) fn surroundings(report: &Report) -> String {
    if report.rows.is_empty() {
        return "Nothing is recorded yet.\n".to_owned();
    }
    let here = &report.surroundings;
    let loads: Vec<f64> = report.rows.iter().flat_map(|row| row.sides.iter().map(|side| side.load)).collect();
    let most = loads.iter().copied().fold(0.0, f64::max);
    let middle = super::statistics::median(&loads).unwrap_or_default();
    let quick = if here.quick { ", with the smaller counts of `--quick`" } else { "" };
    format!(
        "Measured on {} on {} cores ({}), {} GB, Linux {}; load of the machine {} at the median, {} at most, the \
         benchmark's own included; up to {} repetitions{quick}. {}.\n",
        here.day,
        here.cores,
        here.processor,
        here.memory_mib.div_ceil(1024),
        here.kernel,
        shown(middle),
        shown(most),
        here.repetitions,
        here.versions.join("; "),
    )
}

fn peer(peer: &Contender) -> String {
    format!("{} {}", peer.side.label(), figure(peer))
}

/// A side's figure, or why there is none.
pub(crate) fn figure(contender: &Contender) -> String {
    match (contender.median, &contender.failure) {
        (Some(median), _) => shown(median),
        (None, Some(why)) => format!("({})", one_line(why)),
        (None, None) => "–".to_owned(),
    }
}

/// The targets of a row, each with whether it is reached.
pub(crate) fn targets(row: &Row, measured: &Measured) -> (String, String) {
    let peer = measured.best_peer().map(|(_, figure)| figure);
    let cell = |target: Option<f64>| match (target, measured.ours()) {
        (Some(target), Some(ours)) if row.better.reaches(ours, target) => format!("{} ✓", shown(target)),
        (Some(target), _) => shown(target),
        (None, _) => "–".to_owned(),
    };
    (cell(row.floor.figure(peer)), cell(row.moonshot.figure(peer)))
}

/// Text for a cell: short, on one line, without what ends a cell.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/");
    match words.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::{one_line, table};
    use crate::lab::report::tests::{report, run};
    use crate::lab::rows::GROUPS;
    use crate::lab::side::Side;

    #[test]
    fn a_table_says_who_took_how_much_and_what_is_reached() {
        let report = report(vec![run(Side::Ours, Ok(2.0)), run(Side::Python, Ok(70.0))]);
        let lines: Vec<String> = table(GROUPS[0], &report).lines().map(str::to_owned).collect();
        assert_eq!(
            lines[2],
            "| standard JSON, 10,001 events, read | us/event, CPU | 2.00 | Python 70.0 | 35.0x | 5.00 ✓ | 1.00 | `replay.json` |"
        );
        assert_eq!(lines.len(), 3);
        assert_eq!(table(GROUPS[1], &report), "");
    }

    #[test]
    fn a_side_that_failed_says_why() {
        let report = report(vec![run(Side::Ours, Err("a | b\nc")), run(Side::Python, Ok(70.0))]);
        let text = table(GROUPS[0], &report);
        assert!(text.contains("| (a / b c) | Python 70.0 | – | 5.00 | 1.00 |"), "{text}");
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        assert_eq!(one_line(&"ä".repeat(121)), format!("{}…", "ä".repeat(120)));
    }
}
