//! Micro benchmarks of turns: `cargo bench -p perpetua-workflow --bench turns`.
//!
//! What a worker does for a workflow that calls one activity and then waits, without a server: the run is made, played to its
//! command, played on with the result.

#[path = "shared/waiting.rs"]
mod waiting;

use divan::Bencher;
use waiting::{Tasks, Waiting};

fn main() {
    divan::main();
}

/// The runs that are measured.
fn waiting() -> Waiting {
    Waiting::new(1, 0).expect("the history is one of these")
}

#[divan::bench]
fn make_a_run(bencher: Bencher) {
    let waiting = waiting();
    bencher.bench(|| waiting.tasks(1));
}

#[divan::bench]
fn play_the_first_turn(bencher: Bencher) {
    let waiting = waiting();
    let ready = || {
        let tasks = waiting.tasks(1);
        let events = tasks.events(0).expect("they can be read");
        (tasks, events)
    };
    bencher.with_inputs(ready).bench_values(|(mut tasks, events)| {
        let answer = tasks.play(0, events).expect("it is answered");
        (tasks, answer)
    });
}

#[divan::bench]
fn play_the_second_turn(bencher: Bencher) {
    let waiting = waiting();
    let ready = || {
        let mut tasks = waiting.tasks(1);
        let first = tasks.events(0).expect("they can be read");
        tasks.play(0, first).expect("it is answered");
        let second = tasks.events(1).expect("they can be read");
        (tasks, second)
    };
    bencher.with_inputs(ready).bench_values(|(mut tasks, events)| {
        let answer = tasks.play(1, events).expect("it is answered");
        (tasks, answer)
    });
}

#[divan::bench]
fn decode_play_and_drop_both(bencher: Bencher) {
    let waiting = waiting();
    bencher.with_inputs(|| waiting.tasks(1)).bench_values(|tasks: Tasks| tasks.played().map(drop));
}
