//! Small crates in `ui/`, and what is found in each: `name.rs` and `name.txt` beside it. `REWRITE=1` writes the second.

use std::fs;
use std::path::{Path, PathBuf};

use perpetua_lint::{Report, Rule, Severity, Target, lint};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")
}

fn lint_one(root: &Path) -> Report {
    let target = Target { name: "case".into(), root: root.to_path_buf() };
    lint(root.parent().expect("a file is in a folder"), &[target], false)
}

/// A line for each finding: place, rule, message, hint, and the way there.
fn lines(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let severity = match finding.rule.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = format!("{}:{}", finding.line, finding.column);
        text.push_str(&format!("{place} {severity} {} {} -- {}\n", finding.rule, finding.message, finding.hint));
        if let [_, _, ..] = finding.trail[..] {
            text.push_str(&format!("    {}\n", finding.trail.join(" > ")));
        }
    }
    for unreadable in &report.unreadable {
        text.push_str(&format!("unreadable {unreadable}\n"));
    }
    if text.is_empty() { format!("nothing in {} workflows\n", report.workflows) } else { text }
}

fn check(found: &str, expected: &Path, wrong: &mut Vec<String>) {
    if std::env::var_os("REWRITE").is_some() {
        fs::write(expected, found).expect("the expectation can be written");
    }
    let wanted = fs::read_to_string(expected).unwrap_or_default();
    if wanted != found {
        wrong.push(format!("{}:\nexpected\n{wanted}\nfound\n{found}", expected.display()));
    }
}

#[test]
fn each_case_has_the_findings_that_stand_beside_it() {
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder()).expect("there are cases") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let report = lint_one(&path);
            seen.extend(report.findings.iter().map(|finding| finding.rule));
            check(&lines(&report), &path.with_extension("txt"), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for rule in Rule::all() {
        assert!(seen.contains(&rule), "no case is found by {rule}");
    }
}

#[test]
fn people_and_programs_are_told_all_of_it() {
    let report = lint_one(&folder().join("trail.rs"));
    let mut wrong = Vec::new();
    check(&report.render(false), &folder().join("trail.rendered"), &mut wrong);
    check(&report.to_json(), &folder().join("trail.json"), &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(report.has_errors());
}

/// A crate of one file with this text.
fn lint_text(text: &str) -> Report {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let root = folder.path().join("lib.rs");
    fs::write(&root, text).expect("there is room for a file");
    lint_one(&root)
}

#[test]
fn places_are_right_in_files_of_every_kind() {
    let code = "#[workflow]\r\nasync fn größe() {\r\n\tlet ä = std::time::Instant::now();\r\n}\r\n";
    for first in ["", "\u{feff}", "#!/usr/bin/env run\n", "\u{feff}#!/usr/bin/env run\r\n"] {
        let text = format!("{first}{code}");
        let report = lint_text(&text);
        let [finding] = &report.findings[..] else { panic!("one is found: {}", report.render(false)) };
        assert_eq!(&text[finding.start..finding.end], "std::time::Instant::now");
        assert_eq!((finding.line, finding.column), (3 + first.lines().count() - usize::from(first == "\u{feff}"), 10));
        assert!(report.render(true).contains("größe"), "{}", report.render(false));
    }
}

#[test]
fn a_file_that_is_a_module_of_itself_has_an_end() {
    let report = lint_text("#[path = \"lib.rs\"]\nmod again;\n");
    assert_eq!(report.unreadable.len(), 1);
    assert_eq!(report.unreadable[0].to_string(), "lib.rs: the file is a module of itself");
}

#[test]
fn imports_in_circles_have_an_end() {
    let report = lint_text(
        "use a::x; use b::*; mod a { pub use crate::b::x; pub use super::*; } mod b { pub use crate::a::x; pub use crate::a::*; }\n\
         type A = B; type B = A;\n\
         #[workflow] async fn flow(a: A) { x(); y::z(); A::now(); a.go(); for each in a {} flow(); }\n",
    );
    assert_eq!((report.workflows, report.findings.len()), (1, 0));
}

#[test]
fn globs_that_lead_everywhere_are_followed_once_and_to_the_right_place() {
    let mut text =
        String::from("use std::time::Instant; use clocks::*; mod clocks { pub fn look() { std::thread::park() } }\n");
    for number in 0..40 {
        text.push_str(&format!(
            "pub use self::m{number}::*;\nmod m{number} {{\n    use super::*;\n    use std::env::*;\n"
        ));
        text.push_str(&format!(
            "    #[workflow]\n    async fn flow{number}() {{ Instant::now(); look(); var(\"X\"); unknown(); }}\n}}\n"
        ));
    }
    let report = lint_text(&text);
    let of = |rule: Rule| report.findings.iter().filter(|finding| finding.rule == rule).count();
    assert_eq!((report.workflows, report.findings.len()), (40, 81));
    assert_eq!((of(Rule::Clock), of(Rule::Environment), of(Rule::Blocking)), (40, 40, 1));
}
