//! What can happen to a workflow from outside, in the words of a script.

use std::fmt;

use crate::program::unquote;

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
