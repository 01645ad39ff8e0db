//! Code that no longer does what history has.

use perpetua_workflow::Fault;

use crate::support::*;

thread_local! {
    /// What the code does: each word an order. A turn ends with a timer; `tock` starts an activity after it.
    static CODE: Cell<&'static str> = const { Cell::new("") };
}

workflow! {
    Changing
    run |_, ctx, ()| () => () {
        let mut started = Vec::new();
        for turn in CODE.get().split('|') {
            for order in turn.split_whitespace() {
                match order {
                    "tick" => ctx.sleep(seconds(1)).await?,
                    "tock" => {
                        let late = async { started.push(ctx.activity(activity::<()>("late", ())).start_to_close(seconds(1)).start()) };
                        join!(ctx.sleep(seconds(1)), late).0?;
                    }
                    "end" => return Ok(()),
                    "fail" => return Err(AnyError::message("failed").into()),
                    "drop" => started.clear(),
                    name => started.push(ctx.activity(activity::<()>(name, ())).start_to_close(seconds(1)).start()),
                }
            }
        }
        Ok(())
    }
}

/// The report, with the names of source files but without their lines, which change with every edit.
fn without_lines(report: &str) -> String {
    let mut shown = String::new();
    let mut rest = report;
    while let Some((before, after)) = rest.split_once(file!()) {
        shown.push_str(before);
        shown.push_str("[this file]");
        rest = after.trim_start_matches(|letter: char| letter == ':' || letter.is_ascii_digit());
    }
    shown + rest
}

/// Records what `before` does and replays it with `after`; turn by turn and as a whole, the fault is the same.
#[track_caller]
fn check(before: &'static str, after: &'static str, expected: expect_test::Expect) {
    CODE.set(before);
    let mut run = Scenario::of::<Changing>(|| ()).start();
    for tick in 1..=before.split_whitespace().filter(|order| ["tick", "tock"].contains(order)).count() {
        run = run.turn(move |server| server.fire(&tick.to_string()));
    }
    let played = run.play_once();
    run.replay(&played);
    CODE.set(after);
    let history = played.server.history();
    let fault = run.replay_history(history).expect_err("the code has changed");
    let Fault::Nondeterminism(mismatch) = &fault else { panic!("{fault:?}") };
    expected.assert_eq(&(without_lines(&fault.to_string()) + "\n"));
    // It shows as soon as the whole answer of that turn is read, whatever comes afterwards.
    let event = usize::try_from(mismatch.event.get()).expect("a short history");
    let rest = &history[event..];
    let read = event + rest.iter().take_while(|event| event.answers_task()).count() + 1;
    let mut live = run.live();
    live.begin(perpetua_workflow::TaskHead::default());
    for (number, event) in history.iter().enumerate() {
        let fed = live.feed(vec![event.clone()], number + 1 == history.len());
        match fed {
            Ok(_) => assert!(number + 1 < read, "it does not show at event {}", number + 1),
            Err(shown) => {
                assert!(number + 1 >= read.min(history.len()), "it shows at event {}", number + 1);
                assert_eq!(shown, fault, "a run that failed stays failed");
            }
        }
    }
}

