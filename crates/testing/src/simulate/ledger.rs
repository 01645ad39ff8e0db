//! What was acknowledged to the client of a simulation, compared with the histories at its end.
//!
//! What the server has promised must be there, however often it died; and what was asked once, though it may have been sent
//! twice, must have happened once.

use std::collections::{BTreeMap, BTreeSet};

use perpetua_proto::enums::UpdateWorkflowExecutionLifecycleStage;
use perpetua_proto::update::outcome;
use perpetua_proto::workflowservice::*;
use perpetua_vocab::EventKind;

use super::wire::{Call, Reply};
use crate::runs::Run;

/// The client of a simulation, as events call it.
pub(crate) const CLIENT: &str = "client";

/// What a client asked for, and what it was promised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The run ids of workflows that were started.
    starts: BTreeSet<String>,
    signals: BTreeMap<Signal, Requests>,
    /// Updates that were accepted, by workflow id and update id.
    updates: BTreeSet<(String, String)>,
    deleted: bool,
}

/// A signal to a workflow: its workflow id and its name.
type Signal = (String, String);

/// By the ids of requests.
#[derive(Clone, Debug, Default)]
struct Requests {
    sent: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
}

impl Ledger {
    /// A call leaves the client.
    pub(crate) fn sent(&mut self, method: &str, call: &Call) {
        if let Some((signal, id)) = signal(method, call) {
            self.signals.entry(signal).or_default().sent.insert(id);
        }
        // What is deleted need not be there, and what is reset has signals again.
        self.deleted |= matches!(method, "DeleteWorkflowExecution" | "ResetWorkflowExecution" | "StartBatchOperation");
    }

    /// The client hears that a call succeeded.
    pub(crate) fn acknowledged(&mut self, method: &str, call: &Call, reply: &Reply) {
        if let Some((signal, id)) = signal(method, call) {
            self.signals.entry(signal).or_default().acknowledged.insert(id);
        }
        match method {
            "StartWorkflowExecution" => {
                self.starts.extend(reply.message().map(|started: StartWorkflowExecutionResponse| started.run_id));
            }
            "SignalWithStartWorkflowExecution" => {
                self.starts
                    .extend(reply.message().map(|started: SignalWithStartWorkflowExecutionResponse| started.run_id));
            }
            "UpdateWorkflowExecution" => self.updates.extend(reply.message().as_ref().and_then(accepted)),
            _ => {}
        }
    }

    /// What is not as it was promised.
    pub(crate) fn problems(&self, runs: &[Run]) -> Vec<String> {
        if self.deleted {
            return Vec::new();
        }
        let mut problems = Vec::new();
        for run_id in &self.starts {
            if !runs.iter().any(|run| run.execution.run_id.as_str() == run_id) {
                problems.push(format!("the start of run {run_id} was acknowledged, and the run is not there"));
            }
        }
        for ((workflow_id, name), Requests { sent, acknowledged }) in &self.signals {
            let of_workflow = runs.iter().filter(|run| run.execution.workflow_id.as_str() == workflow_id);
            let of_workflow: Vec<&Run> = of_workflow.collect();
            let counts: Vec<usize> = of_workflow.iter().map(|run| signals(run, name)).collect();
            let promised = acknowledged.len();
            if counts.iter().sum::<usize>() < promised && !of_workflow.iter().any(|run| may_hold_back(run)) {
                problems.push(format!(
                    "{promised} of the signals `{name}` to the workflow with id {workflow_id} were acknowledged, its \
                     histories have {}",
                    counts.iter().sum::<usize>()
                ));
            }
            if counts.iter().any(|count| *count > sent.len()) {
                problems.push(format!(
                    "the signal `{name}` was sent {} times to the workflow with id {workflow_id}, a history of it has more",
                    sent.len()
                ));
            }
        }
        for (workflow_id, update) in &self.updates {
            let mut of_workflow = runs.iter().filter(|run| run.execution.workflow_id.as_str() == workflow_id);
            if !of_workflow.any(|run| accepts(run, update)) {
                problems.push(format!(
                    "the update {update} of the workflow with id {workflow_id} was acknowledged, and no history has it"
                ));
            }
        }
        problems
    }
}

fn signal(method: &str, call: &Call) -> Option<(Signal, String)> {
    match method {
        "SignalWorkflowExecution" => {
            let signal: SignalWorkflowExecutionRequest = call.message()?;
            let workflow_id = signal.workflow_execution?.workflow_id;
            Some(((workflow_id, signal.signal_name), signal.request_id))
        }
        "SignalWithStartWorkflowExecution" => {
            let signal: SignalWithStartWorkflowExecutionRequest = call.message()?;
            Some(((signal.workflow_id, signal.signal_name), signal.request_id))
        }
        _ => None,
    }
}

/// The update that a response says was accepted. A failed one may have been rejected, which leaves no trace.
fn accepted(response: &UpdateWorkflowExecutionResponse) -> Option<(String, String)> {
    let failed =
        response.outcome.as_ref().is_some_and(|outcome| matches!(outcome.value, Some(outcome::Value::Failure(_))));
    let reached = response.stage() >= UpdateWorkflowExecutionLifecycleStage::Accepted;
    let update = response.update_ref.as_ref().filter(|_| reached && !failed)?;
    Some((update.workflow_execution.as_ref()?.workflow_id.clone(), update.update_id.clone()))
}

/// How many signals of this name by the client a history has.
fn signals(run: &Run, name: &str) -> usize {
    let is_it = |kind: &EventKind| matches!(kind, EventKind::Signaled(signal) if signal.name.as_str() == name && signal.identity.as_str() == CLIENT);
    run.history.events.iter().filter(|event| is_it(&event.kind)).count()
}

/// Whether the server may keep signals that are not in the history yet: it does while a workflow task is worked on.
fn may_hold_back(run: &Run) -> bool {
    let kind = |kind: &EventKind| match kind {
        EventKind::WorkflowTaskStarted(_) => Some(true),
        EventKind::WorkflowTaskCompleted(_) | EventKind::WorkflowTaskFailed(_) | EventKind::WorkflowTaskTimedOut(_) => {
            Some(false)
        }
        _ => None,
    };
    run.history.events.iter().rev().find_map(|event| kind(&event.kind)).unwrap_or(false)
}

fn accepts(run: &Run, update: &str) -> bool {
    run.history
        .events
        .iter()
        .any(|event| matches!(&event.kind, EventKind::UpdateAccepted(accepted) if accepted.update.as_str() == update))
}
