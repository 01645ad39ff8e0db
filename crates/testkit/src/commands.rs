//! What a workflow asked for, read back from its history as text.

use std::fmt::Write;

use perpetua_vocab::{Event, EventKind, Failure, LocalActivityMarker, Outcome, Payload};

/// The commands that a history echoes, a line each, without what differs from run to run (event ids, times, update ids);
/// with `values`, also arguments, results and messages.
pub fn commands(history: &[Event], values: bool) -> String {
    let mut text = String::new();
    for event in history.iter().filter(|event| event.answers_task()) {
        let line = line(&event.kind, values);
        writeln!(text, "{line}").expect("a string takes everything");
    }
    text
}

fn line(kind: &EventKind, values: bool) -> String {
    let name = kind.name();
    let show =
        |payloads: &Option<Vec<Payload>>| if values { payloads_in_words(payloads.as_deref()) } else { String::new() };
    let say = |failure: &Failure| if values { failure.message.clone() } else { String::new() };
    match kind {
        EventKind::ActivityScheduled(it) => format!("{name} {} {} {}", it.activity, it.activity_type, show(&it.input)),
        EventKind::TimerStarted(it) => format!("{name} {} {:?}", it.timer, it.after),
        EventKind::TimerCanceled { timer, .. } => format!("{name} {timer}"),
        EventKind::UpdateAccepted(it) => {
            let request = it.request.as_ref();
            let update = request.map_or("", |request| request.name.as_str());
            format!("{name} {update} {}", request.map(|request| show(&request.input)).unwrap_or_default())
        }
        EventKind::UpdateCompleted(it) => match &it.outcome {
            Some(Outcome::Success(payloads)) => format!("{name} {}", show(payloads)),
            Some(Outcome::Failure(failure)) => format!("{name} failed {}", say(failure)),
            None => name.to_owned(),
        },
        EventKind::WorkflowCompleted(it) => format!("{name} {}", show(&it.result)),
        EventKind::WorkflowFailed(it) => format!("{name} {}", it.failure.as_ref().map(say).unwrap_or_default()),
        EventKind::WorkflowContinuedAsNew(it) => format!("{name} {} {}", it.workflow_type, show(&it.input)),
        EventKind::MarkerRecorded(it) => match LocalActivityMarker::read(it) {
            Ok(Some(it)) => {
                let result = it.result.as_ref().map_or_else(|failure| say(failure), show);
                // Those that run side by side end in any order.
                let which = if values { format!("{} {}", it.number, it.activity) } else { String::new() };
                format!("{name} {which} {} {result}", it.activity_type)
            }
            _ => name.to_owned(),
        },
        _ => name.to_owned(),
    }
}

fn payloads_in_words(payloads: Option<&[Payload]>) -> String {
    let words: Vec<_> = payloads
        .unwrap_or_default()
        .iter()
        .map(|payload| String::from_utf8_lossy(&payload.data).into_owned())
        .collect();
    format!("({})", words.join(", "))
}
