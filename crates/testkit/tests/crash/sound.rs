//! Whether what there is in the end is sound, and has everything that was acknowledged.

use std::collections::BTreeMap;

use perpetua_proto::common::{Payloads, WorkflowExecution};
use perpetua_proto::enums::EventType;
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes as A;
use perpetua_proto::workflowservice::GetWorkflowExecutionHistoryRequest;
use perpetua_testkit::Outcome;

use crate::ledger::{Job, Ledger, Pages, SIGNALS, count, twice};
use crate::load::value;
use crate::process::Process;

/// Compares every history with what was acknowledged.
pub(crate) async fn check(process: &Process, ledger: &Ledger) -> Outcome {
    let mut client = process.client().await?;
    let jobs = ledger.pages().jobs.clone();
    for job in jobs {
        let run = job.run.clone().ok_or("its start was acknowledged")?;
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: "default".into(),
            // The current run of the workflow is the one that was acknowledged.
            execution: Some(WorkflowExecution { workflow_id: job.id.clone(), run_id: String::new() }),
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        let response = client.get_workflow_execution_history(request).await?.into_inner();
        let events = response.history.unwrap_or_default().events;
        check_form(&events).map_err(|problem| format!("{}: {problem}: {events:#?}", job.id))?;
        check_content(&events, &job, &run, &ledger.pages())
            .map_err(|problem| format!("{}: {problem}: {events:#?}", job.id))?;
    }
    Ok(())
}

/// Ids are dense, times do not go back, and what an event refers to is there, before it.
fn check_form(events: &[HistoryEvent]) -> Result<(), String> {
    for (event, id) in events.iter().zip(1..) {
        if event.event_id != id {
            return Err(format!("event {id} has the id {}", event.event_id));
        }
    }
    let time = |event: &HistoryEvent| event.event_time.map(|time| (time.seconds, time.nanos));
    if let Some(pair) =
        events.windows(2).find(|pair| is_ordered(&pair[0]) && is_ordered(&pair[1]) && time(&pair[0]) > time(&pair[1]))
    {
        return Err(format!("event {} is older than the one before it", pair[1].event_id));
    }
    for event in events {
        for (name, id, kind) in references(event) {
            let known = events.iter().find(|other| other.event_id == id && other.event_id < event.event_id);
            if known.map(HistoryEvent::event_type) != Some(kind) {
                return Err(format!("event {} names event {id} as its {name}, which it is not", event.event_id));
            }
        }
    }
    Ok(())
}

/// What was held back has the time at which it happened, which may be before that of the events that were stored first.
fn is_ordered(event: &HistoryEvent) -> bool {
    use EventType as E;
    matches!(
        event.event_type(),
        E::WorkflowExecutionStarted | E::WorkflowTaskScheduled | E::WorkflowTaskStarted | E::WorkflowTaskCompleted
    )
}

/// The events that an event refers to, with their kinds.
fn references(event: &HistoryEvent) -> Vec<(&'static str, i64, EventType)> {
    use EventType as E;
    let Some(attributes) = &event.attributes else { return Vec::new() };
    match attributes {
        A::WorkflowTaskStartedEventAttributes(it) => {
            vec![("schedule", it.scheduled_event_id, E::WorkflowTaskScheduled)]
        }
        A::WorkflowTaskCompletedEventAttributes(it) => vec![
            ("schedule", it.scheduled_event_id, E::WorkflowTaskScheduled),
            ("start", it.started_event_id, E::WorkflowTaskStarted),
        ],
        A::WorkflowTaskTimedOutEventAttributes(it) => vec![
            ("schedule", it.scheduled_event_id, E::WorkflowTaskScheduled),
            ("start", it.started_event_id, E::WorkflowTaskStarted),
        ],
        A::ActivityTaskScheduledEventAttributes(it) => {
            vec![("task", it.workflow_task_completed_event_id, E::WorkflowTaskCompleted)]
        }
        A::ActivityTaskStartedEventAttributes(it) => {
            vec![("schedule", it.scheduled_event_id, E::ActivityTaskScheduled)]
        }
        A::ActivityTaskCompletedEventAttributes(it) => vec![
            ("schedule", it.scheduled_event_id, E::ActivityTaskScheduled),
            ("start", it.started_event_id, E::ActivityTaskStarted),
        ],
        A::TimerStartedEventAttributes(it) => {
            vec![("task", it.workflow_task_completed_event_id, E::WorkflowTaskCompleted)]
        }
        A::TimerFiredEventAttributes(it) => vec![("start", it.started_event_id, E::TimerStarted)],
        A::WorkflowExecutionUpdateCompletedEventAttributes(it) => {
            vec![("acceptance", it.accepted_event_id, E::WorkflowExecutionUpdateAccepted)]
        }
        A::WorkflowExecutionCompletedEventAttributes(it) => {
            vec![("task", it.workflow_task_completed_event_id, E::WorkflowTaskCompleted)]
        }
        _ => Vec::new(),
    }
}

/// Everything that was acknowledged is there, and once.
fn check_content(events: &[HistoryEvent], job: &Job, run: &str, pages: &Pages) -> Result<(), String> {
    let expect = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    let Some(A::WorkflowExecutionStartedEventAttributes(started)) =
        events.first().and_then(|it| it.attributes.as_ref())
    else {
        return Err("it does not begin with its start".into());
    };
    expect(started.original_execution_run_id == run, "it is not the run that was acknowledged")?;
    expect(pages.runs.get(run) == Some(&job.id), "the run belongs to it")?;
    let shown = pages.shown.get(run).map_or(&[][..], |shown| shown);
    expect(events.get(..shown.len()) == Some(shown), "a worker was shown what is not there")?;
    let mut kinds = BTreeMap::new();
    for (kind, number) in [
        (EventType::WorkflowExecutionSignaled, SIGNALS),
        (EventType::WorkflowExecutionUpdateAccepted, 1),
        (EventType::WorkflowExecutionUpdateCompleted, 1),
        (EventType::ActivityTaskCompleted, 1),
        (EventType::TimerFired, 1),
        (EventType::WorkflowExecutionCompleted, 1),
    ] {
        kinds.insert(kind.as_str_name(), (count(events, kind), number));
    }
    expect(kinds.values().all(|(there, expected)| there == expected), &format!("there and expected: {kinds:?}"))?;
    let signals = events.iter().filter_map(|event| match event.attributes.as_ref()? {
        A::WorkflowExecutionSignaledEventAttributes(it) => Some(it.signal_name.as_str()),
        _ => None,
    });
    expect(twice(signals).is_empty(), "a signal came twice")?;
    let results = events.iter().filter_map(|event| match event.attributes.as_ref()? {
        A::ActivityTaskCompletedEventAttributes(it) => Some((pages.results.get(run), it.result.clone())),
        A::WorkflowExecutionCompletedEventAttributes(it) => Some((pages.completions.get(run), it.result.clone())),
        _ => None,
    });
    for (acknowledged, there) in results {
        let expected: Option<Payloads> = acknowledged.map(|text| value(text));
        expect(expected.is_none() || there == expected, "another result was acknowledged")?;
    }
    Ok(())
}
