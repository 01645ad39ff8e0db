//! Comments that allow something: `// perpetua: allow(P001) because ..` on the line before.

use crate::rule::Rule;

/// One such comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// The bytes of the comment.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rules: Vec<Rule>,
    /// The line of code that it is for: the next one that is no comment and no attribute.
    pub(crate) line_below: usize,
    /// What is wrong with it.
    pub(crate) mistake: Option<String>,
}

/// The allowances of a file.
pub(crate) fn allowances(text: &str) -> Vec<Allowance> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut offset = 0;
    for (index, line) in lines.iter().enumerate() {
        let comment = line.trim();
        if let Some(said) =
            comment.strip_prefix("//").map(str::trim_start).and_then(|said| said.strip_prefix("perpetua:"))
        {
            let indent = line.len() - line.trim_start().len();
            let (rules, mistake) = read(said.trim());
            let is_code = |line: &&&str| {
                let line = line.trim();
                !line.is_empty() && !line.starts_with("//") && !line.starts_with("#[")
            };
            let below = lines[index + 1..].iter().position(|line| is_code(&line));
            found.push(Allowance {
                line: index + 1,
                column: indent + 1,
                start: offset + indent,
                end: offset + indent + comment.len(),
                rules,
                line_below: below.map_or(0, |below| index + below + 2),
                mistake,
            });
        }
        offset += line.len();
    }
    found
}

/// What stands behind `perpetua:`.
fn read(said: &str) -> (Vec<Rule>, Option<String>) {
    let Some((codes, reason)) = said.strip_prefix("allow(").and_then(|rest| rest.split_once(')')) else {
        return (Vec::new(), Some(format!("`{said}` is not understood; write `allow(P001) why`")));
    };
    let mut rules = Vec::new();
    for code in codes.split(',').map(str::trim) {
        match Rule::find(code) {
            Some(rule) => rules.push(rule),
            None => return (Vec::new(), Some(format!("there is no rule `{code}`"))),
        }
    }
    let reason = reason.trim_matches(|letter: char| letter.is_whitespace() || ":-".contains(letter));
    let mistake = reason.is_empty().then(|| "this allowance has no reason".to_owned());
    (rules, mistake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_for_the_code_below() {
        let text = "fn f() {\n    // perpetua: allow(P001, hash-order) measured only\n    // and more\n    #[rustfmt::skip]\n    g();\n}\n";
        let found = allowances(text);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].column, found[0].line_below), (2, 5, 5));
        assert_eq!(found[0].rules, [Rule::Clock, Rule::HashOrder]);
        assert_eq!(&text[found[0].start..found[0].end], "// perpetua: allow(P001, hash-order) measured only");
        assert_eq!(found[0].mistake, None);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let mistake = |line: &str| allowances(line).remove(0).mistake.unwrap_or_default();
        assert_eq!(mistake("// perpetua: allow(P001)"), "this allowance has no reason");
        assert_eq!(mistake("// perpetua: allow(P999) because"), "there is no rule `P999`");
        assert!(mistake("// perpetua: forbid(P001)").contains("is not understood"));
        assert_eq!(allowances("// Perpetua is a word\nlet x = \"perpetua: allow(P001)\";"), []);
    }
}
