//! Calls that workflow code must not make, made by each of its parts.
#![cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::collections::HashMap;
use std::env;
use std::time::{Instant, SystemTime};

use perpetua_guard as _;
use perpetua_workflow::unguarded;

use crate::support::*;

workflow! {
    Careless { seen: State<Option<SystemTime>> }
    run |this, ctx, (how,)| (String,) => () {
        match how.as_str() {
            "main" => drop(SystemTime::now()),
            "later" => { ctx.sleep(seconds(1)).await?; let _ = env::var("HOME"); }
            "spawned" => ctx.spawn(async { let _ = Instant::now(); }).await,
            "condition" => ctx.wait_until(|| this.seen.get() < Some(SystemTime::now())).await?,
            "and then panics" => { let _ = SystemTime::now(); panic!("because of that") }
            "destructor" => drop(OnDrop),
            "vouched for" => { unguarded(|| (SystemTime::now(), env::var("HOME"))).1.ok(); }
            "map" => drop(HashMap::from([(1, 2)])),
            "logs" => { ctx.log().info("it reads the clock for its line"); tracing::info!("so does this"); }
            _ => {}
        }
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    init |_, (how,)| {
        let seen = (how == "init").then(SystemTime::now);
        Self { seen: State::new(seen) }
    }
    handlers |handlers| {
        handlers.signal("at once", |this, _, (): ()| {
            this.note();
            Handling::Done(())
        });
        handlers.signal("later", |this, _, (): ()| Handling::running(async move { this.note() }));
        handlers.update("note", |this, _, (): ()| later(async move {
            this.note();
            fine(())
        }));
        handlers.update("checked", |_, _, (): ()| done(fine(())));
        handlers.validator(|_, (): &()| if SystemTime::now() > SystemTime::UNIX_EPOCH { fine(()) } else { panic!("it is early") });
        handlers.query("age", |_, (): ()| SystemTime::now() > SystemTime::UNIX_EPOCH);
    }
}

impl Careless {
    fn note(&self) {
        self.seen.set(Some(SystemTime::now()));
    }
}

/// Its destructor is workflow code.
struct OnDrop;

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = SystemTime::now();
    }
}

thread_local! {
    static HOW: Cell<&'static str> = const { Cell::new("") };
}

fn careless(how: &'static str) -> Scenario {
    HOW.set(how);
    Scenario::of::<Careless>(|| (HOW.get().to_owned(),))
}

/// Plays it in every way, and asserts that it fails in these words, between the name of the workflow and the line.
#[track_caller]
fn assert_found(scenario: &Scenario, words: &str) {
    let text = scenario.play();
    let (before, fault) = text.split_once("fault: ").unwrap_or_else(|| panic!("it is not found: {text}"));
    assert!(
        fault.starts_with(&format!("workflow `Careless` {words} at tests/workflow/guarding.rs:")),
        "{before}{fault}"
    );
    assert!(fault.contains(", which no replay could repeat; use `ctx.now()` (where it decides nothing,"), "{fault}");
}

#[test]
fn what_a_part_of_a_workflow_does_is_a_fault_of_its_turn() {
    let clock = "read the clock (`SystemTime::now`) in";
    assert_found(&careless("main").start(), &format!("{clock} its main function"));
    assert_found(&careless("init").start(), &format!("{clock} its `#[init]` function"));
    assert_found(&careless("condition").start(), &format!("{clock} its main function"));
    assert_found(&careless("destructor").start(), &format!("{clock} its main function"));
    assert_found(&careless("spawned").start(), "read the clock (`Instant::now`) in a spawned task");
    // What went wrong first is what is said.
    assert_found(&careless("and then panics").start(), &format!("{clock} its main function"));
    let after = |message: fn(&mut Server) -> &mut Server| careless("").start().turn(message);
    let signal = "the handler of signal";
    assert_found(&after(|server| server.signal("at once", ())), &format!("{clock} {signal} `at once`"));
    assert_found(&after(|server| server.signal("later", ())), &format!("{clock} {signal} `later`"));
    assert_found(&after(|server| server.update("u", "note", ())), &format!("{clock} the handler of update `note`"));
}

#[test]
fn it_is_found_in_the_turn_in_which_it_is_done() {
    let text = careless("later").start().turn(|server| server.fire("1")).play();
    let (before, fault) = text.split_once("fault: ").expect("it is found");
    assert_eq!(before, "turn 1\n    start_timer 1 1s\nturn 2\n    ");
    let words = "workflow `Careless` read the environment (`env::var`, of `HOME`) in its main function at ";
    assert!(fault.starts_with(words), "{fault}");
    assert!(fault.contains("; pass the value in as an argument, or read it in an activity"), "{fault}");
}

#[test]
fn what_decides_nothing_is_not_a_fault() {
    for how in ["vouched for", "map", "logs"] {
        let played = careless(how).start().turn(|server| server.fire("1")).play_in_a_few_ways();
        assert!(!played.faulted, "{how}: {}", played.text);
    }
    // Queries and validators are not replayed.
    careless("").start().turn(|server| server.update("u", "checked", ())).asking("age").play();
}
