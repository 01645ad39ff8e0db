//! What a patch in history means to a patch in code: every combination, in a replay and in the present.

use std::fmt::Write as _;

use crate::script;

/// The code before `t`, which is all that differs.
const CODE: [(&str, &str); 3] = [
    ("nothing", "    let t = timer 10s\n"),
    ("patched", "    let p = patched fix\n    if p let a = activity pack\n    let t = timer 10s\n"),
    ("deprecate_patch", "    deprecate fix\n    let a = activity pack\n    let t = timer 10s\n"),
];

const EXPECTED: &str = "\
history of nothing, now nothing: replays
history of nothing, now patched: fix does not apply; replays
history of nothing, now deprecate_patch: history has start_timer  after=10s  id=1, code has start_activity  name=pack  id=1
history of patched, now nothing: history has patch  id=fix, code has start_timer  after=10s  id=1
history of patched, now patched: fix applies; replays
history of patched, now deprecate_patch: replays
history of deprecate_patch, now nothing: history has start_activity  name=pack  id=1, code has start_timer  after=10s  id=1
history of deprecate_patch, now patched: fix applies; replays
history of deprecate_patch, now deprecate_patch: replays
no history, now nothing: start_timer
no history, now patched: fix applies; record_marker, upsert_search_attributes, start_activity, start_timer
no history, now deprecate_patch: record_marker, upsert_search_attributes, start_activity, start_timer
";

/// What is seen of the last direction of a script.
fn seen(script: &str) -> Vec<String> {
    let seen = script::run(script).expect("it is a script");
    let last = seen.lines().rev().take_while(|line| line.starts_with('>'));
    let mut lines: Vec<String> = last.map(|line| line.trim_start_matches('>').trim().to_owned()).collect();
    lines.reverse();
    lines
}

#[test]
fn every_history_meets_every_code() {
    let mut table = String::new();
    for (recorded, old) in CODE {
        for (now, new) in CODE {
            // The turn is played again with the answer that a first worker gave, so the answer to the patch is seen.
            let both = format!("workflow\n{old}    await t\nturn started\nchanged\n{new}    await t\n    complete\n");
            let lines = seen(&both);
            let end = match lines.as_slice() {
                [_, history, code] => {
                    let side = |line: &str| line.split_once(':').map(|(_, side)| side.trim().to_owned());
                    let (history, code) = (side(history), side(code));
                    format!("history has {}, code has {}", history.unwrap_or_default(), code.unwrap_or_default())
                }
                lines => lines.join(""),
            };
            let answer = if now == "patched" && end == "replays" { answer(old, new) } else { String::new() };
            let _ = writeln!(table, "history of {recorded}, now {now}: {answer}{end}");
        }
    }
    for (now, new) in CODE {
        let lines = seen(&format!("workflow\n{new}    await t\nturn started\n"));
        let answer = lines.iter().find(|line| line.starts_with("fix ")).map(|line| format!("{line}; "));
        let commands: Vec<_> =
            lines.iter().filter_map(|line| line.strip_prefix("command ")?.split(' ').next()).collect();
        let _ = writeln!(table, "no history, now {now}: {}{}", answer.unwrap_or_default(), commands.join(", "));
    }
    assert!(table == EXPECTED, "{table}");
}

/// What the replayed code is told, asked again in the next turn, when the answer is remembered.
fn answer(old: &str, new: &str) -> String {
    let again = format!(
        "workflow\n{old}    await t\nturn started\nchanged\n{new}    await t\n    let q = patched fix\n    complete\nturn fired(t)\n"
    );
    seen(&again).iter().find(|line| line.starts_with("fix ")).map(|line| format!("{line}; ")).unwrap_or_default()
}

#[test]
fn a_patch_that_has_no_room_in_the_list_is_only_marked() {
    let long = "x".repeat(1100);
    let script = format!(
        "workflow\n    let p = patched {long}\n    let q = patched y{long}\n    let t = timer 10s\n    await t\n    let r = \
         patched z\n    complete\nturn started\nevict\nturn fired(t)\n"
    );
    let seen = script::run(&script).expect("it is a script");
    let commands: Vec<_> = seen.lines().filter_map(|line| line.strip_prefix("> command ")?.split(' ').next()).collect();
    let expected =
        ["record_marker", "upsert_search_attributes", "record_marker", "start_timer", "record_marker", "complete"];
    assert_eq!(commands, expected);
}
