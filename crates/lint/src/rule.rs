//! What is looked for, each with a code, and why it is wrong.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may be meant so.
    Warning,
    /// It goes wrong, if not today then on the first replay.
    Error,
}

/// One kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// `P001`: the clock of the machine.
    Clock,
    /// `P002`: randomness of the process.
    Randomness,
    /// `P003`: the environment of the worker.
    Environment,
    /// `P004`: files, the network, other processes.
    InputOutput,
    /// `P005`: timers that history does not know.
    ForeignTimer,
    /// `P006`: tasks and threads outside of the workflow.
    ForeignTask,
    /// `P007`: what blocks the thread.
    Blocking,
    /// `P008`: locks and channels of others.
    ForeignSync,
    /// `P009`: macros that poll in an order of their own.
    PollOrder,
    /// `P010`: the order of a hash map.
    HashOrder,
    /// `P011`: state of the process.
    ProcessState,
    /// `P012`: printing.
    Printing,
    /// `P013`: an activity that is called as a function.
    ActivityCalled,
    /// `P014`: an activity without a limit of time.
    NoTimeout,
    /// `P015`: handlers that are cut off at the end.
    UnfinishedHandlers,
    /// `P016`: a loop without an end.
    EndlessLoop,
    /// `P017`: changes where one may only look.
    ReadOnly,
    /// `P018`: an allowance without a reason, or without a use.
    Allowance,
}

/// What is said of a rule.
struct Text {
    rule: Rule,
    code: &'static str,
    name: &'static str,
    severity: Severity,
    what: &'static str,
    why: &'static str,
    instead: &'static str,
}

