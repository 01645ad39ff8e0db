//! A tiny language for workflows: what a script says in its `workflow` section.
//!
//! ```text
//! let t = timer 10s                     await t            the first of several: await t, a
//! let a = activity charge               cancel t           ask it to stop
//! let b = activity ship id=x wait       drop t             nobody waits for it any more
//! let l = local check id=x wait         a local activity
//! let c = child ship id=x try           await c_start      until the child runs; its id is its name, if not given
//! let s = signal c approve child        let e = stop other the workflow with this id, which must be a child, or not
//! detach c                              nobody waits for it any more, and it goes on
//! let p = patched fix                    whether it applies; with `deprecate fix`, the code from before it is gone
//! if p let t = timer 1s                 what is done if it does; `unless p ..` if it does not
//! let v = side_effect "7"               what it gives, once
//! search_attributes Customer=ann        they change; `memo status=new color=` also, and without a value it goes away
//! set open                              wait open          until some other task has set it
//! complete "ok"   fail "why"   cancel_workflow   continue_as_new
//!
//! on signal approve: ..                 runs beside the main part; names it does not know are those of the main part
//! on update note: reject "why" if open; accept; ..; answer "ok"      what comes before `accept` is the validator
//! on cancel: ..
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use perpetua_core::{CancellationType, ChildCancellationType};

/// A workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) main: Vec<Statement>,
    pub(crate) signals: BTreeMap<String, Vec<Statement>>,
    pub(crate) updates: BTreeMap<String, Vec<Statement>>,
    pub(crate) cancel: Vec<Statement>,
}

/// One thing a workflow does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    Timer { name: String, after: Duration },
    Activity { name: String, activity_type: String, id: Option<String>, cancellation: CancellationType },
    Local { name: String, activity_type: String, id: Option<String>, cancellation: CancellationType },
    Child { name: String, workflow_type: String, id: Option<String>, cancellation: ChildCancellationType },
    Signal { name: String, target: String, signal: String, child: bool },
    Stop { name: String, target: String },
    Patched { name: String, patch: String },
    Deprecate(String),
    If { name: String, holds: bool, then: Box<Self> },
    SideEffect { name: String, value: String },
    SearchAttributes(Vec<String>),
    Memo(Vec<String>),
    Await(Vec<String>),
    Cancel(String),
    Drop(String),
    Detach(String),
    Set(String),
    Wait(String),
    Reject { why: String, flag: Option<String> },
    Accept,
    Answer(String),
    Refuse(String),
    Complete(Option<String>),
    Fail(String),
    CancelWorkflow,
    ContinueAsNew,
}

impl Program {
    /// Reads the lines of a `workflow` section.
    pub(crate) fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut program = Self::default();
        for line in lines {
            let body = match line.strip_prefix("on ").map(|handler| handler.split_once(':')) {
                None => &mut program.main,
                Some(None) => return Err(format!("a handler without a colon: {line}")),
                Some(Some((handler, _))) => match handler.split_once(' ') {
                    None if handler == "cancel" => &mut program.cancel,
                    Some(("signal", name)) => program.signals.entry(name.to_owned()).or_default(),
                    Some(("update", name)) => program.updates.entry(name.to_owned()).or_default(),
                    _ => return Err(format!("no such handler: on {handler}")),
                },
            };
            let statements = line.strip_prefix("on ").and_then(|handler| handler.split_once(':'));
            let statements = statements.map_or(line, |(_, statements)| statements);
            for statement in statements.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
                body.push(Statement::parse(statement)?);
            }
        }
        Ok(program)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for statement in &self.main {
            writeln!(f, "    {statement}")?;
        }
        let signals = self.signals.iter().map(|(name, body)| (format!("signal {name}"), body));
        let updates = self.updates.iter().map(|(name, body)| (format!("update {name}"), body));
        let cancel = Some(("cancel".to_owned(), &self.cancel)).filter(|(_, body)| !body.is_empty());
        for (handler, body) in signals.chain(updates).chain(cancel) {
            let body: Vec<String> = body.iter().map(Statement::to_string).collect();
            writeln!(f, "    on {handler}: {}", body.join("; "))?;
        }
        Ok(())
    }
}

