//! Scripts: a workflow, what happens to it, and what is seen of it.
//!
//! ```text
//! # A sentence that says what is shown.
//! workflow
//!     let t = timer 10s          the language is in `program.rs`
//!     await t
//! turn started                   these things happen (`happening.rs`), and a task is worked on
//! > job start                    what the run asks of the workflow, in order,
//! > job poll
//! > command start_timer 1 ..     and what the workflow asks of the server
//! turn fired(t) meanwhile signal(x)      the signal comes while the task is worked on
//! turn started locally completed(1, "x")     the local activity of this number ends while the task is worked on
//! lost signal(x)                 the answer does not arrive, and the task times out
//! failed signal(x)               the task fails in somebody else's hands
//! evict                          the worker forgets the run
//! query                          somebody asks something: no turn
//! recorded timer_started(2, 5s)  the server has these answers instead of those that were given last
//! changed                        the code changes to what follows, and the history is replayed
//!     let t = timer 5s
//! > replays                      or what history and code disagree about
//! ```
//!
//! `REWRITE=1` writes what is seen into the scripts; a person reads the difference.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use perpetua_vocab::{
    ActivityId, ActivityScheduled, ActivityType, EventId, EventKind, Identity, LocalActivityMarker, MarkerName,
    MarkerRecorded, Namespace, Opaque, ParentClosePolicy, SignalExternalWorkflowInitiated, SignalName,
    StartChildWorkflowInitiated, TimerId, TimerStarted, UpdateAccepted, UpdateId, UpdateRequest, WorkflowClosed,
    WorkflowExecution, WorkflowId, WorkflowType,
};

use crate::happening::{Happening, LocalEnd, call, words};
use crate::instance::text;
use crate::program::{Program, parse_seconds};
use crate::session::{Fate, Seen, Session};

/// Runs a script and compares what is seen with what it expects.
fn check(path: &Path) {
    let expected = fs::read_to_string(path).expect("a script can be read");
    let seen = run(&expected).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
    if env::var_os("REWRITE").is_some() {
        fs::write(path, seen).expect("a script can be written");
    } else {
        assert!(seen == expected, "{}: expected\n{expected}\nbut saw\n{seen}", path.display());
    }
}

/// Runs a script; the same script, with what is seen.
pub(crate) fn run(script: &str) -> Result<String, String> {
    let mut output = String::new();
    let mut session: Option<Session> = None;
    let mut lines = script.lines().filter(|line| !line.starts_with('>')).peekable();
    while let Some(line) = lines.next() {
        output.push_str(line);
        output.push('\n');
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let mut body = Vec::new();
        while let Some(statement) = lines.next_if(|line| line.starts_with(' ')) {
            output.push_str(statement);
            output.push('\n');
            body.push(statement.trim());
        }
        let seen = match &mut session {
            None if line == "workflow" => {
                session = Some(Session::new(Program::parse(body)?, 2));
                Vec::new()
            }
            None => return Err("a script begins with its workflow".to_owned()),
            Some(session) if line == "changed" => session.change(Program::parse(body)?)?,
            Some(session) => direct(session, line).map_err(|problem| format!("{line}: {problem}"))?,
        };
        for line in seen {
            let _ = writeln!(output, "> {line}");
        }
    }
    if let Some(session) = session.filter(|session| !session.has_fault()) {
        session.finish()?;
    }
    Ok(output)
}

fn direct(session: &mut Session, line: &str) -> Seen {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (rest, locally) = rest.split_once("locally").unwrap_or((rest, ""));
    let (before, meanwhile) = rest.split_once("meanwhile").unwrap_or((rest, ""));
    let ends = words(locally).into_iter().map(LocalEnd::parse).collect::<Result<Vec<_>, _>>()?;
    let happenings = |text| words(text).into_iter().map(Happening::parse).collect::<Result<Vec<_>, _>>();
    match verb {
        "turn" => session.turn_with(&happenings(before)?, &happenings(meanwhile)?, &ends, Fate::Answered),
        "lost" => session.turn_with(&happenings(before)?, &happenings(meanwhile)?, &ends, Fate::Lost),
        "failed" => session.failed(&happenings(before)?),
        "evict" => session.evict(),
        "query" => session.query(),
        "recorded" => session.recorded(words(rest).into_iter().map(answer).collect::<Result<_, _>>()?),
        _ => Err("no such direction".to_owned()),
    }
}