#[test]
fn a_command_that_history_has_is_missing() {
    check(
        "a b tick | end",
        "a tick | end",
        expect![[r#"
            history and code disagree at event 6 (turn 1)
              history: start_activity  name=b  id=2
              code:    start_timer  after=1s  id=1
                       at [this file]
              side by side:
                   event  history                       code
                       5  start_activity  name=a  id=1  start_activity  name=a  id=1  (at [this file])
              -->      6  start_activity  name=b  id=2  start_timer  after=1s  id=1  (at [this file])
                       7  start_timer  after=1s  id=1
              likely cause: the code does not do any more, or not yet in this turn: start_activity  name=b  id=2
              what to do: if the change is meant, let old runs still do it: `if !ctx.patched("..") { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
    check(
        "a tick | b tick | end",
        "a tick | tick | end",
        expect![[r#"
            history and code disagree at event 11 (turn 2)
              history: start_activity  name=b  id=2
              code:    start_timer  after=1s  id=2
                       at [this file]
              side by side:
                   event  history                       code
              -->     11  start_activity  name=b  id=2  start_timer  after=1s  id=2  (at [this file])
                      12  start_timer  after=1s  id=2
              likely cause: the code does not do any more, or not yet in this turn: start_activity  name=b  id=2
              what to do: if the change is meant, let old runs still do it: `if !ctx.patched("..") { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 10 --reason "the code has changed"`.
        "#]],
    );
    check(
        "tock | end",
        "tick | end",
        expect![[r#"
            history and code disagree at event 6 (turn 1)
              history: start_activity  name=late  id=1
              code:    nothing more in this turn
              side by side:
                   event  history                          code
                       5  start_timer  after=1s  id=1      start_timer  after=1s  id=1  (at [this file])
              -->      6  start_activity  name=late  id=1  nothing more in this turn
              likely cause: the code does not do any more, or not yet in this turn: start_activity  name=late  id=1
              what to do: if the change is meant, let old runs still do it: `if !ctx.patched("..") { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
}

#[test]
fn a_command_that_history_has_not() {
    check(
        "a tick | end",
        "a b tick | end",
        expect![[r#"
            history and code disagree at event 6 (turn 1)
              history: start_timer  after=1s  id=1
              code:    start_activity  name=b  id=2
                       at [this file]
              side by side:
                   event  history                       code
                       5  start_activity  name=a  id=1  start_activity  name=a  id=1  (at [this file])
              -->      6  start_timer  after=1s  id=1   start_activity  name=b  id=2  (at [this file])
                                                        start_timer  after=1s  id=1  (at [this file])
              likely cause: the code does something new here: start_activity  name=b  id=2
              what to do: if the change is meant, let only new runs have it: `if ctx.patched("..") { what is new } else { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
    check(
        "tick | end",
        "tock | end",
        expect![[r#"
            history and code disagree at event 4 (turn 1)
              history: nothing more in this turn
              code:    start_activity  name=late  id=1
                       at [this file]
              side by side:
                   event  history                      code
                       5  start_timer  after=1s  id=1  start_timer  after=1s  id=1  (at [this file])
              -->         nothing more in this turn    start_activity  name=late  id=1  (at [this file])
              likely cause: the code does something new here: start_activity  name=late  id=1
              what to do: if the change is meant, let only new runs have it: `if ctx.patched("..") { what is new } else { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
}

#[test]
fn another_command() {
    check(
        "a tick | end",
        "b tick | end",
        expect![[r#"
            history and code disagree at event 5 (turn 1)
              history: start_activity  name=a  id=1
              code:    start_activity  name=b  id=1
                       at [this file]
              side by side:
                   event  history                       code
              -->      5  start_activity  name=a  id=1  start_activity  name=b  id=1  (at [this file])
                       6  start_timer  after=1s  id=1   start_timer  after=1s  id=1  (at [this file])
              likely cause: `a` is called `b` now
              what to do: keep the recorded name, by the option `name = ".."` of the definition if its function has a better one, or choose it by `ctx.patched("..")`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
    check(
        "tick | end",
        "a tick | end",
        expect![[r#"
            history and code disagree at event 5 (turn 1)
              history: start_timer  after=1s  id=1
              code:    start_activity  name=a  id=1
                       at [this file]
              side by side:
                   event  history                      code
              -->      5  start_timer  after=1s  id=1  start_activity  name=a  id=1  (at [this file])
                                                       start_timer  after=1s  id=1  (at [this file])
              likely cause: the code does something new here: start_activity  name=a  id=1
              what to do: if the change is meant, let only new runs have it: `if ctx.patched("..") { what is new } else { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
    check(
        "a b tick | end",
        "b a tick | end",
        expect![[r#"
            history and code disagree at event 5 (turn 1)
              history: start_activity  name=a  id=1
              code:    start_activity  name=b  id=1
                       at [this file]
              side by side:
                   event  history                       code
              -->      5  start_activity  name=a  id=1  start_activity  name=b  id=1  (at [this file])
                       6  start_activity  name=b  id=2  start_activity  name=a  id=2  (at [this file])
                       7  start_timer  after=1s  id=1   start_timer  after=1s  id=1  (at [this file])
              likely cause: the code does the same in another order
              what to do: bring the recorded order back, or choose it by `ctx.patched("..")`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 4 --reason "the code has changed"`.
        "#]],
    );
    check(
        "a tick | drop tick | end",
        "a tick | tick | end",
        expect![[r#"
            history and code disagree at event 11 (turn 2)
              history: cancel_activity  scheduled=5
              code:    start_timer  after=1s  id=2
                       at [this file]
              side by side:
                   event  history                       code
              -->     11  cancel_activity  scheduled=5  start_timer  after=1s  id=2  (at [this file])
                      12  start_timer  after=1s  id=2
              likely cause: the code does not do any more, or not yet in this turn: cancel_activity  scheduled=5
              what to do: if the change is meant, let old runs still do it: `if !ctx.patched("..") { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 10 --reason "the code has changed"`.
        "#]],
    );
}

#[test]
fn another_end() {
    check(
        "tick | end",
        "tick | fail",
        expect![[r#"
            history and code disagree at event 10 (turn 2)
              history: complete_workflow
              code:    fail_workflow
              likely cause: the code ends the workflow in another way
              what to do: let runs that were recorded end as they did. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 9 --reason "the code has changed"`.
        "#]],
    );
    check(
        "tick | tick | end",
        "tick | end",
        expect![[r#"
            history and code disagree at event 10 (turn 2)
              history: start_timer  after=1s  id=2
              code:    complete_workflow
              likely cause: the code ends the workflow where it went on
              what to do: if the change is meant, let only new runs have it: `if ctx.patched("..") { what is new } else { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 9 --reason "the code has changed"`.
        "#]],
    );
    check(
        "tick | end",
        "tick | tick | end",
        expect![[r#"
            history and code disagree at event 10 (turn 2)
              history: complete_workflow
              code:    start_timer  after=1s  id=2
                       at [this file]
              likely cause: the code goes on, or waits, where it ended the workflow
              what to do: if the change is meant, let only new runs have it: `if ctx.patched("..") { what is new } else { what was recorded }`. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, the order of a hash map, another thread. To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id workflow --event-id 9 --reason "the code has changed"`.
        "#]],
    );
}

#[test]
fn what_the_turn_in_hand_does_is_new_and_cannot_be_wrong() {
    CODE.set("a tick | b end");
    let run = Scenario::of::<Changing>(|| ()).start();
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    assert_eq!(worker.answer(&mut server), ["start_activity 1 a() start_to_close=1s", "start_timer 1 1s"]);
    worker.evict();
    CODE.set("a tick | c tick | end");
    server.fire("1");
    assert_eq!(worker.answer(&mut server), ["start_activity 2 c() start_to_close=1s", "start_timer 2 1s"]);
}

/// What the code of [`CODE`] asks for in each turn, found without running it.
fn expected_turns(code: &str) -> Vec<Vec<String>> {
    let mut turns = vec![Vec::new()];
    let (mut activities, mut timers) = (0, 0);
    // The turn and the number of each activity that is held.
    let mut held: Vec<(usize, usize)> = Vec::new();
    let end = "complete_workflow";
    let orders = code.split('|').flat_map(str::split_whitespace).chain(["end"]);
    for order in orders {
        let now = turns.len() - 1;
        let commands: &mut Vec<String> = &mut turns[now];
        let mut start = |name: &str, commands: &mut Vec<String>| {
            activities += 1;
            held.push((now, activities));
            commands.push(format!("start_activity  name={name}  id={activities}"));
        };
        match order {
            "tick" | "tock" => {
                timers += 1;
                commands.push(format!("start_timer  after=1s  id={timers}"));
                if order == "tock" {
                    start("late", commands);
                }
                turns.push(Vec::new());
            }
            "drop" | "end" | "fail" => {
                for (turn, activity) in held.drain(..) {
                    if turn == now {
                        // It was not sent yet: nothing of it remains.
                        commands.retain(|command| {
                            !command.ends_with(&format!("  id={activity}")) || command.starts_with("start_timer")
                        });
                    } else {
                        commands.push(format!("cancel_activity  id={activity}"));
                    }
                }
                match order {
                    "end" => commands.push(end.to_owned()),
                    "fail" => commands.push("fail_workflow".to_owned()),
                    _ => continue,
                }
                break;
            }
            name => start(name, commands),
        }
    }
    turns
}

/// Numbers that look random, from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ (mixed >> 27)) % limit as u64).expect("below a small limit")
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// The words of a line without what only one side knows.
fn in_common(line: &str) -> &str {
    line.strip_prefix("cancel_activity").map_or(line, |_| "cancel_activity")
}

#[test]
fn a_change_of_any_kind_is_found_in_the_first_turn_where_it_shows() {
    const ORDERS: &[&str] = &["a", "b", "c", "a", "tick", "tock", "drop"];
    let (mut found, mut harmless) = ([0; 3], 0);
    for seed in 0..600 {
        let mut dice = Dice(seed);
        let mut orders: Vec<&str> = (0..2 + dice.below(8)).map(|_| dice.of(ORDERS)).collect();
        orders.extend(["tick", dice.of(&["end", "fail"])]);
        let before = orders.join(" ");
        let (place, other) = (dice.below(orders.len()), dice.below(orders.len()));
        match dice.below(4) {
            0 => drop(orders.remove(place)),
            1 => orders.insert(place, dice.of(ORDERS)),
            2 => orders[place] = dice.of(&["a", "b", "c", "tick", "tock", "drop", "end", "fail"]),
            _ => orders.swap(place, other),
        }
        let after = orders.join(" ");
        let (recorded, changed) = (expected_turns(&before), expected_turns(&after));

        CODE.set(Box::leak(before.clone().into_boxed_str()));
        let mut run = Scenario::of::<Changing>(|| ()).start();
        for tick in 1..recorded.len() {
            run = run.turn(move |server| server.fire(&tick.to_string()));
        }
        let played = run.play_once();
        CODE.set(Box::leak(after.clone().into_boxed_str()));
        let replayed = run.replay_history(played.server.history());

        let differs = (0..recorded.len()).find(|turn| recorded.get(*turn) != changed.get(*turn));
        let Some(turn) = differs else {
            harmless += 1;
            assert!(replayed.is_ok(), "`{before}` is `{after}`: {replayed:?}");
            continue;
        };
        let fault = replayed.expect_err(&format!("`{before}` is not `{after}`"));
        let Fault::Nondeterminism(mismatch) = &fault else { panic!("{fault:?}") };
        let (past, now) = (&recorded[turn], &changed[turn]);
        let place = (0..).find(|place| past.get(*place) != now.get(*place)).expect("they differ");
        assert_eq!(mismatch.turn as usize, turn + 1, "`{before}` and `{after}`: {fault}");
        let sides = [(past, &mismatch.history), (now, &mismatch.code)];
        for (side, shown) in sides {
            let expected = side.get(place).map(|line| in_common(line));
            assert_eq!(shown.as_deref().map(in_common), expected, "`{before}` and `{after}`: {fault}");
        }
        found[match (&mismatch.history, &mismatch.code) {
            (Some(_), None) => 0,
            (None, _) => 1,
            (Some(_), Some(_)) => 2,
        }] += 1;
    }
    // A command that is missing at the end, one that is new at the end, another one in its place.
    assert!(found[0] > 3 && found[1] > 3 && found[2] > 300 && harmless > 20, "{found:?} and {harmless}");
}
