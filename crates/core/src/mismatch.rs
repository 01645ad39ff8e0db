//! Where history and code part, and what a person can do about it.
//!
//! ```text
//! history and code disagree at event 14 (turn 3)           the first three lines say it all, in little space
//!   history: start_activity  name=charge  id=2
//!   code:    start_timer  after=30s  id=1
//!            at src/orders.rs:41:12                        the line of source code that asked
//!   side by side, from the beginning of the turn:          a few lines around the difference
//!          event  history                                 code
//!             13  start_activity  name=reserve  id=1      start_activity  name=reserve  id=1
//!     -->     14  start_activity  name=charge  id=2       start_timer  after=30s  id=1
//!   likely cause: ..                                       a guess, made from the rest of the turn
//!   what to do: ..
//! ```

mod cause;

use std::fmt;

use perpetua_vocab::{EventId, WorkflowId};

use crate::Place;

pub use cause::Cause;

/// How many lines around the difference are shown on either side.
const AROUND: usize = 3;

/// The widest column of history that still has the code beside it.
const WIDEST: usize = 72;

/// Where history and code part: what the one has, and what the other does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The turn, counted from 1.
    pub turn: u32,
    /// The event that the code does not agree with; for something that is missing, the task it is missing from.
    pub event: EventId,
    /// What history has there; none if history ends the turn.
    pub history: Option<String>,
    /// What the code does there; none if the code does nothing more in the turn.
    pub code: Option<String>,
    /// The line of source code that asked for it, if it is known.
    pub at: Option<Place>,
    /// The turn around the difference, in order. Exactly one of them [differs](Row::differs): the one described above.
    pub around: Vec<Row>,
    /// How many lines of the turn before [`around`](Self::around) are not shown, on which both agree.
    pub before: usize,
    /// What is likely to have happened to the code.
    pub cause: Cause,
    /// The event that completed the task of this turn: a reset to before it plays the turn again. None where history does
    /// not have it yet.
    pub completed: Option<EventId>,
    /// The workflow's id, if it is known.
    pub workflow_id: Option<WorkflowId>,
}

/// One line of a turn, as history has it and as the code has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The event, if history has one here.
    pub event: Option<EventId>,
    /// What history has; none if history ends the turn.
    pub history: Option<String>,
    /// What the code does; none if the code does nothing more.
    pub code: Option<String>,
    /// The line of source code that asked, if it is known.
    pub at: Option<Place>,
    /// Whether this is where they part. Further down the two sides are only listed, not compared.
    pub differs: bool,
}

/// One thing that the code does in a turn.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) what: String,
    pub(crate) at: Option<Place>,
}

/// A turn on which both sides agree up to a place.
#[derive(Debug)]
pub(crate) struct Parting {
    pub(crate) turn: u32,
    pub(crate) completed: Option<EventId>,
    /// What both have, in order.
    pub(crate) agreed: Vec<(EventId, Said)>,
    /// What history has after that.
    pub(crate) history: Vec<(EventId, String)>,
    /// What the code does after that.
    pub(crate) code: Vec<Said>,
}

impl Mismatch {
    /// Something that the code asked for and history, at this event, does not have; or the other way round.
    pub(crate) fn new(parting: Parting, event: EventId) -> Self {
        let Parting { turn, completed, agreed, history, code } = parting;
        let cause = Cause::guess(&history, &code);
        let before = agreed.len().saturating_sub(AROUND);
        let mut around: Vec<Row> = agreed.into_iter().skip(before).map(Row::agreed).collect();
        let rest = history.len().max(code.len()).clamp(1, AROUND + 1);
        let (mut history, mut code) = (history.into_iter(), code.into_iter());
        around.extend((0..rest).map(|at| Row::parted(at == 0, history.next(), code.next())));
        let parted = around.iter().find(|row| row.differs).cloned();
        let (history, code, at) = parted.map(|row| (row.history, row.code, row.at)).unwrap_or_default();
        Self { turn, event, history, code, at, around, before, cause, completed, workflow_id: None }
    }

