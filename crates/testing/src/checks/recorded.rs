//! Whether commands ask for what history has, down to the values.
//!
//! A replay holds history against the code by kinds and names: values may be computed, and history decides. But what a
//! workflow computes from the same history should be the same, or else it depends on something that no replay repeats.

use perpetua_vocab::{Command, CommandKind, Event, EventKind, Failure, Payloads, QueryAnswer};

/// The first difference between what was asked for and what history has, in words.
pub(crate) fn difference(commands: &[Command], answers: &[Event]) -> Option<String> {
    let mut events = answers.iter().filter(|event| !is_of_message(event));
    for command in commands.iter().filter(|command| !matches!(command.kind, CommandKind::Message { .. })) {
        let Some(event) = events.next() else {
            return Some(format!("asks for {}, where history ends", name(&command.kind)));
        };
        if let Some(difference) = between(&command.kind, &event.kind) {
            return Some(format!("{difference} (event {})", event.id));
        }
    }
    events.next().map(|event| format!("does not ask for {}, which is event {}", event.kind.name(), event.id))
}

/// Updates answer in messages.
fn is_of_message(event: &Event) -> bool {
    matches!(event.kind, EventKind::UpdateAccepted(_) | EventKind::UpdateCompleted(_) | EventKind::UpdateRejected(_))
}

fn between(command: &CommandKind, event: &EventKind) -> Option<String> {
    use {CommandKind as C, EventKind as E};
    match (command, event) {
        (C::StartActivity(asked) | C::StartActivityEagerly(asked), E::ActivityScheduled(seen)) => {
            let what = format!("activity `{}`", seen.activity_type);
            same(&what, "its name", asked.activity_type.as_str(), seen.activity_type.as_str())
                .or_else(|| same_payloads(&what, "its arguments", Some(&asked.input), seen.input.as_ref()))
        }
        (C::StartTimer(asked), E::TimerStarted(seen)) => {
            same("a timer", "how long it runs", &format!("{:?}", asked.after), &format!("{:?}", seen.after))
        }
        (C::StartChildWorkflow(asked), E::StartChildWorkflowInitiated(seen)) => {
            let what = format!("child workflow `{}`", seen.workflow_type);
            same(&what, "its id", asked.workflow_id.as_str(), seen.workflow_id.as_str())
                .or_else(|| same_payloads(&what, "its arguments", Some(&asked.input), seen.input.as_ref()))
        }
        (C::SignalExternalWorkflow(asked), E::SignalExternalWorkflowInitiated(seen)) => {
            let what = format!("signal `{}`", seen.name);
            same_payloads(&what, "its arguments", Some(&asked.input), seen.input.as_ref())
        }
        (C::CompleteWorkflow { result }, E::WorkflowCompleted(seen)) => {
            same_payloads("the end of the workflow", "its result", result.as_ref(), seen.result.as_ref())
        }
        (C::FailWorkflow { failure }, E::WorkflowFailed(seen)) => {
            let message = |failure: &Failure| failure.message.clone();
            let seen = seen.failure.as_ref().map(message).unwrap_or_default();
            same("the failure of the workflow", "its message", &message(failure), &seen)
        }
        (C::ContinueAsNew(asked), E::WorkflowContinuedAsNew(seen)) => {
            same_payloads("the next run", "its arguments", Some(&asked.input), seen.input.as_ref())
        }
        // What else there is was held against the code when the whole history was replayed.
        _ => None,
    }
}

fn same(what: &str, which: &str, now: &str, then: &str) -> Option<String> {
    (now != then).then(|| format!("{what}: {which} was {then}, and is {now} now"))
}

fn same_payloads(what: &str, which: &str, now: Option<&Payloads>, then: Option<&Payloads>) -> Option<String> {
    let (now, then) = (now.map_or(&[][..], Vec::as_slice), then.map_or(&[][..], Vec::as_slice));
    let data = |payloads: &[perpetua_vocab::Payload]| {
        let each: Vec<_> = payloads.iter().map(|payload| String::from_utf8_lossy(&payload.data).into_owned()).collect();
        each.join(", ")
    };
    same(what, which, &data(now), &data(then))
}

fn name(command: &CommandKind) -> String {
    match command {
        CommandKind::StartActivity(asked) | CommandKind::StartActivityEagerly(asked) => {
            format!("activity `{}`", asked.activity_type)
        }
        CommandKind::StartTimer(asked) => format!("a timer of {:?}", asked.after),
        CommandKind::StartChildWorkflow(asked) => format!("child workflow `{}`", asked.workflow_type),
        CommandKind::SignalExternalWorkflow(asked) => format!("signal `{}`", asked.name),
        CommandKind::RecordMarker(_) => "a marker".to_owned(),
        CommandKind::CompleteWorkflow { .. } => "the end of the workflow".to_owned(),
        CommandKind::FailWorkflow { .. } => "the failure of the workflow".to_owned(),
        CommandKind::CancelWorkflow { .. } => "the cancellation of the workflow".to_owned(),
        CommandKind::ContinueAsNew(_) => "a new run".to_owned(),
        other => format!("{other:?}"),
    }
}

/// An answer to a query, in words.
pub(crate) fn shown(answer: Option<&QueryAnswer>) -> String {
    match answer {
        Some(QueryAnswer::Answered(payloads)) => {
            let each: Vec<_> = payloads.iter().map(|payload| String::from_utf8_lossy(&payload.data)).collect();
            each.join(", ")
        }
        Some(QueryAnswer::Failed(failure)) => format!("the error {:?}", failure.message),
        None => "nothing".to_owned(),
    }
}
