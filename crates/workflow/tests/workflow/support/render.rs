//! Answers as text.

use std::fmt::Write as _;

use perpetua_core::Fault;
use perpetua_vocab::{
    Command, CommandKind, ContinueAsNew, ContinueAsNewVersioning, EventId, Failure, FailureInfo, Fields,
    LocalActivityMarker, MarkerRecorded, Message, MessageBody, Outcome, Payload, QueryAnswer, RecordMarker,
    StartActivity,
};
use perpetua_workflow::Answer;

use super::Server;

/// One line for each thing in an answer.
pub(crate) fn answer(answer: &Answer, server: &Server) -> Vec<String> {
    let mut messages: Vec<_> = answer.messages.iter().collect();
    let mut lines = Vec::new();
    for command in &answer.commands {
        lines.push(match &command.kind {
            CommandKind::Message { message } => {
                let at =
                    messages.iter().position(|sent| sent.id == *message).expect("the message is beside its command");
                self::message(messages.remove(at))
            }
            _ => self::command(command, server),
        });
    }
    lines.extend(messages.into_iter().map(message));
    lines.extend(answer.needs_task.then(|| "asks for another task".to_owned()));
    lines.extend(answer.query_answers.iter().map(|(id, answer)| format!("{} -> {}", id.0, query_answer(answer))));
    lines
}

pub(crate) fn query_answer(answer: &QueryAnswer) -> String {
    match answer {
        QueryAnswer::Answered(values) => payloads(Some(values)),
        QueryAnswer::Failed(failure) => format!("failed: {}", self::failure(failure)),
    }
}

pub(crate) fn fault(fault: &Fault) -> Vec<String> {
    format!("fault: {}", without_places(&fault.to_string())).lines().map(str::to_owned).collect()
}

/// A text that says where something is in the code, without the line and the path, which change.
fn without_places(text: &str) -> String {
    let mut parts = text.split("(at ");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part.split_once(')').expect("a place ends");
        let path = place.split(':').next().expect("a place begins with a path");
        let file = path.rsplit('/').next().expect("a path ends with a file");
        write!(shown, "(at {file}){rest}").expect("a text takes all");
    }
    shown
}

fn command(command: &Command, server: &Server) -> String {
    let mut line = match &command.kind {
        CommandKind::StartActivity(start) => start_activity(start),
        CommandKind::RequestCancelActivity { scheduled } => {
            format!("cancel_activity {}", server.activity_at(*scheduled))
        }
        CommandKind::StartTimer(start) => format!("start_timer {} {:?}", start.timer, start.after),
        CommandKind::CancelTimer { timer } => format!("cancel_timer {timer}"),
        CommandKind::CompleteWorkflow { result } => format!("complete {}", payloads(result.as_ref())),
        CommandKind::FailWorkflow { failure } => format!("fail {}", self::failure(failure)),
        CommandKind::CancelWorkflow { .. } => "cancel".to_owned(),
        CommandKind::StartChildWorkflow(start) => {
            format!("start_child {} {}({})", start.workflow_id, start.workflow_type, payloads(Some(&start.input)))
        }
        CommandKind::ContinueAsNew(next) => {
            let ContinueAsNew { workflow_type, input, .. } = &**next;
            let start = format!("continue_as_new {workflow_type}({})", payloads(Some(input)));
            start + &continue_as_new_options(next)
        }
        CommandKind::RecordMarker(marker) => record_marker(marker),
        CommandKind::UpsertSearchAttributes { search_attributes } => {
            format!("upsert_search_attributes {}", fields(search_attributes))
        }
        CommandKind::ModifyProperties { memo } => format!("upsert_memo {}", fields(memo)),
        other => format!("{other:?}"),
    };
    if let Some(summary) = &command.metadata.summary {
        write!(line, " summary={}", payload(summary)).expect("a text takes all");
    }
    line
}

/// What is said of the next run beside its arguments.
fn continue_as_new_options(next: &ContinueAsNew) -> String {
    let ContinueAsNew {
        workflow_type: _,
        task_queue,
        input: _,
        run_timeout,
        task_timeout,
        retry_policy,
        start_delay,
        versioning,
        header: _,
        memo,
        search_attributes,
    } = next;
    let mut line = String::new();
    if !task_queue.is_empty() {
        write!(line, " task_queue={task_queue}").expect("a text takes all");
    }
    for (name, time) in [("run_timeout", run_timeout), ("task_timeout", task_timeout), ("start_delay", start_delay)] {
        if let Some(time) = time {
            write!(line, " {name}={time:?}").expect("a text takes all");
        }
    }
    if let Some(policy) = retry_policy {
        write!(line, " max_attempts={}", policy.maximum_attempts).expect("a text takes all");
    }
    if *versioning != ContinueAsNewVersioning::Unspecified {
        write!(line, " {versioning:?}").expect("a text takes all");
    }
    for (name, fields) in [("memo", memo), ("search_attributes", search_attributes)] {
        if let Some(fields) = fields {
            write!(line, " {name}={:?}", fields.keys().collect::<Vec<_>>()).expect("a text takes all");
        }
    }
    line
}

