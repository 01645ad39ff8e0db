//! The `clippy.toml` for a workspace with workflows, made of the tables.

use crate::forbidden::{FUNCTIONS, Group, MACROS, TYPES};
use crate::rule::Rule;

const HEAD: &str = "\
# What workflow code must not do, because a replay could not repeat it or because it blocks the thread of all workflows.
# `perpetua lint --clippy-toml` writes this file; `perpetua lint --explain P001` says more about each kind.
#
# Clippy cannot tell workflows from the rest of the program. Where it is fine, in an activity, in `main`, in a test, say so:
# `#[expect(clippy::disallowed_methods, reason = \"an activity\")]`. `perpetua lint` can: it looks at workflows only, finds
# more in them, and explains it.
#
# The feature `guard` of `perpetua`, which tests should use, finds most of this while it happens, also in the crates that
# you call.
";

/// The headings of the file, and which rules are below them.
const HEADINGS: &[(&str, &[Rule])] = &[
    ("The present.", &[Rule::Clock]),
    ("Randomness.", &[Rule::Randomness]),
    ("Waiting that history does not know of, or that blocks.", &[Rule::Blocking, Rule::ForeignTimer]),
    ("Work that is not part of the workflow.", &[Rule::ForeignTask]),
    ("The world: environment, processes, files, the network.", &[Rule::Environment, Rule::InputOutput]),
];

/// The text of the `clippy.toml` that belongs into the root of a workspace with workflows.
pub fn clippy_toml() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\ndisallowed-methods = [\n");
    for (index, (heading, rules)) in HEADINGS.iter().enumerate() {
        let blank = if index == 0 { "" } else { "\n" };
        text.push_str(&format!("{blank}    # {heading}\n"));
        for rule in *rules {
            entries(&mut text, FUNCTIONS.iter().filter(|group| group.rule == *rule));
        }
    }
    text.push_str("]\ndisallowed-macros = [\n");
    entries(&mut text, MACROS.iter());
    text.push_str("]\ndisallowed-types = [\n");
    entries(&mut text, TYPES.iter());
    text.push_str("]\n");
    text
}

fn entries(text: &mut String, groups: impl Iterator<Item = &'static Group>) {
    for Group { why, instead, paths, .. } in groups.filter(|group| group.clippy) {
        for path in *paths {
            // What is in a crate that the workspace does not use is no mistake.
            let foreign = if path.starts_with("std::") { "" } else { "allow-invalid = true, " };
            text.push_str(&format!("    {{ path = \"{path}\", {foreign}reason = \"{why}; {instead}\" }},\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_clippy_is_told_has_a_heading() {
        for group in FUNCTIONS.iter().filter(|group| group.clippy) {
            assert!(HEADINGS.iter().any(|(_, rules)| rules.contains(&group.rule)), "{} has no heading", group.rule);
        }
    }
}
