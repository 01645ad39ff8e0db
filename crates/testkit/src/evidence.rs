//! What is left of a scenario: the histories of all runs it led to, which are read without loss and replayed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use perpetua_client::Client;
use perpetua_contract::NamedWorkflow;
use perpetua_proto::history::{History, HistoryEvent};
use perpetua_vocab::{Event, EventKind, RunId, WorkflowId, wire};
use perpetua_workflow::Workflows;
use prost::Message;

use crate::Outcome;
use crate::pages::{replay, replay_cut};

/// The workflows of every worker that was built on a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registries(Arc<Mutex<Vec<Arc<Workflows>>>>);

impl Registries {
    pub(crate) fn add(&self, workflows: &Arc<Workflows>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(workflows));
    }

    fn with(&self, workflow_type: &str) -> Vec<Arc<Workflows>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|workflows| workflows.contains(workflow_type)).cloned().collect()
    }
}

/// One run, with its history as the server sent it and as we read it.
#[derive(Debug)]
pub(crate) struct Run {
    /// The name that the scenario has for the workflow, and which of its runs this is.
    pub(crate) name: String,
    pub(crate) raw: Bytes,
    pub(crate) events: Vec<Event>,
}

/// Fetches the histories of a workflow: its current run, the runs that continued as it, and the children of them all.
pub(crate) async fn runs(client: &Client, name: &str, id: &WorkflowId) -> Outcome<Vec<Run>> {
    let mut runs = Vec::new();
    let mut seen = BTreeSet::new();
    let mut wanted: Vec<(String, WorkflowId, Option<RunId>)> = vec![(name.to_owned(), id.clone(), None)];
    while let Some((name, id, run)) = wanted.pop() {
        let handle = client.handle::<NamedWorkflow>(&id);
        let handle = match &run {
            Some(run) => handle.at_run(run),
            None => handle,
        };
        let raw = handle.history().raw().await?;
        let events = read_without_loss(&raw).map_err(|problem| format!("the history of `{name}`: {problem}"))?;
        let Some(EventKind::WorkflowStarted(started)) = events.first().map(|event| &event.kind) else {
            return Err(format!("the history of `{name}` does not begin with its start").into());
        };
        if !seen.insert(started.original_run.clone()) {
            continue;
        }
        if let Some(before) = &started.continued_run {
            wanted.push((format!("{name}-before"), id.clone(), Some(before.clone())));
        }
        for (number, child) in (1..).zip(children(&events)) {
            wanted.push((format!("{name}-child-{number}"), child.0, Some(child.1)));
        }
        runs.push(Run { name, raw, events });
    }
    Ok(runs)
}

fn children(events: &[Event]) -> Vec<(WorkflowId, RunId)> {
    let started = events.iter().filter_map(|event| match &event.kind {
        EventKind::ChildWorkflowStarted(child) => Some(child),
        _ => None,
    });
    started.map(|child| (child.execution.workflow_id.clone(), child.execution.run_id.clone())).collect()
}

/// Reads a history, and writes it again to see that nothing was lost.
fn read_without_loss(raw: &Bytes) -> Result<Vec<Event>, String> {
    let sent = History::decode(raw.clone()).map_err(|error| error.to_string())?;
    let events = wire::history(sent.clone()).map_err(|malformed| malformed.to_string())?;
    for (sent, event) in sent.events.into_iter().zip(&events) {
        let written = HistoryEvent::from(event.clone());
        if written != sent {
            return Err(format!("something was lost\nsent: {sent:?}\nread: {event:?}\nwritten: {written:?}"));
        }
    }
    Ok(events)
}

/// Replays runs with the workflows that they were played with, whole and cut at so many places. Those of workers elsewhere are passed over.
pub(crate) fn replay_all(runs: &[Run], registries: &Registries, cuts: usize) -> Outcome {
    // A thread as workers have it: no runtime is in reach.
    thread::scope(|scope| {
        let replayed = scope.spawn(|| runs.iter().try_for_each(|run| replay_one(run, registries, cuts))).join();
        replayed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn replay_one(run: &Run, registries: &Registries, cuts: usize) -> Outcome {
    let Some(EventKind::WorkflowStarted(started)) = run.events.first().map(|event| &event.kind) else {
        return Err(format!("the history of `{}` does not begin with its start", run.name).into());
    };
    // Several, where a scenario changes the code while a workflow runs.
    let registries = registries.with(started.workflow_type.as_str());
    let mut faults = Vec::new();
    for workflows in &registries {
        match replay(workflows, &[&run.events]) {
            Ok(()) => {
                return replay_cut(workflows, &run.events, cuts)
                    .map_err(|problem| format!("the history of `{}`: {problem}", run.name).into());
            }
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    if registries.is_empty() {
        return Ok(());
    }
    Err(format!("the history of `{}` cannot be replayed: {}", run.name, faults.join("\n")).into())
}