const TEXTS: [Text; 18] = [
    Text {
        rule: Rule::Clock,
        code: "P001",
        name: "clock",
        severity: Severity::Error,
        what: "Workflow code reads a clock of the machine.",
        why: "A replay runs hours or weeks later and reads another time: a comparison turns out differently, another timer is \
              started, and the run stops with a nondeterminism fault.",
        instead: "`ctx.now()` is the time at which the workflow task started, the same on every replay. To measure how long \
                  something takes, compare two of them, or measure in the activity.",
    },
    Text {
        rule: Rule::Randomness,
        code: "P002",
        name: "randomness",
        severity: Severity::Error,
        what: "Workflow code draws randomness of the process.",
        why: "A replay draws something else: another branch is taken, and ids that were sent out are not the ids that the \
              workflow believes in afterwards.",
        instead: "`ctx.random()` and `ctx.uuid()` draw from a generator that is seeded by the run, the same on every replay.",
    },
    Text {
        rule: Rule::Environment,
        code: "P003",
        name: "environment",
        severity: Severity::Error,
        what: "Workflow code looks at the environment of the worker: variables, arguments, folders, the machine.",
        why: "The next worker that plays the workflow may be another machine or another deployment, and see something else.",
        instead: "Pass the value in as an argument of the workflow, read it in an activity, or keep what was read in history \
                  with `ctx.side_effect(..)`.",
    },
    Text {
        rule: Rule::InputOutput,
        code: "P004",
        name: "input-output",
        severity: Severity::Error,
        what: "Workflow code uses files, the network or other processes.",
        why: "What is read may differ on a replay, and what is written is written again by each one. All other workflows of the \
              thread wait meanwhile.",
        instead: "Move it to an activity: its result is recorded once, and it is tried again when it fails.",
    },
    Text {
        rule: Rule::ForeignTimer,
        code: "P005",
        name: "foreign-timer",
        severity: Severity::Error,
        what: "Workflow code waits for a timer that is not the workflow's.",
        why: "History does not know of it: it is lost when the run leaves the memory of the worker, and what it decides is \
              decided again, differently, by a replay. A wake from outside fails the workflow task.",
        instead: "`ctx.sleep(..)` and `ctx.timeout(..)` start timers of the server, which last for years and survive the worker.",
    },
    Text {
        rule: Rule::ForeignTask,
        code: "P006",
        name: "foreign-task",
        severity: Severity::Error,
        what: "Workflow code starts a task or a thread that is not part of the workflow.",
        why: "When it finishes is not recorded, so no replay can repeat it; it goes on when the run is dropped, and each replay \
              starts another one.",
        instead: "`ctx.spawn(..)` starts a task of the workflow. Work that needs a thread belongs in an activity.",
    },
    Text {
        rule: Rule::Blocking,
        code: "P007",
        name: "blocking",
        severity: Severity::Error,
        what: "Workflow code blocks its thread.",
        why: "Many workflows share a thread and all of them stand still; what would open the lock may be one of them. The deadlock \
              watch fails the workflow task.",
        instead: "Wait with `ctx.sleep(..)`, `ctx.wait_until(..)` or the locks and channels of `perpetua::sync`. State of a \
                  workflow needs no lock: `State<T>` is enough.",
    },
    Text {
        rule: Rule::ForeignSync,
        code: "P008",
        name: "foreign-sync",
        severity: Severity::Warning,
        what: "Workflow code uses a channel or an asynchronous lock of another library.",
        why: "Whoever holds the other end outside of the workflow wakes it at a moment that is not recorded. And the order in \
              which waiters are served is for that library to change, while histories rely on it.",
        instead: "`perpetua::sync` has a mutex, a read-write lock, a semaphore, notices and channels that serve first come, first \
                  served, on every replay. What comes from outside is a signal or an update.",
    },
    Text {
        rule: Rule::PollOrder,
        code: "P009",
        name: "poll-order",
        severity: Severity::Error,
        what: "Workflow code waits for several futures with a macro that polls them in an order of its own.",
        why: "`select!` of tokio and of futures begins with a random branch, so that another one wins on a replay. `join!` of tokio \
              begins with another one each time, and that order is for tokio to change.",
        instead: "`perpetua::select!`, `perpetua::join!` and `perpetua::try_join!` poll in the order in which the branches are \
                  written. `biased;` and `select_biased!` are deterministic, too.",
    },
    Text {
        rule: Rule::HashOrder,
        code: "P010",
        name: "hash-order",
        severity: Severity::Error,
        what: "Workflow code goes through a hash map or a hash set.",
        why: "Their order differs from process to process: a replay starts the same activities in another order, which is a \
              nondeterminism fault, or computes another result from them.",
        instead: "`BTreeMap` and `BTreeSet` are in the order of their keys. Looking up in a hash map is fine, and so is counting or \
                  adding up what is in it.",
    },
    Text {
        rule: Rule::ProcessState,
        code: "P011",
        name: "process-state",
        severity: Severity::Error,
        what: "Workflow code uses a variable that belongs to the process: a static or thread-local that can change.",
        why: "Other runs, and earlier replays of the same one, have changed it meanwhile. It is empty again on the next worker.",
        instead: "Keep it in the workflow, in a field `State<T>`. What workflows share belongs in an activity or in another workflow.",
    },
    Text {
        rule: Rule::Printing,
        code: "P012",
        name: "printing",
        severity: Severity::Warning,
        what: "Workflow code prints.",
        why: "Every replay prints it again, so that a log shows ten charges where there was one.",
        instead: "`ctx.log()` is silent while history is replayed. So is all of `tracing` under `perpetua::replay_filter()`.",
    },
    Text {
        rule: Rule::ActivityCalled,
        code: "P013",
        name: "activity-called",
        severity: Severity::Error,
        what: "Workflow code calls the function of an activity, instead of asking for the activity.",
        why: "It runs inside the workflow: it is not recorded, not tried again, and done again by each replay.",
        instead: "`ctx.activity(name(..)).start_to_close(..).await`. `name::call(..)` is for tests.",
    },
    Text {
        rule: Rule::NoTimeout,
        code: "P014",
        name: "no-timeout",
        severity: Severity::Error,
        what: "An activity is asked for without saying how long it may take.",
        why: "The server has no other way to notice that a worker died with it. An activity without a limit is refused where it is \
              awaited, and the workflow gets an error.",
        instead: "`.start_to_close(..)` limits each attempt, `.schedule_to_close(..)` all of them together. Say at least one.",
    },
    Text {
        rule: Rule::UnfinishedHandlers,
        code: "P015",
        name: "unfinished-handlers",
        severity: Severity::Warning,
        what: "A workflow has handlers that wait, and its main function never waits for them.",
        why: "When the main function returns, handlers that are still running are cut off: half of their work is done, and whoever \
              waits for such an update gets an error.",
        instead: "`ctx.wait_until(|| ctx.all_handlers_finished()).await?` before the main function returns, or \
                  `unfinished_policy = Abandon` on the handler if it may be cut off.",
    },
    Text {
        rule: Rule::EndlessLoop,
        code: "P016",
        name: "endless-loop",
        severity: Severity::Warning,
        what: "A loop that waits has no way out and never continues as new.",
        why: "Each round adds to the history. It has a limit; at the limit the server ends the run.",
        instead: "`if ctx.info().suggests_continue_as_new() { return ctx.continue_as_new(..); }`, with what the next run has to \
                  know as its argument.",
    },
    Text {
        rule: Rule::ReadOnly,
        code: "P017",
        name: "read-only",
        severity: Severity::Error,
        what: "A query, a validator or a condition of `wait_until` changes the workflow.",
        why: "What they do leaves no trace in history, so a replay would not do it. The call is refused when it happens.",
        instead: "Change state in the main function, in a signal or in an update. `.get()` and `.with(..)` only look.",
    },
    Text {
        rule: Rule::Allowance,
        code: "P018",
        name: "allowance",
        severity: Severity::Warning,
        what: "A comment allows something in a way that does not hold.",
        why: "Without a reason nobody can judge it later. One that allows nothing any more would hide the next mistake.",
        instead: "`// perpetua: allow(P001) why it is fine here`, on the line before the code; none where there is nothing to allow.",
    },
];

