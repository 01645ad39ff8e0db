//! What is likely to have happened to the code, guessed from what is left of the turn on both sides.

use std::fmt;

use perpetua_vocab::EventId;

use super::Said;

/// What is likely to have happened to the code. A guess, for a person to look in the right place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The code does something that history does not have.
    Added {
        /// What, in the words of the report.
        what: String,
    },
    /// The code does not do something that history has.
    Removed {
        /// What, in the words of the report.
        what: String,
    },
    /// The code does the same things in another order.
    Reordered,
    /// The code asks for the same under another name.
    Renamed {
        /// The name in history.
        from: String,
        /// The name in the code.
        to: String,
    },
    /// The code asks for the same, by another id.
    AnotherId {
        /// The id in history.
        from: String,
        /// The id in the code.
        to: String,
    },
    /// The code does something of another kind in the same place.
    Replaced {
        /// What history has, such as `start_timer`.
        from: String,
        /// What the code does.
        to: String,
    },
    /// History has the marker of a patch that the code does not ask for any more.
    PatchRemoved {
        /// The patch.
        id: String,
    },
    /// The code asks for a patch where history has none, though it went on.
    PatchAdded {
        /// The patch.
        id: String,
    },
    /// The code ends the run where history goes on.
    EndedEarly,
    /// The code goes on where history ended the run.
    EndedLate,
    /// The code ends the run in another way.
    EndedDifferently,
}

/// One side of a line, taken apart: what is done, to what, by which id.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Words<'a> {
    verb: &'a str,
    name: Option<&'a str>,
    id: Option<&'a str>,
    other: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let mut words = line.split("  ");
        let mut found = Self { verb: words.next().unwrap_or_default(), name: None, id: None, other: None };
        for word in words {
            match word.split_once('=') {
                Some(("name", name)) => found.name = Some(name),
                Some(("id", id)) => found.id = Some(id),
                _ => found.other = Some(word),
            }
        }
        found
    }

    fn ends(self) -> bool {
        matches!(self.verb, "complete_workflow" | "fail_workflow" | "cancel_workflow" | "continue_as_new")
    }

    fn patch(self) -> Option<&'a str> {
        self.id.filter(|_| self.verb == "patch")
    }

    /// The same, but for an id that may be a number that counts.
    fn is_like(self, other: Self) -> bool {
        if self.verb != other.verb {
            return false;
        }
        match (self.name, other.name) {
            (None, None) if self.other.is_some() => self.other == other.other,
            (None, None) => self.id == other.id,
            names => names.0 == names.1,
        }
    }
}