fn record_marker(marker: &RecordMarker) -> String {
    let RecordMarker { name, details, failure, header: _ } = marker.clone();
    let event = MarkerRecorded { name, details, failure, header: None, task_completed: EventId::FIRST };
    let Some(marker) = LocalActivityMarker::read(&event).expect("markers can be read") else {
        let details = event.details.iter().map(|(name, values)| format!("{name}={}", payloads(Some(values))));
        return format!("record_marker {} {}", event.name, details.collect::<Vec<_>>().join(" "));
    };
    let LocalActivityMarker { number, activity, activity_type, backoff, result, .. } = marker;
    let result = match result {
        Ok(values) => payloads(values.as_ref()),
        Err(failure) => format!("failed: {}", self::failure(&failure)),
    };
    let again = backoff.map(|wait| format!(" again after {wait:?}")).unwrap_or_default();
    format!("local {number} {activity} {activity_type} {result}{again}")
}

fn start_activity(start: &StartActivity) -> String {
    let StartActivity {
        activity,
        activity_type,
        task_queue,
        input,
        header: _,
        schedule_to_close,
        schedule_to_start,
        start_to_close,
        heartbeat,
        retry_policy,
        priority,
    } = start;
    let mut line = format!("start_activity {activity} {activity_type}({})", payloads(Some(input)));
    let limits = [
        ("schedule_to_close", schedule_to_close),
        ("schedule_to_start", schedule_to_start),
        ("start_to_close", start_to_close),
        ("heartbeat", heartbeat),
    ];
    for (name, limit) in limits {
        if let Some(limit) = limit {
            write!(line, " {name}={limit:?}").expect("a text takes all");
        }
    }
    if task_queue.as_str() != "queue" {
        write!(line, " task_queue={task_queue}").expect("a text takes all");
    }
    if let Some(policy) = retry_policy {
        write!(line, " attempts={}", policy.maximum_attempts).expect("a text takes all");
    }
    if let Some(priority) = priority {
        write!(line, " priority={}", priority.key).expect("a text takes all");
    }
    line
}

fn message(message: &Message) -> String {
    let update = &message.update;
    match &message.body {
        MessageBody::Accept { .. } => format!("accept {update}"),
        MessageBody::Reject { failure, .. } => format!("reject {update}: {}", self::failure(failure)),
        MessageBody::Respond { outcome: Outcome::Success(values), .. } => {
            format!("respond {update} {}", payloads(values.as_ref()))
        }
        MessageBody::Respond { outcome: Outcome::Failure(failure), .. } => {
            format!("respond {update} failed: {}", self::failure(failure))
        }
        other => format!("{other:?}"),
    }
}

fn fields(fields: &Fields) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", payload(value))).collect::<Vec<_>>().join(" ")
}

fn payloads(values: Option<&Vec<Payload>>) -> String {
    match values {
        Some(values) => values.iter().map(payload).collect::<Vec<_>>().join(", "),
        None => "nothing".to_owned(),
    }
}

fn payload(payload: &Payload) -> String {
    match payload.encoding() {
        Some("binary/null") => "null".to_owned(),
        _ => String::from_utf8_lossy(&payload.data).into_owned(),
    }
}

/// A failure and its causes in one line.
pub(crate) fn failure(failure: &Failure) -> String {
    let one = |failure: &Failure| {
        let kind = match &failure.info {
            FailureInfo::Application(application) if application.failure_type.is_empty() => String::new(),
            FailureInfo::Application(application) => format!(" [{}]", application.failure_type),
            FailureInfo::Activity(activity) => format!(" [activity {}]", activity.activity_id),
            FailureInfo::Canceled { .. } => " [canceled]".to_owned(),
            FailureInfo::Timeout { kind, .. } => format!(" [{kind:?}]"),
            other => format!(" {other:?}"),
        };
        format!("{}{kind}", without_places(&failure.message))
    };
    failure.chain().map(one).collect::<Vec<_>>().join(" <- ")
}
