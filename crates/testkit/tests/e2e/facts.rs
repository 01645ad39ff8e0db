//! Facts to wait for and to look at, where a scenario asks what the server knows.

use perpetua::{WorkflowDefinition, WorkflowHandle, WorkflowId};
use perpetua_testkit::{Outcome, Stage};
use perpetua_vocab::{Event, EventKind, WorkflowTaskFailedCause};

/// Waits until the run's history has an event of this name (`TimerStarted`), or has had one.
pub(crate) async fn event<D: WorkflowDefinition>(handle: &WorkflowHandle<D>, name: &str) -> Outcome<Event> {
    let mut pages = handle.history().until_closed().pages();
    while let Some(events) = pages.next().await? {
        if let Some(event) = events.into_iter().find(|event| event.kind.name() == name) {
            return Ok(event);
        }
    }
    Err(format!("the run is over and had no {name}").into())
}

/// Waits until a workflow task has failed; why, and in which words.
pub(crate) async fn task_failure<D: WorkflowDefinition>(
    handle: &WorkflowHandle<D>,
) -> Outcome<(WorkflowTaskFailedCause, String)> {
    match event(handle, "WorkflowTaskFailed").await?.kind {
        EventKind::WorkflowTaskFailed(failed) => {
            Ok((failed.cause, failed.failure.map(|failure| failure.message).unwrap_or_default()))
        }
        other => Err(format!("{} is another kind of event", other.name()).into()),
    }
}

/// What a workflow asked for, by the names of the events that echo it.
pub(crate) async fn asked_for(stage: &Stage, id: &WorkflowId) -> Outcome<Vec<String>> {
    let history = stage.history(id).await?;
    let answers = history.iter().filter(|event| event.answers_task());
    Ok(answers.map(|event| event.kind.name().to_owned()).collect())
}

/// How often a history has an event of this name.
pub(crate) fn count(history: &[Event], name: &str) -> usize {
    history.iter().filter(|event| event.kind.name() == name).count()
}
