//! The driven run, executed anew after each of its turns.
//!
//! Another worker, which knows only the history, has to ask for the same with the same values when it is given the same
//! task, and to get through what was recorded.

use perpetua_vocab::{Command, EventKind, Query, QueryAnswer};
use perpetua_workflow::{Answer, Fault, LiveRun, Progress, TaskHead};

use super::machine::Machine;
use super::writer::Task;
use crate::checks::{recorded, silently};

/// Compares the answer to the last task with what a run does that begins anew.
///
/// # Errors
/// How they differ.
pub(super) fn check(machine: &Machine, task: &Task, answer: &Answer) -> Result<(), String> {
    silently(|| {
        // What is recorded of this task is replayed before the next one is asked again.
        if ask_again(machine, task, answer)? && !answer.closed { Ok(()) } else { replay(machine, answer) }
    })
}

/// Replays all that is recorded.
fn replay(machine: &Machine, answer: &Answer) -> Result<(), String> {
    let mut live = LiveRun::new(machine.setup.clone());
    live.begin(TaskHead::default());
    let progress = live.feed(machine.writer.events().to_vec(), true).map_err(|fault| faulty(&fault))?;
    if let Progress::Waits(_) | Progress::NeedsPage = progress {
        return Err(differs("it waits for something that is not in the history"));
    }
    if live.is_closed() != answer.closed {
        let (then, now) = if answer.closed { ("over", "not over") } else { ("not over", "over") };
        return Err(differs(&format!("the run was {then}, and is {now}")));
    }
    Ok(())
}

/// Hands out the same task to a run that begins anew. Gives whether its answer could be compared.
fn ask_again(machine: &Machine, task: &Task, answer: &Answer) -> Result<bool, String> {
    let events = machine.writer.events();
    let (before, after) = events.split_at(events.partition_point(|event| event.id <= task.started));
    // What history keeps because no replay could repeat it is not the same a second time.
    if after.iter().any(|event| matches!(event.kind, EventKind::MarkerRecorded(_))) || answer.needs_task {
        return Ok(false);
    }
    let mut live = LiveRun::new(machine.setup.clone());
    live.begin(TaskHead {
        started: Some(task.started),
        attempt: 1,
        messages: task.messages.clone(),
        ..TaskHead::default()
    });
    let progress = live.feed(before.to_vec(), true).map_err(|fault| faulty(&fault))?;
    // Local activities would have to run.
    let Progress::Answered(again) = progress else { return Ok(false) };
    let answers: Vec<_> = after.iter().filter(|event| event.answers_task()).cloned().collect();
    match recorded::difference(&again.commands, &answers).or_else(|| difference(&again.commands, &answer.commands)) {
        Some(difference) => Err(differs(&difference)),
        None if again.messages != answer.messages => Err(differs("its answers to updates are others")),
        None => Ok(true),
    }
}

/// The first difference between commands that ask for as many things, in words.
fn difference(now: &[Command], then: &[Command]) -> Option<String> {
    let (now, then) = now.iter().zip(then).find(|(now, then)| now != then)?;
    let (now, then) = (now.kind.name(), then.kind.name());
    Some(if now == then { format!("{now} with other options") } else { format!("{now}, where it was {then}") })
}

/// Compares an answer with that of a run that begins anew.
///
/// # Errors
/// How they differ.
pub(super) fn compare_answers(machine: &Machine, query: &Query, then: &QueryAnswer) -> Result<(), String> {
    silently(|| {
        let mut live = LiveRun::new(machine.setup.clone());
        live.begin(TaskHead { query: Some(query.clone()), ..TaskHead::default() });
        let progress = live.feed(machine.writer.events().to_vec(), true).map_err(|fault| faulty(&fault))?;
        match progress {
            Progress::Answered(now) if now.answer.as_ref() != Some(then) => Err(format!(
                "query `{}` is answered with {} by a run that began anew, and with {} by the one that stayed in memory. \
                 The state of the workflow depends on something that is not in its history",
                query.name,
                recorded::shown(now.answer.as_ref()),
                recorded::shown(Some(then)),
            )),
            _ => Ok(()),
        }
    })
}

fn differs(how: &str) -> String {
    format!(
        "executed anew from its history, the workflow does something else: {how}. It depends on something that is not in \
         its history"
    )
}

fn faulty(fault: &Fault) -> String {
    format!("executed anew from its history, the workflow fails: {fault}")
}
