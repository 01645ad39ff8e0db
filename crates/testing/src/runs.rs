//! The runs of a world, with their histories.

use perpetua_contract::NamedWorkflow;
use perpetua_proto::workflowservice::ListWorkflowExecutionsRequest;
use perpetua_vocab::{EventKind, History, RunId, WorkflowExecution, WorkflowId, WorkflowStarted, WorkflowType};

use crate::env::Inner;

/// The longest reason that a server keeps whole.
const LONGEST_REASON: usize = 900;

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) execution: WorkflowExecution,
    pub(crate) history: History,
    workflow_type: WorkflowType,
}

impl Run {
    /// None for what does not begin with its start.
    pub(crate) fn new(execution: WorkflowExecution, history: History) -> Option<Self> {
        let workflow_type = started(&history)?.workflow_type.clone();
        Some(Self { execution, history, workflow_type })
    }

    pub(crate) fn workflow_type(&self) -> &WorkflowType {
        &self.workflow_type
    }
}

pub(crate) fn started(history: &History) -> Option<&WorkflowStarted> {
    match history.events.first().map(|event| &event.kind) {
        Some(EventKind::WorkflowStarted(started)) => Some(started),
        _ => None,
    }
}

/// A run, as lists have it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) execution: WorkflowExecution,
    pub(crate) workflow_type: WorkflowType,
}

/// The runs of this world, the earliest first; only the open ones, if asked.
pub(crate) async fn list(world: &Inner, open_only: bool) -> Result<Vec<Listed>, String> {
    let client = &world.observer;
    // A server elsewhere has runs of others, too.
    let mut conditions = Vec::new();
    if world.server.is_none() {
        conditions.push(format!("TaskQueue = '{}'", world.task_queue));
    }
    if open_only {
        conditions.push("ExecutionStatus = 'Running'".to_owned());
    }
    let mut request = ListWorkflowExecutionsRequest {
        namespace: client.namespace().to_string(),
        query: conditions.join(" AND "),
        ..ListWorkflowExecutionsRequest::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = client.rpc(&request).await.map_err(|error| format!("the runs cannot be listed: {error}"))?;
        listed.extend(page.executions.into_iter().filter_map(|info| {
            let execution = info.execution?;
            Some(Listed {
                execution: WorkflowExecution {
                    workflow_id: WorkflowId::new(execution.workflow_id),
                    run_id: RunId::new(execution.run_id),
                },
                workflow_type: WorkflowType::new(info.r#type.unwrap_or_default().name),
            })
        }));
        if page.next_page_token.is_empty() {
            listed.reverse();
            return Ok(listed);
        }
        request.next_page_token = page.next_page_token;
    }
}

/// The history of a run.
pub(crate) async fn history(world: &Inner, execution: &WorkflowExecution) -> Result<Run, String> {
    let handle = world.observer.handle::<NamedWorkflow>(&execution.workflow_id).at_run(&execution.run_id);
    let of = || format!("the history of the workflow with id {}", execution.workflow_id);
    let history = handle.history().await.map_err(|error| format!("{} cannot be read: {error}", of()))?;
    Run::new(execution.clone(), history).ok_or_else(|| format!("{} does not begin with its start", of()))
}

/// All runs of this world with their histories, the earliest first.
pub(crate) async fn all(world: &Inner) -> Vec<Result<Run, String>> {
    let listed = match list(world, false).await {
        Ok(listed) => listed,
        Err(problem) => return vec![Err(problem)],
    };
    let mut runs = Vec::with_capacity(listed.len());
    for run in listed {
        runs.push(history(world, &run.execution).await);
    }
    runs
}

/// Ends a run, so that whoever waits for it hears why. One that has ended already is left alone.
pub(crate) async fn terminate(world: &Inner, execution: &WorkflowExecution, reason: &str) {
    let handle = world.observer.handle::<NamedWorkflow>(&execution.workflow_id).at_run(&execution.run_id);
    let mut short = reason.to_owned();
    if short.len() > LONGEST_REASON {
        let end = (0..=LONGEST_REASON).rev().find(|at| short.is_char_boundary(*at)).unwrap_or(0);
        short.truncate(end);
        short.push_str(" ..");
    }
    if let Err(error) = handle.terminate().reason(short).await {
        tracing::debug!(%error, "the run of a test is not terminated; it has ended already");
    }
}
