//! Targets for fuzzers: whatever bytes or events arrive, nothing panics, nothing hangs, nothing is kept without bound.
//!
//! `fuzz/` runs them under a coverage-guided fuzzer; a test of this package runs them on inputs that [`Mutator`] makes.

mod messages;
mod mutate;
mod requests;

use std::fmt::Debug;
use std::sync::Arc;

use perpetua_core::{Reader, Step};
use perpetua_proto::{command, common, failure, history, protocol, workflowservice};
use perpetua_vocab::{Command, Event, EventKind, Failure, Message, Payload, Query, QueryId, RunId, WorkflowId, wire};
use perpetua_workflow::{LiveRun, Progress, TaskHead, Workflows};
use prost::Message as _;

use crate::pages::{cuts, live_run};
use crate::programs::Program;

pub use mutate::Mutator;
pub use requests::Requests;

/// So many tasks of one history are played, each from a page of its own.
const TASKS: usize = 8;

/// What the targets of `fuzz/` can run.
pub fn workflows() -> Arc<Workflows> {
    let mut workflows = Workflows::default();
    workflows.add::<Program>();
    Arc::new(workflows)
}

/// Reads bytes as everything that arrives from a server. What can be read is written, and reads the same again.
///
/// # Panics
/// When that is not so.
pub fn wire_bytes(bytes: &[u8]) {
    stays::<history::HistoryEvent, Event>(bytes);
    stays::<command::Command, Command>(bytes);
    stays::<failure::Failure, Failure>(bytes);
    stays::<common::Payload, Payload>(bytes);
    stays::<protocol::Message, Message>(bytes);
    if let Ok(task) = workflowservice::PollActivityTaskQueueResponse::decode(bytes) {
        let _ = wire::activity_task_extra(&task);
        let _ = wire::activity_task(task); // a task that cannot be read is an error, and that is all
    }
    let _ = perpetua_vocab::History::from_bytes(bytes); // as above
}

/// Reads bytes as the JSON of a history. What can be read is written, and reads the same again.
///
/// # Panics
/// When that is not so.
pub fn json_bytes(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(history) = perpetua_vocab::History::from_json(text) else { return };
    let again = perpetua_vocab::History::from_json(&history.to_json()).expect("what was written can be read");
    assert_eq!(again, history, "what was written reads the same");
}

/// What can be read is written, and reads the same again.
fn stays<W, T>(bytes: &[u8])
where
    W: prost::Message + Default + From<T> + Clone,
    T: TryFrom<W> + Clone + PartialEq + Debug,
    <T as TryFrom<W>>::Error: Debug,
{
    let Ok(sent) = W::decode(bytes) else { return };
    let Ok(read) = T::try_from(sent) else { return };
    let written = W::from(read.clone());
    let again = T::try_from(written).expect("what was written can be read");
    assert_eq!(again, read, "what was written reads the same");
}

/// Reads bytes as a history, and plays it.
pub fn history_bytes(workflows: &Arc<Workflows>, bytes: &[u8]) {
    if let Ok(history) = history::History::decode(bytes) {
        history_message(workflows, history);
    }
}

/// Plays a history, in pages of all kinds: turns and outcome are the same each time.
///
/// # Panics
/// When they are not.
pub fn history_message(workflows: &Arc<Workflows>, history: history::History) {
    let Ok(events) = wire::history(history) else { return };
    let whole = read(&[&events]);
    let replayed = replay(workflows, &[&events]);
    for pages in cuts(&events, 4) {
        assert_eq!(read(&pages), whole, "pages make no difference to turns");
        assert_eq!(replay(workflows, &pages), replayed, "pages make no difference to a replay");
    }
    play_tasks(workflows, &events);
}

/// Reads bytes as a workflow task from a poll, and plays it.
pub fn task_bytes(workflows: &Arc<Workflows>, bytes: &[u8]) {
    let Ok(task) = workflowservice::PollWorkflowTaskQueueResponse::decode(bytes) else { return };
    let Ok(Some(task)) = wire::workflow_task(task) else { return };
    let execution = &task.execution;
    let mut run = live_run(workflows, task.workflow_type.clone(), &execution.workflow_id, &execution.run_id);
    let head = TaskHead {
        previous_started: task.previous_started,
        started: task.started,
        attempt: task.attempt,
        messages: task.messages,
        query: task.query,
        queries: task.queries,
    };
    give(&mut run, head, &[&task.history]);
}

/// What a reader makes of pages: steps, and how it ended.
fn read(pages: &[&[Event]]) -> Vec<String> {
    let mut reader = Reader::new();
    reader.begin(None, None);
    let mut steps = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        reader.push(page.to_vec(), number + 1 == pages.len());
        loop {
            match reader.step() {
                Ok(Step::NeedPage | Step::End) => break,
                Ok(step) => steps.push(format!("{step:?}")),
                Err(fault) => {
                    steps.push(fault.to_string());
                    return steps;
                }
            }
        }
    }
    steps
}

/// What comes of a replay.
fn replay(workflows: &Arc<Workflows>, pages: &[&[Event]]) -> Result<(), String> {
    let mut run = run_of(workflows, pages.concat().first());
    run.begin(TaskHead::default());
    for (number, page) in pages.iter().enumerate() {
        run.feed(page.to_vec(), number + 1 == pages.len()).map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

fn run_of(workflows: &Arc<Workflows>, first: Option<&Event>) -> LiveRun {
    match first.map(|event| &event.kind) {
        Some(EventKind::WorkflowStarted(started)) => {
            live_run(workflows, started.workflow_type.clone(), &started.workflow_id, &started.original_run)
        }
        _ => live_run(workflows, "Program".into(), &WorkflowId::new("workflow"), &RunId::new("run")),
    }
}

/// Gives a run the tasks that a history seems to have, one after the other, as a worker does that remembers the run.
fn play_tasks(workflows: &Arc<Workflows>, events: &[Event]) {
    let mut run = run_of(workflows, events.first());
    let mut begins = 0;
    let mut previous = None;
    let tasks = events.iter().enumerate().filter(|(_, event)| matches!(event.kind, EventKind::WorkflowTaskStarted(_)));
    for (place, event) in tasks.take(TASKS) {
        let news = &events[begins..=place];
        let head = || TaskHead {
            previous_started: previous,
            started: Some(event.id),
            queries: [(QueryId("question".to_owned()), question())].into(),
            ..TaskHead::default()
        };
        if !run.continues(&head(), news.first().map(|event| event.id)) {
            run = run_of(workflows, events.first());
            give(&mut run, head(), &[&events[..=place]]);
        } else {
            give(&mut run, head(), &[news]);
        }
        (begins, previous) = (place + 1, Some(event.id));
    }
    let asked = TaskHead { previous_started: previous, query: Some(question()), ..TaskHead::default() };
    if run.continues(&asked, None) {
        give(&mut run, asked, &[&[]]);
    }
}

fn question() -> Query {
    Query { name: "log".into(), ..Query::default() }
}

/// Gives a run a task. Its answer can be written; a fault is a fault.
fn give(run: &mut LiveRun, head: TaskHead, pages: &[&[Event]]) {
    run.begin(head);
    for (number, page) in pages.iter().enumerate() {
        if let Ok(Progress::Answered(answer)) = run.feed(page.to_vec(), number + 1 == pages.len()) {
            for command in answer.commands {
                let _ = command::Command::from(command);
            }
            for message in answer.messages {
                let _ = protocol::Message::from(message);
            }
        }
    }
}