impl Rule {
    /// All rules, in the order of their codes.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TEXTS.iter().map(|text| text.rule)
    }

    /// The rule of a code, in capital letters or not, or of a name.
    pub fn find(text: &str) -> Option<Self> {
        let is_it = |candidate: &&Text| candidate.code.eq_ignore_ascii_case(text) || candidate.name == text;
        TEXTS.iter().find(is_it).map(|found| found.rule)
    }

    fn text(self) -> &'static Text {
        TEXTS.iter().find(|text| text.rule == self).expect("every rule has a text, as a test makes sure")
    }

    /// What it is called for: `P001`.
    pub fn code(self) -> &'static str {
        self.text().code
    }

    /// What it is called: `clock`.
    pub fn name(self) -> &'static str {
        self.text().name
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        self.text().severity
    }

    /// What is wrong, as one sentence.
    pub fn what(self) -> &'static str {
        self.text().what
    }

    /// Why it is wrong: what a replay would do.
    pub fn why(self) -> &'static str {
        self.text().why
    }

    /// What to write instead.
    pub fn instead(self) -> &'static str {
        self.text().instead
    }

    /// All that there is to say, for `perpetua lint --explain`.
    pub fn explain(self) -> String {
        let Text { code, name, severity, what, why, instead, .. } = self.text();
        let severity = match severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        format!("{code} {name} ({severity})\n\n{what}\n\nWhy: {why}\n\nInstead: {instead}\n")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_in_order_and_found_again() {
        for (index, rule) in Rule::all().enumerate() {
            assert_eq!(rule.code(), format!("P{:03}", index + 1));
            assert_eq!(rule as usize, index, "each rule has its own text");
            assert_eq!(Rule::find(&rule.code().to_lowercase()), Some(rule));
            assert_eq!(Rule::find(rule.name()), Some(rule));
        }
        assert_eq!(Rule::find("P999"), None);
    }
}