impl Cause {
    /// Guesses from what is left on both sides, from the difference on.
    pub(super) fn guess(history: &[(EventId, String)], code: &[Said]) -> Self {
        let history: Vec<_> = history.iter().map(|(_, line)| (line.as_str(), Words::of(line))).collect();
        let code: Vec<_> = code.iter().map(|said| (said.what.as_str(), Words::of(&said.what))).collect();
        let has = |side: &[(&str, Words<'_>)], words: Words<'_>| side.iter().any(|(_, other)| words.is_like(*other));
        match (history.first(), code.first()) {
            (None, None) => Self::Reordered,
            (None, Some((_, words))) if words.ends() => Self::EndedEarly,
            (None, Some((line, words))) => match words.patch() {
                Some(id) => Self::PatchAdded { id: id.to_owned() },
                None => Self::Added { what: (*line).to_owned() },
            },
            (Some((_, words)), None) if words.ends() => Self::EndedLate,
            (Some((line, words)), None) => match words.patch() {
                Some(id) => Self::PatchRemoved { id: id.to_owned() },
                None => Self::Removed { what: (*line).to_owned() },
            },
            (Some((recorded, past)), Some((asked, now))) => {
                if let Some(id) = past.patch() {
                    return Self::PatchRemoved { id: id.to_owned() };
                }
                if let Some(id) = now.patch() {
                    return Self::PatchAdded { id: id.to_owned() };
                }
                let (late, early) = (has(&code[1..], *past), has(&history[1..], *now));
                match (late, early) {
                    (true, true) => Self::Reordered,
                    (true, false) => Self::Added { what: (*asked).to_owned() },
                    (false, true) => Self::Removed { what: (*recorded).to_owned() },
                    (false, false) => Self::of_pair(*past, *now),
                }
            }
        }
    }

    /// Guesses from the two that stand in one place.
    fn of_pair(past: Words<'_>, now: Words<'_>) -> Self {
        let text = |word: Option<&str>| word.unwrap_or_default().to_owned();
        match (past.ends(), now.ends()) {
            (true, true) => Self::EndedDifferently,
            (false, true) => Self::EndedEarly,
            (true, false) => Self::EndedLate,
            (false, false) if past.verb != now.verb => {
                Self::Replaced { from: past.verb.to_owned(), to: now.verb.to_owned() }
            }
            (false, false) if past.name != now.name => Self::Renamed { from: text(past.name), to: text(now.name) },
            (false, false) => Self::AnotherId { from: text(past.id), to: text(now.id) },
        }
    }

    /// What to do about it, as a clause.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Added { .. } | Self::Replaced { .. } | Self::EndedEarly | Self::EndedLate => {
                "if the change is meant, let only new runs have it: `if ctx.patched(\"..\") { what is new } else { what was \
                 recorded }`"
            }
            Self::Removed { .. } => {
                "if the change is meant, let old runs still do it: `if !ctx.patched(\"..\") { what was recorded }`"
            }
            Self::Reordered => "bring the recorded order back, or choose it by `ctx.patched(\"..\")`",
            Self::Renamed { .. } => {
                "keep the recorded name, by the option `name = \"..\"` of the definition if its function has a better one, or \
                 choose it by `ctx.patched(\"..\")`"
            }
            Self::AnotherId { .. } => {
                "bring the recorded id back; if it is computed, compute it from the input and from `ctx` alone"
            }
            Self::PatchRemoved { .. } => {
                "ask for the patch until no run needs it: first `ctx.patched(\"..\")`, then `ctx.deprecate_patch(\"..\")`, then \
                 nothing"
            }
            Self::PatchAdded { .. } => {
                "let nothing but `ctx.patched(\"..\")` decide whether the patched part runs, and do not deprecate a patch while \
                 runs without it go on"
            }
            Self::EndedDifferently => "let runs that were recorded end as they did",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { what } => write!(f, "the code does something new here: {what}"),
            Self::Removed { what } => write!(f, "the code does not do any more, or not yet in this turn: {what}"),
            Self::Reordered => f.write_str("the code does the same in another order"),
            Self::Renamed { from, to } => write!(f, "`{from}` is called `{to}` now"),
            Self::AnotherId { from, to } => write!(f, "the id is `{to}` now; it was `{from}`"),
            Self::Replaced { from, to } => write!(f, "the code does a `{to}` where it did a `{from}`"),
            Self::PatchRemoved { id } => write!(f, "the code does not ask for the patch `{id}` any more"),
            Self::PatchAdded { id } => write!(f, "the patch `{id}` is taken where history has no sign of it"),
            Self::EndedEarly => f.write_str("the code ends the workflow where it went on"),
            Self::EndedLate => f.write_str("the code goes on, or waits, where it ended the workflow"),
            Self::EndedDifferently => f.write_str("the code ends the workflow in another way"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(history: &[&str], code: &[&str]) -> String {
        let history: Vec<_> = history.iter().map(|line| (EventId::FIRST, (*line).to_owned())).collect();
        let code: Vec<_> = code.iter().map(|line| Said { what: (*line).to_owned(), at: None }).collect();
        Cause::guess(&history, &code).to_string()
    }

    #[test]
    fn each_cause_is_guessed_from_the_rest_of_the_turn() {
        let (a, b) = ("start_activity  name=a  id=1", "start_activity  name=b  id=2");
        let (b_first, timer, end) =
            ("start_activity  name=b  id=1", "start_timer  after=5s  id=1", "complete_workflow");
        let cases: [(&[&str], &[&str], &str); 19] = [
            (&[], &[a], "the code does something new here: start_activity  name=a  id=1"),
            (&[a], &[], "the code does not do any more, or not yet in this turn: start_activity  name=a  id=1"),
            (&[b_first], &[a, b], "the code does something new here: start_activity  name=a  id=1"),
            (
                &[a, b],
                &[b_first],
                "the code does not do any more, or not yet in this turn: start_activity  name=a  id=1",
            ),
            (&[a, b], &[b_first, "start_activity  name=a  id=2"], "the code does the same in another order"),
            (&[a], &[b_first], "`a` is called `b` now"),
            (&[a], &["start_activity  name=a  id=x"], "the id is `x` now; it was `1`"),
            (&[a], &[timer], "the code does a `start_timer` where it did a `start_activity`"),
            (&[timer], &["start_timer  after=9s  id=2"], "the id is `2` now; it was `1`"),
            (&[timer, a], &[a, timer], "the code does the same in another order"),
            (&["patch  id=fix", a], &[a], "the code does not ask for the patch `fix` any more"),
            (&["patch  id=fix"], &[], "the code does not ask for the patch `fix` any more"),
            (&[a], &["patch  id=fix", a], "the patch `fix` is taken where history has no sign of it"),
            (&[], &["patch  id=fix"], "the patch `fix` is taken where history has no sign of it"),
            (&[a], &[end], "the code ends the workflow where it went on"),
            (&[], &[end], "the code ends the workflow where it went on"),
            (&[end], &[a], "the code goes on, or waits, where it ended the workflow"),
            (&[end], &[], "the code goes on, or waits, where it ended the workflow"),
            (&[end], &["fail_workflow"], "the code ends the workflow in another way"),
        ];
        for (history, code, cause) in cases {
            assert_eq!(guess(history, code), cause, "{history:?} and {code:?}");
        }
    }

    #[test]
    fn words_that_nobody_expects_do_no_harm() {
        for line in ["", "  ", "=", "  =  name=", "MarkerRecorded", "start_activity  name=a  id=b  id=c", "name=a  b"] {
            guess(&[line], &[line]);
            guess(&[line], &["complete_workflow", line]);
        }
    }
}
