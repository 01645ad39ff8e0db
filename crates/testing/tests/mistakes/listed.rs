//! The list in the documentation and the tests are the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_mistake_is_in_the_documentation_and_every_line_there_has_a_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../../docs/mistakes.md")).expect("there is a page");
    let listed: BTreeSet<_> = page.split('`').filter_map(|word| word.strip_suffix("::is_found")).collect();
    let mut tested = BTreeSet::new();
    let mut sources = Vec::new();
    for file in ["changed", "endless", "lost", "outside", "repeated"] {
        let source = fs::read_to_string(here.join(format!("tests/mistakes/{file}.rs"))).expect("there is a file");
        sources.push((file, source));
    }
    for (file, source) in &sources {
        for line in source.lines() {
            let module = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {"));
            let row =
                line.strip_prefix("    ").filter(|rest| !rest.starts_with(' ')).and_then(|rest| rest.split_once(','));
            let row = row.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            if let Some(name) = module.or(row) {
                tested.insert(format!("{file}::{name}"));
            }
        }
    }
    let listed: BTreeSet<_> = listed.into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(listed, tested);
    assert!(tested.len() >= 25, "{} mistakes", tested.len());
}
