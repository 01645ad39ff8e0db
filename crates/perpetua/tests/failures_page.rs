//! The page `docs/failures.md` names a test for each case: these tests exist.

use std::fs;
use std::path::Path;

/// The tests that a row of a table names: whether they run against a real server, their file, and their own name.
fn tests_of(row: &str) -> Vec<(bool, &str, &str)> {
    let Some(cell) = row.trim_end_matches('|').rsplit('|').next() else { return Vec::new() };
    let named = |part: &str| part.trim_start().starts_with("e2e ");
    let tests = cell.split(", ").filter_map(|part| {
        let (file, test) = part.split('`').nth(1)?.split_once("::")?;
        Some((named(part), file, test))
    });
    tests.collect()
}

/// Whether one of the files of this name has the test.
fn exists(root: &Path, (real, file, test): (bool, &str, &str)) -> bool {
    let folders: &[&str] = if real {
        &["crates/testkit/tests/e2e"]
    } else {
        &["crates/workflow/tests/workflow", "crates/worker/tests/worker"]
    };
    folders.iter().any(|folder| {
        let text = fs::read_to_string(root.join(folder).join(file).with_extension("rs")).unwrap_or_default();
        text.contains(&format!("fn {test}("))
    })
}

#[test]
fn every_case_of_the_failures_page_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/failures.md")).expect("the page is there");
    let is_case = |row: &&str| row.starts_with('|') && !row.starts_with("|---") && !row.starts_with("| What happens |");
    let mut cases = 0;
    for row in page.lines().filter(is_case) {
        let tests = tests_of(row);
        assert!(!tests.is_empty(), "no test is named: {row}");
        for test in tests {
            assert!(exists(&root, test), "`{}::{}` is not there: {row}", test.1, test.2);
        }
        cases += 1;
    }
    assert!(cases > 50, "{cases} cases were found");
}
