//! What was found, as data, as text for people and as JSON.

use std::fmt::Write as _;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::rule::{Rule, Severity};
use crate::source::{Source, Unreadable};
use crate::walk::Suspicion;

/// One thing that is wrong, where it is, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// In which file, from the root of the workspace.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Which mistake it is.
    pub rule: Rule,
    /// What is wrong here.
    pub message: String,
    /// What to do here, in a few words.
    pub hint: String,
    /// The functions from the workflow to this place.
    pub trail: Vec<String>,
    /// The first byte in the file.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
}

/// What a look at a workspace gave.
#[derive(Debug)]
pub struct Report {
    /// How many workflows were looked at.
    pub workflows: usize,
    /// By file and line.
    pub findings: Vec<Finding>,
    /// The files that could not be looked at.
    pub unreadable: Vec<Unreadable>,
    pub(crate) sources: Vec<Source>,
}

impl Finding {
    pub(crate) fn new(sources: &[Source], suspicion: Suspicion, trail: Vec<String>) -> Self {
        let Suspicion { rule, place, title, label, .. } = suspicion;
        Self {
            path: sources[place.source].path.clone(),
            line: place.line,
            column: place.column,
            rule,
            message: title,
            hint: label,
            trail,
            start: place.start,
            end: place.end,
        }
    }

    /// How this place is reached, for people.
    fn reached(&self) -> Option<String> {
        match &self.trail[..] {
            [] => None,
            [only] => Some(format!("in `{only}`")),
            [first, between @ .., last] => {
                let through: Vec<String> = between.iter().map(|name| format!("`{name}`")).collect();
                let through =
                    if through.is_empty() { String::new() } else { format!(" through {}", through.join(", ")) };
                Some(format!("in `{last}`, which `{first}` calls{through}"))
            }
        }
    }
}

impl Report {
    /// Whether anything is wrong beyond warnings. A file that cannot be read counts: nobody knows what is in it.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    fn errors(&self) -> usize {
        let errors = self.findings.iter().filter(|finding| finding.rule.severity() == Severity::Error).count();
        errors + self.unreadable.len()
    }

    /// As text with the lines of code, `color` for a terminal.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for finding in &self.findings {
            let Finding { path, rule, message, hint, start, end, .. } = finding;
            let level = match rule.severity() {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
            };
            let mut group = Group::with_title(level.primary_title(message.as_str()).id(rule.code()));
            if let Some(source) = self.sources.iter().find(|source| source.path == *path) {
                let snippet = Snippet::source(&source.text).path(path.to_string_lossy());
                group =
                    group.element(snippet.annotation(AnnotationKind::Primary.span(*start..*end).label(hint.as_str())));
            }
            if let Some(reached) = finding.reached() {
                group = group.element(Level::NOTE.message(reached));
            }
            group = group.element(Level::NOTE.with_name("why").message(rule.why()));
            group = group.element(Level::HELP.with_name("instead").message(rule.instead()));
            let _ = writeln!(text, "{}\n", renderer.render(&[group]));
        }
        for unreadable in &self.unreadable {
            let _ = writeln!(text, "error: {unreadable}\n");
        }
        text + &self.summary()
    }

    fn summary(&self) -> String {
        let many = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let (errors, workflows) = (self.errors(), many(self.workflows, "workflow"));
        let warnings = self.findings.len() + self.unreadable.len() - errors;
        match (errors, warnings) {
            (0, 0) => format!("{workflows}: nothing found\n"),
            _ => format!("{workflows}: {}, {}\n", many(errors, "error"), many(warnings, "warning")),
        }
    }

    /// As one JSON object, for other programs: `workflows`, `errors`, `findings` and `unreadable`.
    pub fn to_json(&self) -> String {
        let findings = self.findings.iter().map(|finding| JsonFinding {
            rule: finding.rule.code(),
            name: finding.rule.name(),
            severity: finding.rule.severity(),
            path: finding.path.to_string_lossy().into_owned(),
            line: finding.line,
            column: finding.column,
            start: finding.start,
            end: finding.end,
            message: &finding.message,
            hint: &finding.hint,
            why: finding.rule.why(),
            instead: finding.rule.instead(),
            trail: &finding.trail,
        });
        let unreadable = self.unreadable.iter().map(|unreadable| JsonUnreadable {
            path: unreadable.path.to_string_lossy().into_owned(),
            line: unreadable.position.map(|(line, _)| line),
            column: unreadable.position.map(|(_, column)| column),
            message: &unreadable.message,
        });
        let report = JsonReport {
            workflows: self.workflows,
            errors: self.errors(),
            findings: findings.collect(),
            unreadable: unreadable.collect(),
        };
        serde_json::to_string_pretty(&report).expect("texts and numbers can be written as JSON")
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    workflows: usize,
    errors: usize,
    findings: Vec<JsonFinding<'a>>,
    unreadable: Vec<JsonUnreadable<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    name: &'static str,
    severity: Severity,
    path: String,
    line: usize,
    column: usize,
    start: usize,
    end: usize,
    message: &'a str,
    hint: &'a str,
    why: &'static str,
    instead: &'static str,
    trail: &'a [String],
}

#[derive(Serialize)]
struct JsonUnreadable<'a> {
    path: String,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}
