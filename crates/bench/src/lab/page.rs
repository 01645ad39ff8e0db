//! The page with charts: one file without scripts.

mod chart;

use super::report::{Report, RunOutcome};
use super::row::{Group, Row};
use super::rows;
use super::statistics::shown;
use super::table::surroundings;

const STYLE: &str = "\
:root { --ink: #1b1f24; --quiet: #656d76; --paper: #fff; --line: #d0d7de; --ours: #0a7d5a; --peer: #8c959f; --best: #57606a;
  --floor: #bf8700; --moonshot: #8250df; --bad: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9aa4af; --paper: #0d1117; --line: #30363d;
  --ours: #3fb98b; --peer: #6e7681; --best: #9aa4af; --floor: #d4a72c; --moonshot: #a987f0; --bad: #ff7b72 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line) }
h3 { margin: 2rem 0 .2rem; font-size: 1rem }
p, figcaption { color: var(--quiet); margin: .2rem 0 } p.method { margin-top: 2.2rem } figure { margin: 0 0 .6rem } code { font-size: .85em }
strong.good { color: var(--ours) } strong.bad { color: var(--bad) }
svg { width: 100%; height: auto; display: block } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px }
svg text.quiet { fill: var(--quiet) } .ours { fill: var(--ours) } .peer { fill: var(--peer) } .best { fill: var(--best) }
.floor { stroke: var(--floor) } .moonshot { stroke: var(--moonshot) } .range { stroke: var(--ink) } .axis { stroke: var(--line) }
svg text.floor-name { fill: var(--floor) } svg text.moonshot-name { fill: var(--moonshot) } svg text.failed { fill: var(--bad) }
table { border-collapse: collapse; font-size: .8rem } td, th { border: 1px solid var(--line); padding: .15rem .5rem;
  text-align: left; vertical-align: top }
";

/// The page of a report.
pub(super) fn page(report: &Report) -> String {
    let groups: String = rows::GROUPS.into_iter().map(|group| section(group, report)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Perpetua, measured</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Perpetua beside its peers</h1>\n<p>{}</p>\n\
         <p>Bars are medians, with the range of all values as a line. A yellow mark is the floor, a violet one the moonshot. \
         Where figures lie far apart the scale is logarithmic, and says so.</p>\n{groups}{}</body>\n</html>\n",
        prose(&surroundings(report)),
        runs(report),
    )
}

fn section(group: &Group, report: &Report) -> String {
    let mut text = String::new();
    let mut last_method = "";
    for experiment in group.experiments {
        let rows: String = experiment.rows.iter().filter_map(|row| figure(row, report)).collect();
        if rows.is_empty() {
            continue;
        }
        if experiment.method != last_method {
            text.push_str(&format!("<p class=\"method\">{}</p>\n", prose(experiment.method)));
            last_method = experiment.method;
        }
        text.push_str(&rows);
    }
    if text.is_empty() { text } else { format!("<h2>{}</h2>\n{text}", escape(group.title)) }
}

/// One row: what it is, its chart, and what follows.
fn figure(row: &Row, report: &Report) -> Option<String> {
    let measured = report.row(row.name)?;
    let verdict = match (measured.ratio, measured.best_peer()) {
        (Some(ratio), Some((peer, _))) => {
            let class = if ratio >= 1.0 { "good" } else { "bad" };
            format!("<strong class=\"{class}\">{}x</strong> better than {}", shown(ratio), escape(peer.label()))
        }
        _ => "no ratio".to_owned(),
    };
    let loads: Vec<String> = measured.sides.iter().map(|side| shown(side.load)).collect();
    Some(format!(
        "<figure id=\"{name}\">\n<h3>{}, {}</h3>\n{}<figcaption>{verdict}; load of the machine {}; <code>{name}</code>\
         </figcaption>\n</figure>\n",
        escape(row.title),
        escape(row.unit),
        chart::chart(row, measured),
        loads.join(" / "),
        name = escape(row.name),
    ))
}

/// Every run with all its figures.
fn runs(report: &Report) -> String {
    if report.runs.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<h2>Every run</h2>\n<details>\n<summary>All figures</summary>\n<table>\n\
         <tr><th>experiment</th><th>side</th><th>load</th><th>s</th><th>figures</th></tr>\n",
    );
    for run in &report.runs {
        let outcome = match &run.outcome {
            RunOutcome::Figures(figures) => {
                let all: Vec<String> =
                    figures.iter().map(|(name, value)| format!("{} {}", escape(name), shown(*value))).collect();
                all.join(", ")
            }
            RunOutcome::Failed(why) => format!("<strong class=\"bad\">failed</strong>: {}", escape(why)),
        };
        text.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{outcome}</td></tr>\n",
            escape(&run.experiment),
            escape(run.side.label()),
            shown(run.load),
            shown(run.took),
        ));
    }
    text.push_str("</table>\n</details>\n");
    text
}

/// Text with what is between backticks as code.
fn prose(text: &str) -> String {
    let parts = text.split('`').map(escape).enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part }).collect()
}

/// Text as HTML and SVG show it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // What XML does not know at all.
            control if control.is_control() && !matches!(control, '\n' | '\t') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escape, page, prose};
    use crate::lab::report::tests::{report, run};
    use crate::lab::side::Side;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"x\">'&\u{1b}"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\u{fffd}");
    }

    #[test]
    fn what_is_between_backticks_is_code() {
        assert_eq!(prose("a `b < c` d"), "a <code>b &lt; c</code> d");
    }

    #[test]
    fn a_page_has_each_row_with_its_ratio_and_each_run() {
        let page = page(&report(vec![
            run(Side::Ours, Ok(2.0)),
            run(Side::Python, Ok(70.0)),
            run(Side::Python, Err("<script>alert(1)</script>")),
        ]));
        assert!(page.contains("<figure id=\"replay.json\">"));
        assert!(page.contains("<strong class=\"good\">35.0x</strong> better than Python"));
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"));
        assert_eq!(page.matches("<figure").count(), 1);
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }
}
