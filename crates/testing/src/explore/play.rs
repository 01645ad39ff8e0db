//! One order, played from the start.

use perpetua_vocab::History;
use perpetua_workflow::implementation::WorkflowImplementation;

use super::Explorer;
use super::order::{Kind, Order, Step};
use crate::drive::Drive;

/// What came of an order.
pub(super) struct Played<D> {
    pub(super) stop: Stop<D>,
    /// What the workflow did with each task: with the first of all, and with each of the order.
    pub(super) trace: Vec<Vec<String>>,
}

/// Where a run is when an order is played.
pub(super) enum Stop<D> {
    /// The workflow cannot go on.
    Fault(String),
    /// It is over, or nothing more can happen.
    End(Drive<D>),
    /// This could happen next.
    Before(Drive<D>, Vec<Step>),
}

impl<D: WorkflowImplementation> Explorer<D> {
    pub(super) fn play(&self, order: &Order) -> Played<D> {
        let mut trace = Vec::new();
        let stop = self.play_traced(order, &mut trace).unwrap_or_else(Stop::Fault);
        Played { stop, trace }
    }

    fn play_traced(&self, order: &Order, trace: &mut Vec<Vec<String>>) -> Result<Stop<D>, String> {
        let mut run = (self.workflow)().try_start().map_err(|fault| fault.to_string())?;
        let mut known = 0;
        trace.push(news(&run.history(), &mut known));
        for task in order {
            let went = run.attempt(|run| {
                run.together(|run| {
                    for step in task {
                        self.happen(run, &step.kind);
                    }
                });
            });
            trace.push(news(&run.history(), &mut known));
            went.map_err(|fault| fault.to_string())?;
        }
        let possible = self.possible(&run, order);
        Ok(if possible.is_empty() { Stop::End(run) } else { Stop::Before(run, possible) })
    }

    fn happen(&self, run: &mut Drive<D>, kind: &Kind) {
        match kind {
            Kind::Message(number, _) => (self.messages[*number].send)(run),
            Kind::Answer(number, id) => self.answers[*number].give(run, id),
            Kind::Time => _ = run.fire_next_timer(),
        }
    }

    /// What could happen next.
    fn possible(&self, run: &Drive<D>, order: &Order) -> Vec<Step> {
        if run.is_over() {
            return Vec::new();
        }
        let has_come = |number: usize| {
            order.iter().flatten().any(|step| matches!(step.kind, Kind::Message(came, _) if came == number))
        };
        let mut possible = Vec::new();
        for (number, message) in self.messages.iter().enumerate().filter(|(number, _)| !has_come(*number)) {
            possible.push(Step::new(Kind::Message(number, message.is_for_handler), message.label.clone()));
        }
        for (number, answer) in self.answers.iter().enumerate() {
            let calls = answer.pending(run);
            let is_only = calls.len() == 1;
            for id in calls {
                let label =
                    if is_only { answer.label().to_owned() } else { format!("{} of call {id}", answer.label()) };
                possible.push(Step::new(Kind::Answer(number, id), label));
            }
        }
        if !run.pending_timers().is_empty() {
            possible.push(Step::new(Kind::Time, "time passes"));
        }
        possible
    }
}

/// What is new in a history because of what the workflow did.
fn news(history: &History, known: &mut usize) -> Vec<String> {
    let events = history.events.get(*known..).unwrap_or_default();
    *known = history.events.len();
    events.iter().filter(|event| event.answers_task()).map(|event| event.kind.name().to_owned()).collect()
}
