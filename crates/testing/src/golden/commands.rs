//! What a workflow asked for, a line each: what is compared of a history.

use std::time::Duration;

use perpetua_vocab::{Event, EventKind, Failure, Fields, History, LocalActivityMarker, Outcome, Payload};

use super::mask::masked;

/// The commands that a history echoes, without what differs each time that a test runs.
pub(super) fn commands(history: &History) -> Vec<String> {
    history.events.iter().filter(|event| event.answers_task()).map(line).collect()
}

fn line(event: &Event) -> String {
    use EventKind as K;
    let said = match &event.kind {
        K::ActivityScheduled(it) => format!("{} {}({})", it.activity, it.activity_type, values(it.input.as_deref())),
        K::TimerStarted(it) => format!("{} {}", it.timer, seconds(it.after)),
        K::TimerCanceled { timer, .. } => timer.to_string(),
        K::UpdateAccepted(it) => it
            .request
            .as_ref()
            .map_or_else(String::new, |request| format!("{}({})", request.name, values(request.input.as_deref()))),
        K::UpdateCompleted(it) => match &it.outcome {
            Some(Outcome::Success(value)) => values(value.as_deref()),
            Some(Outcome::Failure(failure)) => failed(failure),
            None => String::new(),
        },
        K::StartChildWorkflowInitiated(it) => {
            format!("{} {}({})", masked(it.workflow_id.as_str()), it.workflow_type, values(it.input.as_deref()))
        }
        K::SignalExternalWorkflowInitiated(it) => {
            let to = masked(it.execution.workflow_id.as_str());
            format!("{to} {}({})", it.name, values(it.input.as_deref()))
        }
        K::RequestCancelExternalWorkflowInitiated(it) => masked(it.execution.workflow_id.as_str()),
        K::MarkerRecorded(it) => match LocalActivityMarker::read(it) {
            Ok(Some(local)) => {
                let result =
                    local.result.as_ref().map_or_else(|failure| failed(failure), |value| values(value.as_deref()));
                format!("{} {} {result}", local.activity, local.activity_type)
            }
            _ => it.name.to_string(),
        },
        K::SearchAttributesUpserted(it) => fields(it.search_attributes.as_ref()),
        K::PropertiesModified(it) => fields(it.memo.as_ref()),
        K::WorkflowCompleted(it) => values(it.result.as_deref()),
        K::WorkflowFailed(it) => it.failure.as_ref().map(failed).unwrap_or_default(),
        K::WorkflowContinuedAsNew(it) => format!("{}({})", it.workflow_type, values(it.input.as_deref())),
        _ => String::new(),
    };
    format!("{} {said}", event.kind.name()).trim_end().to_owned()
}

fn values(payloads: Option<&[Payload]>) -> String {
    let each: Vec<_> = payloads.unwrap_or_default().iter().map(value).collect();
    each.join(", ")
}

fn value(payload: &Payload) -> String {
    if payload.is_null() { "null".to_owned() } else { masked(&String::from_utf8_lossy(&payload.data)) }
}

fn fields(fields: Option<&Fields>) -> String {
    let each: Vec<_> =
        fields.into_iter().flatten().map(|(name, payload)| format!("{name}={}", value(payload))).collect();
    each.join(", ")
}

fn failed(failure: &Failure) -> String {
    let kind = failure.application().map_or("", |application| application.failure_type.as_str());
    format!("failed: {kind} {}", masked(&failure.message))
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}
