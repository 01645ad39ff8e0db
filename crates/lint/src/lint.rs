//! From what a workspace defines to findings: which functions run in workflows, and what is wrong in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use crate::allow::{Allowance, allowances};
use crate::index::{Index, Role};
use crate::report::{Finding, Report};
use crate::rule::Rule;
use crate::source::{Place, Reader, Source, place_of};
use crate::walk::{Call, Suspicion, Walked, walk};
use crate::workspace::Target;

/// Looks at these crates together: what one calls of another is followed. `base` is the folder that the paths of findings
/// are relative to. With `tests`, workflows that exist only in tests are looked at, too.
pub fn lint(base: &Path, targets: &[Target], tests: bool) -> Report {
    let (mut sources, mut unreadable) = (Vec::new(), Vec::new());
    let mut index = Index::default();
    let mut reader = Reader::new(base, tests, &mut sources, &mut unreadable);
    for target in targets {
        let modules = reader.read_crate(&target.root);
        index.add(&target.name, modules);
    }
    let mut linter = Linter { index: &index, walked: BTreeMap::new() };
    let mut suspicions = BTreeMap::new();
    for workflow in &index.workflows {
        linter.workflow(workflow, &mut suspicions);
    }
    let mut findings: Vec<Finding> = allowed(&sources, suspicions)
        .into_iter()
        .map(|(suspicion, trail)| Finding::new(&sources, suspicion, trail))
        .collect();
    // Two targets can be made of one file.
    findings.sort();
    findings.dedup();
    unreadable.sort();
    unreadable.dedup();
    Report { workflows: index.workflows.len(), findings, unreadable, sources }
}

/// Each suspicion once, by where it is, with the functions on the way there.
type Suspicions = BTreeMap<(Place, Rule), (Suspicion, Vec<String>)>;

struct Linter<'a> {
    index: &'a Index,
    walked: BTreeMap<Call, Walked>,
}

impl Linter<'_> {
    fn walked(&mut self, call: Call) -> &Walked {
        let index = self.index;
        self.walked.entry(call).or_insert_with(|| walk(index, &index.functions[call.0], call.1))
    }

    /// Everything that is reached, with the call that reached it first.
    fn reached(&mut self, from: &[Call]) -> BTreeMap<Call, Option<Call>> {
        let mut reached: BTreeMap<Call, Option<Call>> = from.iter().map(|call| (*call, None)).collect();
        let mut waiting: VecDeque<Call> = from.iter().copied().collect();
        while let Some(call) = waiting.pop_front() {
            for next in self.walked(call).calls.clone() {
                if let std::collections::btree_map::Entry::Vacant(entry) = reached.entry(next) {
                    entry.insert(Some(call));
                    waiting.push_back(next);
                }
            }
        }
        reached
    }

    fn workflow(&mut self, functions: &[usize], suspicions: &mut Suspicions) {
        let roots: Vec<Call> = functions
            .iter()
            .filter(|function| self.index.functions[**function].role.is_in_workflow())
            .map(|function| (*function, self.index.functions[*function].role.may_only_look()))
            .collect();
        let reached = self.reached(&roots);
        for call in reached.keys() {
            for suspicion in self.walked(*call).suspicions.clone() {
                if self.continues(&suspicion.unless_continues) {
                    continue;
                }
                let trail = self.trail(*call, &reached);
                suspicions.entry((suspicion.place, suspicion.rule)).or_insert((suspicion, trail));
            }
        }
        self.unfinished_handlers(functions, suspicions);
    }

    fn continues(&mut self, calls: &[Call]) -> bool {
        self.reached(calls).keys().any(|call| self.walked.get(call).is_some_and(|walked| walked.continues))
    }

    /// From the workflow's own function to the one that was reached.
    fn trail(&self, mut call: Call, reached: &BTreeMap<Call, Option<Call>>) -> Vec<String> {
        let mut trail = vec![self.index.functions[call.0].short.clone()];
        while let Some(Some(before)) = reached.get(&call) {
            call = *before;
            trail.push(self.index.functions[call.0].short.clone());
        }
        trail.reverse();
        trail
    }

    fn unfinished_handlers(&mut self, functions: &[usize], suspicions: &mut Suspicions) {
        let index = self.index;
        let Some(run) = functions.iter().find(|function| index.functions[**function].role == Role::Run) else { return };
        let main = self.reached(&[(*run, false)]);
        if main.keys().any(|call| self.walked.get(call).is_some_and(|walked| walked.waits_for_handlers)) {
            return;
        }
        for handler in functions {
            let function = &index.functions[*handler];
            if function.role != (Role::Handler { waits: true }) || !self.walked((*handler, false)).awaits {
                continue;
            }
            let place = place_of(function.source, &function.signature.ident);
            let suspicion = Suspicion {
                rule: Rule::UnfinishedHandlers,
                place,
                statement: function.signature.fn_token.span.start().line,
                title: format!(
                    "`{}` may be cut off: the main function never waits for handlers",
                    function.signature.ident
                ),
                label: "this handler waits".to_owned(),
                unless_continues: Vec::new(),
            };
            suspicions.insert((place, Rule::UnfinishedHandlers), (suspicion, vec![function.short.clone()]));
        }
    }
}

/// What no comment allows, and the comments that are wrong.
fn allowed(sources: &[Source], suspicions: Suspicions) -> Vec<(Suspicion, Vec<String>)> {
    let allowances: Vec<Vec<Allowance>> = sources.iter().map(|source| allowances(&source.text)).collect();
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for (suspicion, trail) in suspicions.into_values() {
        let place = suspicion.place;
        let covers = |(_, allowance): &(usize, &Allowance)| {
            let is_here = allowance.line_below == place.line || allowance.line_below == suspicion.statement;
            allowance.rules.contains(&suspicion.rule) && is_here
        };
        let found = allowances[place.source].iter().enumerate().filter(covers).map(|(index, _)| index);
        let found: Vec<usize> = found.collect();
        if found.is_empty() {
            left.push((suspicion, trail));
        }
        used.extend(found.into_iter().map(|index| (place.source, index)));
    }
    for (source, allowances) in allowances.into_iter().enumerate() {
        for (index, allowance) in allowances.into_iter().enumerate() {
            let unused =
                (!used.contains(&(source, index))).then(|| "this allows nothing: there is no such finding".to_owned());
            if let Some(title) = allowance.mistake.or(unused) {
                let Allowance { line, column, start, end, .. } = allowance;
                let suspicion = Suspicion {
                    rule: Rule::Allowance,
                    place: Place { source, start, end, line, column },
                    statement: line,
                    title,
                    label: "here".to_owned(),
                    unless_continues: Vec::new(),
                };
                left.push((suspicion, Vec::new()));
            }
        }
    }
    left
}