/// An event that an answer produces, in the words of a script.
fn answer(text: &str) -> Result<EventKind, String> {
    let (verb, arguments) = call(text)?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let task_completed = EventId::FIRST;
    let event = |text: &str| text.parse().ok().and_then(EventId::new).ok_or_else(|| format!("no event id: {text}"));
    Ok(match (verb, arguments.as_slice()) {
        ("timer_started", [id, after]) => EventKind::TimerStarted(TimerStarted {
            timer: TimerId::from(*id),
            after: parse_seconds(after)?,
            task_completed,
        }),
        ("timer_canceled", [id, started]) => EventKind::TimerCanceled {
            timer: TimerId::from(*id),
            started: event(started)?,
            task_completed,
            identity: Identity::default(),
        },
        ("activity_scheduled", [id, activity_type]) => EventKind::ActivityScheduled(Box::new(ActivityScheduled {
            activity: ActivityId::from(*id),
            activity_type: ActivityType::from(*activity_type),
            input: None,
            task_completed,
            rest: Opaque::default(),
        })),
        ("activity_cancel_requested", [scheduled]) => {
            EventKind::ActivityCancelRequested { scheduled: event(scheduled)?, task_completed }
        }
        ("child_initiated", [id, workflow_type]) => {
            EventKind::StartChildWorkflowInitiated(Box::new(StartChildWorkflowInitiated {
                namespace: Namespace::default(),
                workflow_id: WorkflowId::from(*id),
                workflow_type: WorkflowType::from(*workflow_type),
                input: None,
                parent_close_policy: ParentClosePolicy::Terminate,
                task_completed,
                rest: Opaque::default(),
            }))
        }
        ("signal_initiated", [id, name]) => {
            EventKind::SignalExternalWorkflowInitiated(Box::new(SignalExternalWorkflowInitiated {
                namespace: Namespace::default(),
                execution: WorkflowExecution { workflow_id: WorkflowId::from(*id), ..WorkflowExecution::default() },
                name: SignalName::from(*name),
                input: None,
                child_workflow_only: false,
                header: None,
                task_completed,
                rest: Opaque::default(),
            }))
        }
        ("patch", [id]) => {
            marker("core_patch", &[("patch-data", &format!("{{\"id\":\"{id}\",\"deprecated\":false}}"))])
        }
        ("marker", [name]) => marker(name, &[]),
        ("local_activity_recorded", [number, activity_type]) => {
            let number: u32 = number.parse().map_err(|_| format!("no number: {number}"))?;
            let marker = LocalActivityMarker {
                number,
                attempt: 1,
                activity: ActivityId::new(number.to_string()),
                activity_type: ActivityType::from(*activity_type),
                completed: None,
                scheduled: None,
                backoff: None,
                activation: Some(1),
                result: Ok(None),
            };
            EventKind::MarkerRecorded(Box::new(marker.into_event(task_completed)))
        }
        ("update_accepted", [id]) => EventKind::UpdateAccepted(Box::new(UpdateAccepted {
            update: UpdateId::from(*id),
            message: format!("{id}/request").into(),
            sequencing: None,
            request: Some(UpdateRequest { update: UpdateId::from(*id), ..UpdateRequest::default() }),
        })),
        ("completed", []) => {
            EventKind::WorkflowCompleted(Box::new(WorkflowClosed { result: None, task_completed, new_run: None }))
        }
        _ => return Err(format!("no such answer: {text}")),
    })
}

fn marker(name: &str, details: &[(&str, &str)]) -> EventKind {
    EventKind::MarkerRecorded(Box::new(MarkerRecorded {
        name: MarkerName::from(name),
        details: details.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect(),
        failure: None,
        header: None,
        task_completed: EventId::FIRST,
    }))
}

/// Where the scripts are. The test runner says where the package is; the compiler may have seen it elsewhere.
fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    package.join("../../testdata/scripts")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths
}

macro_rules! folders {
    ($($folder:ident)+) => {
        $(
            #[test]
            fn $folder() {
                entries(&root().join(stringify!($folder))).iter().for_each(|script| check(script));
            }
        )+

        #[test]
        fn every_folder_has_a_test() {
            let tested = [$(stringify!($folder)),+].map(|folder| root().join(folder));
            assert_eq!(entries(&root()), tested);
        }
    };
}

folders! {
    activity
    cancel
    child
    complete
    continue_as_new
    external
    fail
    history
    local_activity
    memo
    nondeterminism
    patch
    search_attributes
    side_effect
    signal
    start
    timer
    update
}
