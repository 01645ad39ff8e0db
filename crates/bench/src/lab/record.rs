//! What the repository remembers: figures in `docs/performance.json`, and the same in the tables of `docs/performance.md`.

use std::fs;
use std::path::{Path, PathBuf};

use super::report::Report;
use super::rows::{self, GROUPS};
use super::table::{markers, surroundings, table};
use crate::Outcome;

/// The name of the paragraph about the machine.
const SURROUNDINGS: &str = "surroundings";

/// The two files.
#[derive(Debug)]
pub(crate) struct Record {
    figures: PathBuf,
    page: PathBuf,
}

impl Record {
    /// Those of a repository.
    pub(crate) fn of(root: &Path) -> Self {
        Self { figures: root.join("docs/performance.json"), page: root.join("docs/performance.md") }
    }

    /// What is recorded; nothing if there is no record yet.
    pub(crate) fn read(&self) -> Outcome<Option<Report>> {
        if !self.figures.exists() {
            return Ok(None);
        }
        let name = self.figures.display();
        let report = serde_json::from_slice(&fs::read(&self.figures)?).map_err(|error| format!("{name}: {error}"))?;
        Ok(Some(report))
    }

    /// Records a report. Rows that it does not have stay as they are.
    pub(crate) fn write(&self, report: &Report) -> Outcome {
        let merged = merged(self.read()?, report);
        let mut figures = serde_json::to_string_pretty(&merged)?;
        figures.push('\n');
        let page = fill(&fs::read_to_string(&self.page)?, &merged)?;
        fs::write(&self.figures, figures)?;
        fs::write(&self.page, page)?;
        Ok(())
    }
}

/// The new rows, and the old ones that are not among them, in the order of the page; without runs.
fn merged(old: Option<Report>, new: &Report) -> Report {
    let mut report = Report { surroundings: new.surroundings.clone(), rows: Vec::new(), runs: Vec::new() };
    for row in rows::rows() {
        let found = new.row(row.name).or_else(|| old.as_ref()?.row(row.name));
        report.rows.extend(found.cloned());
    }
    report
}

/// The page with the tables of a report between its markers.
fn fill(page: &str, report: &Report) -> Outcome<String> {
    let mut filled = between(page, SURROUNDINGS, &surroundings(report))?;
    for group in GROUPS {
        filled = between(&filled, group.name, &table(group, report))?;
    }
    Ok(filled)
}

/// The page with this text between two markers.
fn between(page: &str, name: &str, text: &str) -> Outcome<String> {
    let (begin, end) = markers(name);
    let missing = |marker: &str| format!("the page has no `{marker}`");
    let (before, rest) = page.split_once(&begin).ok_or_else(|| missing(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
    Ok(format!("{before}{begin}\n{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Record, between, fill, merged};
    use crate::lab::report::tests::{report, run};
    use crate::lab::rows;
    use crate::lab::side::Side;

    #[test]
    fn what_is_between_markers_is_replaced() {
        let page = "a\n<!-- bench: x -->\nold\n<!-- bench: end of x -->\nb\n";
        let filled = between(page, "x", "new\n").unwrap();
        assert_eq!(filled, "a\n<!-- bench: x -->\nnew\n<!-- bench: end of x -->\nb\n");
        assert_eq!(between(&filled, "x", "new\n").unwrap(), filled);
        assert!(between(page, "y", "").unwrap_err().to_string().contains("<!-- bench: y -->"));
    }

    #[test]
    fn rows_that_were_not_measured_again_stay() {
        let old = report(vec![run(Side::Ours, Ok(1.0))]);
        let nothing = merged(Some(old.clone()), &report(Vec::new()).without_rows());
        assert_eq!(nothing.rows, old.rows);
        let new = report(vec![run(Side::Ours, Ok(2.0))]);
        assert_eq!(merged(Some(old), &new).rows, new.rows);
    }

    #[test]
    fn the_page_shows_what_is_recorded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let record = Record::of(&root);
        let recorded = record.read().unwrap().expect("there is a record");
        let page = std::fs::read_to_string(&record.page).unwrap();
        let filled = fill(&page, &recorded).unwrap();
        if std::env::var_os("REWRITE").is_some() {
            std::fs::write(&record.page, &filled).unwrap();
        } else {
            assert!(
                filled == page,
                "docs/performance.md is not what docs/performance.json says; REWRITE=1 fills it again"
            );
        }
        for measured in &recorded.rows {
            assert!(rows::row(&measured.row).is_some(), "there is no row {} any more", measured.row);
        }
    }

    impl super::Report {
        fn without_rows(mut self) -> Self {
            self.rows.clear();
            self
        }
    }
}
