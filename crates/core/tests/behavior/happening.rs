//! What can happen to a workflow from outside, in the words of a script.

use std::fmt;
use std::time::Duration;

use perpetua_core::LocalActivityEnd;
use perpetua_vocab::{Failure, FailureInfo, Identity, TimeoutKind, Timestamp};

use crate::instance::failure;
use crate::program::{parse_seconds, unquote};

/// Something that happens to a workflow. Operations go by the names that the program gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Started,
    Signal(String),
    CancelRequested,
    Fired(String),
    Completed {
        activity: String,
        value: String,
    },
    Failed {
        activity: String,
        why: String,
    },
    TimedOut(String),
    /// It stopped because it was asked to.
    Canceled(String),
    /// It was asked to stop before any worker had begun with it.
    Withdrawn(String),
    ChildStarted(String),
    /// The child could not be started: its id is in use.
    ChildRefused(String),
    ChildEnded {
        child: String,
        end: ChildEnd,
    },
    /// A signal, or a request to stop, has reached another workflow.
    Delivered(String),
    /// It has not: there is no such workflow.
    Undelivered(String),
    Update {
        name: String,
        id: String,
    },
    /// An update that a reset brought along, in an event of its own.
    Admitted {
        name: String,
        id: String,
    },
    /// An event that this version does not know.
    Unknown {
        may_ignore: bool,
    },
}

/// How a child ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChildEnd {
    Completed(String),
    Failed(String),
    Canceled,
    TimedOut,
    Terminated,
}

impl Happening {
    /// Reads `signal(approve)`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (verb, arguments) = call(text)?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Ok(match (verb, arguments.as_slice()) {
            ("started", []) => Self::Started,
            ("signal", [name]) => Self::Signal((*name).to_owned()),
            ("cancel_requested", []) => Self::CancelRequested,
            ("fired", [timer]) => Self::Fired((*timer).to_owned()),
            ("completed", [activity, value]) => {
                Self::Completed { activity: (*activity).to_owned(), value: unquote(value)? }
            }
            ("failed", [activity, why]) => Self::Failed { activity: (*activity).to_owned(), why: unquote(why)? },
            ("timed_out", [activity]) => Self::TimedOut((*activity).to_owned()),
            ("canceled", [activity]) => Self::Canceled((*activity).to_owned()),
            ("withdrawn", [activity]) => Self::Withdrawn((*activity).to_owned()),
            ("child_started", [child]) => Self::ChildStarted((*child).to_owned()),
            ("child_refused", [child]) => Self::ChildRefused((*child).to_owned()),
            ("child_completed", [child, value]) => Self::child(child, ChildEnd::Completed(unquote(value)?)),
            ("child_failed", [child, why]) => Self::child(child, ChildEnd::Failed(unquote(why)?)),
            ("child_canceled", [child]) => Self::child(child, ChildEnd::Canceled),
            ("child_timed_out", [child]) => Self::child(child, ChildEnd::TimedOut),
            ("child_terminated", [child]) => Self::child(child, ChildEnd::Terminated),
            ("delivered", [name]) => Self::Delivered((*name).to_owned()),
            ("undelivered", [name]) => Self::Undelivered((*name).to_owned()),
            ("update", [name, id]) => Self::Update { name: (*name).to_owned(), id: (*id).to_owned() },
            ("admitted", [name, id]) => Self::Admitted { name: (*name).to_owned(), id: (*id).to_owned() },
            ("unknown", []) => Self::Unknown { may_ignore: false },
            ("ignorable", []) => Self::Unknown { may_ignore: true },
            _ => return Err(format!("nothing like this happens: {text}")),
        })
    }

    fn child(child: &str, end: ChildEnd) -> Self {
        Self::ChildEnded { child: child.to_owned(), end }
    }

    /// What can happen only once, if this is such a thing.
    pub(crate) fn operation(&self) -> Option<&str> {
        match self {
            Self::CancelRequested => Some("the workflow"),
            Self::Fired(name) | Self::TimedOut(name) | Self::Canceled(name) | Self::Withdrawn(name) => Some(name),
            Self::Completed { activity, .. } | Self::Failed { activity, .. } => Some(activity),
            Self::ChildStarted(name) | Self::ChildRefused(name) | Self::ChildEnded { child: name, .. } => Some(name),
            Self::Delivered(name) | Self::Undelivered(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Signal(name) => write!(f, "signal({name})"),
            Self::CancelRequested => f.write_str("cancel_requested"),
            Self::Fired(timer) => write!(f, "fired({timer})"),
            Self::Completed { activity, value } => write!(f, "completed({activity}, {value:?})"),
            Self::Failed { activity, why } => write!(f, "failed({activity}, {why:?})"),
            Self::TimedOut(activity) => write!(f, "timed_out({activity})"),
            Self::Canceled(activity) => write!(f, "canceled({activity})"),
            Self::Withdrawn(activity) => write!(f, "withdrawn({activity})"),
            Self::ChildStarted(child) => write!(f, "child_started({child})"),
            Self::ChildRefused(child) => write!(f, "child_refused({child})"),
            Self::ChildEnded { child, end } => match end {
                ChildEnd::Completed(value) => write!(f, "child_completed({child}, {value:?})"),
                ChildEnd::Failed(why) => write!(f, "child_failed({child}, {why:?})"),
                ChildEnd::Canceled => write!(f, "child_canceled({child})"),
                ChildEnd::TimedOut => write!(f, "child_timed_out({child})"),
                ChildEnd::Terminated => write!(f, "child_terminated({child})"),
            },
            Self::Delivered(name) => write!(f, "delivered({name})"),
            Self::Undelivered(name) => write!(f, "undelivered({name})"),
            Self::Update { name, id } => write!(f, "update({name}, {id})"),
            Self::Admitted { name, id } => write!(f, "admitted({name}, {id})"),
            Self::Unknown { may_ignore: false } => f.write_str("unknown"),
            Self::Unknown { may_ignore: true } => f.write_str("ignorable"),
        }
    }
}

