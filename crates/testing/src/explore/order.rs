//! Orders of what happens, and their names.
//!
//! An order is a list of workflow tasks, each with what it brings. In a task, messages to handlers come before all else, in
//! whatever order they arrived: so orders that differ in nothing but that are one.

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: Kind,
    label: String,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The message of this number comes, which is for a handler or not.
    Message(usize, bool),
    /// The answer of this number is given to the call of this id.
    Answer(usize, String),
    /// Time passes until the next timer is due.
    Time,
}

/// What happens, task by task.
pub(super) type Order = Vec<Vec<Step>>;

/// The most that one workflow task brings.
const TOGETHER: usize = 4;

impl Step {
    pub(super) fn new(kind: Kind, label: impl Into<String>) -> Self {
        Self { kind, label: label.into() }
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    fn is_for_handler(&self) -> bool {
        matches!(self.kind, Kind::Message(_, true))
    }

    /// Whether only one of the two can happen.
    fn excludes(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Answer(_, one), Kind::Answer(_, other)) => one == other,
            (one, other) => one == other,
        }
    }
}

/// How many things happen.
pub(super) fn length(order: &Order) -> usize {
    order.iter().map(Vec::len).sum()
}

/// An order, and each way in which one more task could go on with it, where this could happen next; few things first.
pub(super) fn orders_after(order: &Order, possible: &[Step]) -> Vec<Order> {
    let mut tasks = Vec::new();
    gather(&mut Vec::new(), possible, &mut tasks);
    tasks.sort_by_key(Vec::len);
    let longer = tasks.into_iter().map(|task| {
        let mut order = order.clone();
        order.push(task);
        order
    });
    longer.collect()
}

fn gather(task: &mut Vec<Step>, possible: &[Step], tasks: &mut Vec<Vec<Step>>) {
    if task.len() == TOGETHER {
        return;
    }
    for step in possible {
        let out_of_place = step.is_for_handler() && task.last().is_some_and(|last| !last.is_for_handler());
        if out_of_place || task.iter().any(|other| other.excludes(step)) {
            continue;
        }
        task.push(step.clone());
        tasks.push(task.clone());
        gather(task, possible, tasks);
        task.pop();
    }
}

/// An order in words, which [`read`] understands.
pub(super) fn write(order: &Order) -> String {
    let tasks: Vec<String> = order.iter().map(|task| write_task(task)).collect();
    tasks.join(" | ")
}

pub(super) fn write_task(task: &[Step]) -> String {
    let steps: Vec<&str> = task.iter().map(Step::label).collect();
    steps.join(" + ")
}

/// Whether this is what the words say.
pub(super) fn read(task: Option<&Vec<Step>>, words: &str) -> bool {
    task.is_some_and(|task| write_task(task) == words.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(possible: &[Step]) -> Vec<String> {
        orders_after(&Vec::new(), possible).iter().map(write).collect()
    }

    #[test]
    fn every_order_of_messages_and_of_the_rest_but_messages_first() {
        let possible = [
            Step::new(Kind::Message(0, true), "a"),
            Step::new(Kind::Message(1, true), "b"),
            Step::new(Kind::Time, "time passes"),
        ];
        let expected = [
            "a",
            "b",
            "time passes",
            "a + b",
            "a + time passes",
            "b + a",
            "b + time passes",
            "a + b + time passes",
            "b + a + time passes",
        ];
        assert_eq!(words(&possible), expected);
    }

    #[test]
    fn a_call_is_answered_once() {
        let answer = |number, call: &str, label| Step::new(Kind::Answer(number, call.to_owned()), label);
        let possible = [answer(0, "1", "returns"), answer(1, "1", "fails")];
        assert_eq!(words(&possible), ["returns", "fails"]);
    }

    #[test]
    fn what_is_written_is_read() {
        let task = vec![Step::new(Kind::Message(0, true), "a"), Step::new(Kind::Time, "time passes")];
        assert!(read(Some(&task), " a + time passes "));
        assert!(!read(Some(&task), "a"));
        assert!(!read(None, "a"));
    }
}
