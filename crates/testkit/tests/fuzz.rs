//! The fuzz targets, on inputs that a seed decides: recorded histories with changes, events in any order, bytes.
//!
//! `PERPETUA_SEED` sets the first seed and `PERPETUA_INPUTS` how many inputs each target gets, to look for more than CI
//! does.

use std::alloc::System;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cap::Cap;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;
use perpetua_proto::{common, query};
use perpetua_testkit::Dice;
use perpetua_testkit::fuzz::{
    Mutator, Requests, history_bytes, history_message, json_bytes, task_bytes, wire_bytes, workflows,
};
use prost::Message;

/// More than all inputs need, and less than what something without bounds would take.
const MEMORY: usize = 512 << 20;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, MEMORY);

/// Runs a target on inputs that are made of the recorded histories.
fn run(name: &str, mut target: impl FnMut(&Mutator, &mut Dice)) {
    let number =
        |variable, default| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(default);
    let mutator = Mutator::recorded().expect("the recorded histories can be read");
    let first = number("PERPETUA_SEED", 0);
    for seed in first..first + number("PERPETUA_INPUTS", 1500) {
        let tried = catch_unwind(AssertUnwindSafe(|| target(&mutator, &mut Dice::of(seed))));
        assert!(tried.is_ok(), "{name} panicked on the input of seed {seed}");
    }
}

#[test]
fn bytes_from_the_wire_are_read_or_refused() {
    run("the wire", |mutator, dice| wire_bytes(&mutator.bytes(dice)));
}

#[test]
fn histories_in_json_are_read_or_refused() {
    run("a history in JSON", |mutator, dice| json_bytes(&mutator.json(dice)));
}

#[test]
fn bytes_of_histories_are_played_or_refused() {
    let workflows = workflows();
    run("a history in bytes", |mutator, dice| history_bytes(&workflows, &mutator.bytes(dice)));
}

#[test]
fn changed_histories_are_played_or_refused() {
    let workflows = workflows();
    run("a changed history", |mutator, dice| history_message(&workflows, mutator.changed(dice)));
}

#[test]
fn events_in_any_order_are_played_or_refused() {
    let workflows = workflows();
    run("an arbitrary history", |mutator, dice| history_message(&workflows, mutator.arbitrary(dice)));
}

#[test]
fn tasks_with_any_history_are_played_or_refused() {
    let workflows = workflows();
    run("a task", |mutator, dice| {
        let history = if dice.one_in(2) { mutator.changed(dice) } else { mutator.arbitrary(dice) };
        let length = i64::try_from(history.events.len()).expect("it is short");
        let near = |dice: &mut Dice| length - i64::try_from(dice.below(5)).expect("a small number");
        let task = PollWorkflowTaskQueueResponse {
            task_token: "token".into(),
            workflow_execution: Some(common::WorkflowExecution { workflow_id: "id".into(), run_id: "run".into() }),
            workflow_type: Some(common::WorkflowType { name: "Program".into() }),
            started_event_id: near(dice),
            previous_started_event_id: if dice.one_in(2) { 0 } else { near(dice) },
            attempt: 1,
            query: dice.one_in(4).then(|| query::WorkflowQuery { query_type: "log".into(), ..Default::default() }),
            history: Some(history),
            ..Default::default()
        };
        task_bytes(&workflows, &task.encode_to_vec());
    });
}

#[test]
fn requests_of_every_kind_are_done_or_refused() {
    let requests = Requests::new().expect("the descriptors can be read");
    assert!(requests.methods().count() > 100, "all services are there");
    let number =
        |variable, default| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(default);
    let first = number("PERPETUA_SEED", 0);
    let inputs = number("PERPETUA_INPUTS", 1500).div_ceil(50);
    let mut done = BTreeMap::<String, usize>::new();
    for seed in first..first + inputs {
        match catch_unwind(AssertUnwindSafe(|| requests.play(&mut Dice::of(seed), 400))) {
            Ok(of_this) => of_this.into_iter().for_each(|(method, times)| *done.entry(method).or_default() += times),
            Err(_) => panic!("the server failed with PERPETUA_SEED={seed} PERPETUA_INPUTS=1"),
        }
    }
    // They get far enough to do harm.
    for method in ["StartWorkflowExecution", "RespondWorkflowTaskCompleted", "UpdateWorkflowExecution"] {
        let times = done.iter().find(|(name, _)| name.ends_with(method)).map_or(0, |(_, times)| *times);
        assert!(times > 10 || inputs < 20, "{method} was hardly ever done: {done:#?}");
    }
}