/// How a local activity ends, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalEnd {
    pub(crate) number: u32,
    pub(crate) how: LocalHow,
    /// The attempt with which it ended.
    pub(crate) attempt: u32,
}

/// How the attempts of a local activity ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LocalHow {
    Completed(String),
    Failed(String),
    TimedOut,
    Canceled,
    /// After so many seconds it is to be tried again.
    BackOff(u64),
}

impl LocalEnd {
    /// Reads `completed(1, "receipt")`, or `completed(2, "receipt", 3)` if that was the third attempt.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (verb, mut arguments) = call(text)?;
        let attempt = arguments.get(2).map(|attempt| attempt.parse().map_err(|_| format!("no attempt: {text}")));
        let attempt = attempt.transpose()?.unwrap_or(1);
        arguments.truncate(2);
        let number = arguments.first().and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| format!("which local activity is not said: {text}"))?;
        let how = match (verb, arguments.get(1)) {
            ("completed", Some(value)) => LocalHow::Completed(unquote(value)?),
            ("failed", Some(why)) => LocalHow::Failed(unquote(why)?),
            ("timed_out", None) => LocalHow::TimedOut,
            ("canceled", None) => LocalHow::Canceled,
            ("back_off", Some(wait)) => LocalHow::BackOff(parse_seconds(wait)?.as_secs()),
            _ => return Err(format!("no local activity ends like this: {text}")),
        };
        Ok(Self { number, how, attempt })
    }

    /// What a worker reports, a second after it was asked for.
    pub(crate) fn reported(&self) -> (u32, LocalActivityEnd) {
        let (result, backoff) = match &self.how {
            LocalHow::Completed(value) => (Ok(Some(crate::instance::text(value))), None),
            LocalHow::Failed(why) => (Err(failure(why)), None),
            LocalHow::TimedOut => {
                let info = FailureInfo::Timeout { kind: TimeoutKind::StartToClose, last_heartbeat: None };
                (Err(Failure { message: "too late".to_owned(), info, ..Failure::default() }), None)
            }
            LocalHow::Canceled => {
                let info = FailureInfo::Canceled { details: None, identity: Identity::default() };
                (Err(Failure { message: "stopped".to_owned(), info, ..Failure::default() }), None)
            }
            LocalHow::BackOff(seconds) => (Err(failure("not yet")), Some(Duration::from_secs(*seconds))),
        };
        let scheduled = Timestamp { seconds: 500, nanos: 0 };
        let took = Duration::from_secs(1);
        (
            self.number,
            LocalActivityEnd { attempt: self.attempt, scheduled, took, backoff, result: result.map_err(Box::new) },
        )
    }
}

impl fmt::Display for LocalEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, attempt) = (self.number, self.attempt);
        let attempt = Some(format!(", {attempt}")).filter(|_| attempt > 1).unwrap_or_default();
        match &self.how {
            LocalHow::Completed(value) => write!(f, "completed({number}, {value:?}{attempt})"),
            LocalHow::Failed(why) => write!(f, "failed({number}, {why:?}{attempt})"),
            LocalHow::TimedOut => write!(f, "timed_out({number})"),
            LocalHow::Canceled => write!(f, "canceled({number})"),
            LocalHow::BackOff(seconds) => write!(f, "back_off({number}, {seconds}s{attempt})"),
        }
    }
}

/// Splits `verb(first, second)`.
pub(crate) fn call(text: &str) -> Result<(&str, Vec<String>), String> {
    let Some((verb, arguments)) = text.split_once('(') else { return Ok((text, Vec::new())) };
    let arguments = arguments.strip_suffix(')').ok_or_else(|| format!("a bracket is not closed: {text}"))?;
    Ok((verb, arguments.split(", ").map(str::to_owned).collect()))
}

/// Splits a line of calls at the blanks that are outside brackets.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_blank = move |letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ' ' && depth == 0
    };
    line.split(is_blank).filter(|word| !word.is_empty()).collect()
}