    /// Says which workflow it is, for the command that resets it.
    pub fn of_workflow(mut self, workflow_id: WorkflowId) -> Self {
        self.workflow_id = Some(workflow_id);
        self
    }

    /// What to do about it, in sentences.
    pub fn advice(&self) -> String {
        let mut advice = format!(
            "{}. If the code was not changed, it depends on something that is not the same on every run: a clock, randomness, \
             the order of a hash map, another thread.",
            self.cause.advice()
        );
        if let Some(completed) = self.completed {
            let workflow = self.workflow_id.as_ref().map_or(UNKNOWN, WorkflowId::as_str);
            advice.push_str(&format!(
                " To play this turn again with the code of today, reset the workflow: `temporal workflow reset --workflow-id \
                 {} --event-id {completed} --reason \"the code has changed\"`.",
                quoted(workflow)
            ));
        }
        advice
    }

    fn write_side_by_side(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let history = |row: &Row| row.history.clone().unwrap_or_else(|| NOTHING_MORE.to_owned());
        let width = self.around.iter().map(|row| history(row).chars().count()).max().unwrap_or(0).min(WIDEST);
        writeln!(f, "  side by side:")?;
        writeln!(f, "       event  {:width$}  code", "history")?;
        if self.before > 0 {
            writeln!(f, "         ...  {} more before, on which both agree", self.before)?;
        }
        for row in &self.around {
            let arrow = if row.differs { "-->" } else { "   " };
            let event = row.event.map(|event| event.to_string()).unwrap_or_default();
            let code = row.code.as_deref().unwrap_or(NOTHING_MORE);
            // Below the arrow, a side that has ended says so once.
            let (history, code) = if row.differs {
                (history(row), code)
            } else {
                (row.history.clone().unwrap_or_default(), row.code.as_deref().unwrap_or_default())
            };
            let line = format!("  {arrow} {event:>6}  {history:width$}  {code}");
            match row.at {
                Some(at) if row.code.is_some() => writeln!(f, "{line}  (at {at})")?,
                _ => writeln!(f, "{}", line.trim_end())?,
            }
        }
        Ok(())
    }
}

/// Stands for the id of a workflow that is not known.
const UNKNOWN: &str = "<workflow id>";

/// What a side says that has ended.
const NOTHING_MORE: &str = "nothing more in this turn";

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "history and code disagree at event {} (turn {})", self.event, self.turn)?;
        writeln!(f, "  history: {}", self.history.as_deref().unwrap_or(NOTHING_MORE))?;
        writeln!(f, "  code:    {}", self.code.as_deref().unwrap_or(NOTHING_MORE))?;
        if let Some(at) = self.at {
            writeln!(f, "           at {at}")?;
        }
        if self.around.len() > 1 {
            self.write_side_by_side(f)?;
        }
        writeln!(f, "  likely cause: {}", self.cause)?;
        write!(f, "  what to do: {}", self.advice())
    }
}

impl Row {
    fn agreed((event, said): (EventId, Said)) -> Self {
        let Said { what, at } = said;
        Self { event: Some(event), history: Some(what.clone()), code: Some(what), at, differs: false }
    }

    fn parted(differs: bool, history: Option<(EventId, String)>, code: Option<Said>) -> Self {
        let (event, history) = history.unzip();
        let (code, at) = code.map(|Said { what, at }| (what, at)).unzip();
        Self { event, history, code, at: at.flatten(), differs }
    }
}