impl Statement {
    fn parse(text: &str) -> Result<Self, String> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let name = || if rest.is_empty() { Err(format!("needs a name: {text}")) } else { Ok(rest.to_owned()) };
        Ok(match verb {
            "let" => {
                let (name, value) = rest.split_once(" = ").ok_or_else(|| format!("needs a value: {text}"))?;
                let (kind, options) = value.split_once(' ').ok_or_else(|| format!("needs options: {text}"))?;
                match kind {
                    "timer" => Self::Timer { name: name.to_owned(), after: parse_seconds(options)? },
                    "activity" => Self::parse_activity(name, options)?,
                    "local" => match Self::parse_activity(name, options)? {
                        Self::Activity { name, activity_type, id, cancellation } => {
                            Self::Local { name, activity_type, id, cancellation }
                        }
                        other => other,
                    },
                    "child" => Self::parse_child(name, options)?,
                    "signal" => {
                        let (options, child) = match options.strip_suffix(" child") {
                            Some(options) => (options, true),
                            None => (options, false),
                        };
                        let (target, signal) =
                            options.split_once(' ').ok_or_else(|| format!("needs a signal: {text}"))?;
                        let (name, target, signal) = (name.to_owned(), target.to_owned(), signal.to_owned());
                        Self::Signal { name, target, signal, child }
                    }
                    "patched" => Self::Patched { name: name.to_owned(), patch: options.to_owned() },
                    "side_effect" => Self::SideEffect { name: name.to_owned(), value: unquote(options)? },
                    "stop" => Self::Stop { name: name.to_owned(), target: options.to_owned() },
                    _ => return Err(format!("no such operation: {text}")),
                }
            }
            "deprecate" => Self::Deprecate(name()?),
            "if" | "unless" => {
                let (name, then) = rest.split_once(' ').ok_or_else(|| format!("needs a statement: {text}"))?;
                Self::If { name: name.to_owned(), holds: verb == "if", then: Box::new(Self::parse(then)?) }
            }
            "search_attributes" => Self::SearchAttributes(fields(rest)?),
            "memo" => Self::Memo(fields(rest)?),
            "await" => Self::Await(name()?.split(", ").map(str::to_owned).collect()),
            "cancel" => Self::Cancel(name()?),
            "drop" => Self::Drop(name()?),
            "detach" => Self::Detach(name()?),
            "set" => Self::Set(name()?),
            "wait" => Self::Wait(name()?),
            "accept" => Self::Accept,
            "reject" => {
                let (why, flag) = match rest.rsplit_once(" if ") {
                    Some((why, flag)) => (why, Some(flag.to_owned())),
                    None => (rest, None),
                };
                Self::Reject { why: unquote(why)?, flag }
            }
            "answer" => Self::Answer(unquote(rest)?),
            "refuse" => Self::Refuse(unquote(rest)?),
            "complete" if rest.is_empty() => Self::Complete(None),
            "complete" => Self::Complete(Some(unquote(rest)?)),
            "fail" => Self::Fail(unquote(rest)?),
            "cancel_workflow" => Self::CancelWorkflow,
            "continue_as_new" => Self::ContinueAsNew,
            _ => return Err(format!("no such statement: {text}")),
        })
    }

    fn parse_activity(name: &str, options: &str) -> Result<Self, String> {
        let mut options = options.split(' ');
        let activity_type = options.next().unwrap_or_default().to_owned();
        let (mut id, mut cancellation) = (None, CancellationType::TryCancel);
        for option in options {
            match option.split_once('=') {
                Some(("id", value)) => id = Some(value.to_owned()),
                None if option == "wait" => cancellation = CancellationType::WaitCompleted,
                None if option == "abandon" => cancellation = CancellationType::Abandon,
                _ => return Err(format!("no such option of an activity: {option}")),
            }
        }
        Ok(Self::Activity { name: name.to_owned(), activity_type, id, cancellation })
    }

    fn parse_child(name: &str, options: &str) -> Result<Self, String> {
        let mut options = options.split(' ');
        let workflow_type = options.next().unwrap_or_default().to_owned();
        let (mut id, mut cancellation) = (None, ChildCancellationType::default());
        for option in options {
            match option.split_once('=') {
                Some(("id", value)) => id = Some(value.to_owned()),
                None if option == "try" => cancellation = ChildCancellationType::TryCancel,
                None if option == "requested" => cancellation = ChildCancellationType::WaitCancellationRequested,
                None if option == "abandon" => cancellation = ChildCancellationType::Abandon,
                _ => return Err(format!("no such option of a child: {option}")),
            }
        }
        Ok(Self::Child { name: name.to_owned(), workflow_type, id, cancellation })
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer { name, after } => write!(f, "let {name} = timer {after:?}"),
            Self::Activity { name, activity_type, id, cancellation }
            | Self::Local { name, activity_type, id, cancellation } => {
                let kind = if matches!(self, Self::Local { .. }) { "local" } else { "activity" };
                write!(f, "let {name} = {kind} {activity_type}")?;
                if let Some(id) = id {
                    write!(f, " id={id}")?;
                }
                f.write_str(match cancellation {
                    CancellationType::TryCancel => "",
                    CancellationType::WaitCompleted => " wait",
                    CancellationType::Abandon => " abandon",
                })
            }
            Self::Child { name, workflow_type, id, cancellation } => {
                write!(f, "let {name} = child {workflow_type}")?;
                if let Some(id) = id {
                    write!(f, " id={id}")?;
                }
                f.write_str(match cancellation {
                    ChildCancellationType::WaitCancellationCompleted => "",
                    ChildCancellationType::WaitCancellationRequested => " requested",
                    ChildCancellationType::TryCancel => " try",
                    ChildCancellationType::Abandon => " abandon",
                })
            }
            Self::Signal { name, target, signal, child } => {
                write!(f, "let {name} = signal {target} {signal}")?;
                f.write_str(if *child { " child" } else { "" })
            }
            Self::Stop { name, target } => write!(f, "let {name} = stop {target}"),
            Self::Patched { name, patch } => write!(f, "let {name} = patched {patch}"),
            Self::Deprecate(patch) => write!(f, "deprecate {patch}"),
            Self::If { name, holds, then } => write!(f, "{} {name} {then}", if *holds { "if" } else { "unless" }),
            Self::SideEffect { name, value } => write!(f, "let {name} = side_effect {value:?}"),
            Self::SearchAttributes(fields) => write!(f, "search_attributes {}", fields.join(" ")),
            Self::Memo(fields) => write!(f, "memo {}", fields.join(" ")),
            Self::Await(names) => write!(f, "await {}", names.join(", ")),
            Self::Cancel(name) => write!(f, "cancel {name}"),
            Self::Drop(name) => write!(f, "drop {name}"),
            Self::Detach(name) => write!(f, "detach {name}"),
            Self::Set(flag) => write!(f, "set {flag}"),
            Self::Wait(flag) => write!(f, "wait {flag}"),
            Self::Reject { why, flag: None } => write!(f, "reject {why:?}"),
            Self::Reject { why, flag: Some(flag) } => write!(f, "reject {why:?} if {flag}"),
            Self::Accept => f.write_str("accept"),
            Self::Answer(value) => write!(f, "answer {value:?}"),
            Self::Refuse(why) => write!(f, "refuse {why:?}"),
            Self::Complete(None) => f.write_str("complete"),
            Self::Complete(Some(value)) => write!(f, "complete {value:?}"),
            Self::Fail(why) => write!(f, "fail {why:?}"),
            Self::CancelWorkflow => f.write_str("cancel_workflow"),
            Self::ContinueAsNew => f.write_str("continue_as_new"),
        }
    }
}

/// Reads `a=1 b=`.
fn fields(text: &str) -> Result<Vec<String>, String> {
    match text.split(' ').find(|field| !field.contains('=')) {
        None => Ok(text.split(' ').map(str::to_owned).collect()),
        Some(field) => Err(format!("needs a `=`: {field}")),
    }
}

/// Reads `10s`.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').and_then(|number| number.parse().ok());
    seconds.map(Duration::from_secs).ok_or_else(|| format!("not a number of seconds: {text}"))
}

/// Reads `"text"`.
pub(crate) fn unquote(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map(str::to_owned).ok_or_else(|| format!("not a text in quotes: {text}"))
}
