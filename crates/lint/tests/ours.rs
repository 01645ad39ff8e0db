//! What this repository has: its examples and its template are clean, its scenarios can be read, the files that it ships
//! are those that the tables make, and every rule is explained.

use std::fs;
use std::path::{Path, PathBuf};

use perpetua_lint::{Rule, Target, Workspace, WorkspaceError, clippy_toml, lint};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace has a root").to_path_buf()
}

fn packages(names: &[&str], tests: bool) -> Workspace {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    Workspace::read(Some(&root().join("Cargo.toml")), &names, tests).expect("the workspace can be read")
}

#[test]
fn the_examples_are_clean() {
    let names: Vec<String> = fs::read_dir(root().join("examples"))
        .expect("there are examples")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.is_dir())
        .map(|path| format!("example-{}", path.file_name().expect("it has a name").to_string_lossy().replace('_', "-")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let workspace = packages(&names, true);
    let report = lint(&workspace.root, &workspace.targets, true);
    assert!(report.findings.is_empty() && report.unreadable.is_empty(), "{}", report.render(false));
    assert!(report.workflows >= names.len(), "each example has a workflow, {} were found", report.workflows);
}

#[test]
fn the_template_is_clean() {
    let folder = root().join("template");
    let target = Target { name: "template".into(), root: folder.join("src/lib.rs") };
    let report = lint(&folder, &[target], true);
    assert!(report.findings.is_empty() && report.unreadable.is_empty(), "{}", report.render(false));
    assert_eq!(report.workflows, 1);
}

#[test]
fn the_scenarios_can_be_read_and_those_that_are_wrong_on_purpose_are_found() {
    let workspace = packages(&["perpetua-testkit"], true);
    let report = lint(&workspace.root, &workspace.targets, true);
    assert!(report.unreadable.is_empty(), "{}", report.render(false));
    assert!(report.workflows > 50, "{} workflows were found", report.workflows);
    let guarded = report.findings.iter().filter(|finding| finding.path.ends_with("guarding.rs"));
    assert!(guarded.count() > 0, "scenarios of the guard do what it forbids");
}

#[test]
fn mistakes_of_the_catalogue_are_found_where_the_documentation_says_so() {
    let page = fs::read_to_string(root().join("docs/mistakes.md")).expect("the page is there");
    let workspace = packages(&["perpetua-testing"], true);
    let report = lint(&workspace.root, &workspace.targets, true);
    let mut said = 0;
    for row in page.lines().filter(|row| row.contains("::is_found`")) {
        let Some(code) = row.split("lint ").nth(1).and_then(|rest| rest.get(..4)) else { continue };
        let file = row.split('`').find_map(|word| word.split_once("::").map(|(file, _)| format!("mistakes/{file}.rs")));
        let file = file.unwrap_or_else(|| panic!("no test in {row}"));
        let found = report.findings.iter().any(|found| found.rule.code() == code && found.path.ends_with(&file));
        assert!(found, "nothing is found by {code} in {file}: {row}");
        said += 1;
    }
    assert!(said >= 8, "{said} rows name a rule");
}

#[test]
fn what_clippy_is_told_is_made_of_the_tables() {
    for shipped in ["template/clippy.toml", "examples/clippy.toml"] {
        let path = root().join(shipped);
        if std::env::var_os("REWRITE").is_some() {
            fs::write(&path, clippy_toml()).expect("it can be written");
        }
        let text = fs::read_to_string(&path).expect("it is there");
        assert!(text == clippy_toml(), "{shipped} differs from `perpetua lint --clippy-toml`; write it with REWRITE=1");
    }
}

#[test]
fn every_rule_is_in_the_documentation() {
    let page = fs::read_to_string(root().join("docs/lint.md")).expect("the page is there");
    for rule in Rule::all() {
        let heading = format!("## {} {}\n", rule.code(), rule.name());
        let section =
            page.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/lint.md has no section `{}`", heading.trim()));
        let section = section.split("\n## ").next().unwrap_or_default().replace('\n', " ");
        for said in [rule.what(), rule.why(), rule.instead()] {
            assert!(section.contains(said), "docs/lint.md does not say of {rule}: {said}");
        }
    }
}

#[test]
fn a_package_that_is_not_there_is_named_with_those_that_are() {
    let asked = Workspace::read(Some(&root().join("Cargo.toml")), &["perpetua-lnit".into()], false);
    let error = asked.expect_err("there is no such package");
    assert!(matches!(&error, WorkspaceError::NoSuchPackage { name, .. } if name == "perpetua-lnit"));
    assert!(error.to_string().contains("perpetua-lint"), "{error}");
}