/// A word for a command line, as it is where it needs no quotes.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:@".contains(letter);
    if word.chars().all(plain) || word == UNKNOWN {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn id(number: u64) -> EventId {
        EventId::new(number).expect("it is positive")
    }

    fn said(what: &str, at: Option<Place>) -> Said {
        Said { what: what.to_owned(), at }
    }

    /// So many activities on which both agree, and then these.
    fn mismatch(agreed: u64, history: &[&str], code: &[&str]) -> Mismatch {
        let agreed = (1..=agreed).map(|at| (id(10 + at), said(&format!("start_activity  name=a  id={at}"), None)));
        let agreed: Vec<_> = agreed.collect();
        let next = 11 + agreed.len() as u64;
        let history: Vec<_> = (next..).map(id).zip(history.iter().map(|line| (*line).to_owned())).collect();
        let event = history.first().map_or(id(10), |(event, _)| *event);
        let code = code.iter().map(|line| said(line, None)).collect();
        Mismatch::new(Parting { turn: 3, completed: Some(id(10)), agreed, history, code }, event)
    }

    /// The report without its last two lines.
    fn shown(mismatch: &Mismatch) -> String {
        let text = mismatch.to_string();
        let (shown, _) = text.split_once("  likely cause: ").expect("every report has one");
        shown.to_owned()
    }

    #[test]
    fn a_few_lines_around_the_difference_are_shown() {
        let history = ["start_timer  after=30s  id=1", "b", "c", "d", "e", "f"];
        let mismatch = mismatch(5, &history, &["start_child_workflow  name=ship  id=ship-1", "b"]);
        let expected = "\
history and code disagree at event 16 (turn 3)
  history: start_timer  after=30s  id=1
  code:    start_child_workflow  name=ship  id=ship-1
  side by side:
       event  history                       code
         ...  2 more before, on which both agree
          13  start_activity  name=a  id=3  start_activity  name=a  id=3
          14  start_activity  name=a  id=4  start_activity  name=a  id=4
          15  start_activity  name=a  id=5  start_activity  name=a  id=5
  -->     16  start_timer  after=30s  id=1  start_child_workflow  name=ship  id=ship-1
          17  b                             b
          18  c
          19  d
";
        assert_eq!(shown(&mismatch), expected);
        assert_eq!(mismatch.around.iter().filter(|row| row.differs).count(), 1);
    }

    #[test]
    fn a_side_that_has_ended_says_so() {
        let missing = mismatch(1, &["start_timer  after=30s  id=1"], &[]);
        let expected = "\
history and code disagree at event 12 (turn 3)
  history: start_timer  after=30s  id=1
  code:    nothing more in this turn
  side by side:
       event  history                       code
          11  start_activity  name=a  id=1  start_activity  name=a  id=1
  -->     12  start_timer  after=30s  id=1  nothing more in this turn
";
        assert_eq!(shown(&missing), expected);
        let extra = mismatch(0, &[], &["start_timer  after=30s  id=1"]);
        let expected = "\
history and code disagree at event 10 (turn 3)
  history: nothing more in this turn
  code:    start_timer  after=30s  id=1
";
        assert_eq!(shown(&extra), expected);
    }

    #[test]
    fn the_line_of_source_code_is_named() {
        let at = Location::caller();
        let code = vec![said("start_timer  after=1s  id=1", Some(at))];
        let parting = Parting { turn: 1, completed: None, agreed: Vec::new(), history: Vec::new(), code };
        let mismatch = Mismatch::new(parting, EventId::FIRST);
        assert_eq!(mismatch.at, Some(at));
        assert!(mismatch.to_string().contains(&format!("\n           at {at}\n")), "{mismatch}");
    }

    #[test]
    fn the_advice_has_a_command_that_can_be_run() {
        let of = |workflow_id: &str| mismatch(0, &["a"], &[]).of_workflow(WorkflowId::from(workflow_id)).advice();
        let command = |word: &str| format!("`temporal workflow reset --workflow-id {word} --event-id 10 --reason ");
        assert!(of("order-7").contains(&command("order-7")), "{}", of("order-7"));
        assert!(of("Ann's order").contains(&command(r"'Ann'\''s order'")), "{}", of("Ann's order"));
        let unknown = mismatch(0, &["a"], &[]).advice();
        assert!(unknown.contains(&command("<workflow id>")), "{unknown}");
        let parting = Parting { turn: 1, completed: None, agreed: Vec::new(), history: Vec::new(), code: Vec::new() };
        let without = Mismatch::new(parting, EventId::FIRST).advice();
        assert!(!without.contains("reset"), "there is no task to go back to: {without}");
    }
}
