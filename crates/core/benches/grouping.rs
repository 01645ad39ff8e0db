//! Micro benchmarks of turns without code: `cargo bench -p perpetua-core`.

use divan::Bencher;
use divan::counter::ItemsCount;
use perpetua_core::{Reader, Step};
use perpetua_vocab::{Event, History};

const JSON: &str = include_str!(
    "../../../testdata/histories/random_programs/random_programs_run_to_their_end_and_are_replayed/program_0.json"
);

fn main() {
    divan::main();
}

/// How many turns these events are.
fn turns(events: Vec<Event>) -> u32 {
    let mut reader = Reader::new();
    reader.begin(None, None);
    reader.push(events, true);
    let mut turns = 0;
    while let Step::Turn(turn) = reader.step().expect("it is a history") {
        turns = turn.number;
    }
    turns
}

#[divan::bench]
fn group_into_turns(bencher: Bencher) {
    let events = History::from_json(JSON).expect("it is a history").events;
    assert!(turns(events.clone()) > 3, "the history has turns");
    bencher.counter(ItemsCount::new(events.len())).with_inputs(|| events.clone()).bench_values(turns);
}
