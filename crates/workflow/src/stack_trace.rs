//! What each part of a workflow waits for, and the line of source code that describes it.
//!
//! A task of a workflow has no stack while it waits. What is known of it is what it waits for, and what it has started
//! and not given up; each of these knows the line that asked for it.

use std::fmt::Write as _;

use perpetua_core::Pending;
use serde::Serialize;

use crate::executor::Part;
use crate::runtime::Runtime;

/// One task of a workflow, and what it waits for.
struct Stack {
    part: String,
    waits: Vec<Pending>,
}

/// The same for tools, as the protocol has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnhancedStackTrace {
    sdk: Sdk,
    stacks: Vec<StackTrace>,
}

#[derive(Serialize)]
struct Sdk {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct StackTrace {
    locations: Vec<FileLocation>,
}

/// One line of source code. It is written as the compiler has it, and the text of the file is not sent along: a workflow
/// reads no files.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileLocation {
    #[serde(skip_serializing_if = "str::is_empty")]
    file_path: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    line: u32,
    #[serde(skip_serializing_if = "is_zero")]
    column: u32,
    function_name: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "it is how serde calls it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Runtime {
    /// What the workflow waits for, as text.
    pub(crate) fn stack_trace(&self) -> String {
        if self.run.borrow().is_finished() {
            return "the workflow has ended\n".to_owned();
        }
        let mut text = String::new();
        for Stack { part, waits } in self.stacks() {
            if !text.is_empty() {
                text.push('\n');
            }
            writeln!(text, "{part}").expect("a text takes all");
            for wait in &waits {
                writeln!(text, "    {wait}").expect("a text takes all");
            }
            if waits.is_empty() {
                writeln!(text, "    (nothing that is known here)").expect("a text takes all");
            }
        }
        text
    }

    /// What the workflow waits for, for tools.
    pub(crate) fn enhanced_stack_trace(&self) -> EnhancedStackTrace {
        let sdk = Sdk { name: "perpetua", version: env!("CARGO_PKG_VERSION") };
        let stacks = if self.run.borrow().is_finished() { Vec::new() } else { self.stacks() };
        let location = |part: &str, wait: Option<Pending>| {
            let (what, at) = wait.map_or((None, None), |wait| (Some(wait.what), wait.at));
            let function_name = what.map_or_else(|| part.to_owned(), |what| format!("{part}: {what}"));
            FileLocation {
                file_path: at.map_or("", |at| at.file()),
                line: at.map_or(0, |at| at.line()),
                column: at.map_or(0, |at| at.column()),
                function_name,
            }
        };
        let stack = |Stack { part, waits }: Stack| {
            let mut locations: Vec<_> = waits.into_iter().map(|wait| location(&part, Some(wait))).collect();
            if locations.is_empty() {
                locations.push(location(&part, None));
            }
            StackTrace { locations }
        };
        EnhancedStackTrace { sdk, stacks: stacks.into_iter().map(stack).collect() }
    }

    /// The tasks, the main function first, and at the end what was started by those that are done.
    fn stacks(&self) -> Vec<Stack> {
        let waits = &self.tasks.waits;
        let operations = self.run.borrow().pending().collect::<Vec<_>>();
        let operations = operations.into_iter().map(|(ticket, pending)| (waits.owner(ticket), pending));
        let mut all: Vec<_> = operations.chain(waits.others()).collect();
        let mut tasks = self.tasks.numbered();
        tasks.sort_by_key(|(_, part, _)| **part != Part::Main);
        let mut stacks = Vec::new();
        for (task, part, spawned) in tasks {
            let (its, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(owner, _)| *owner == Some(task));
            all = others;
            let part = match (&*part, spawned) {
                (Part::Main, _) => format!("main function of workflow `{}`", self.info.borrow().workflow_type()),
                (Part::Signal(name), _) => format!("handler of signal `{name}`"),
                (Part::Update(update), _) => format!("handler of update `{}` (id `{}`)", update.name, update.id),
                (Part::Spawned, Some(at)) => format!("task spawned (at {at})"),
                (other, _) => other.to_string(),
            };
            stacks.push(Stack { part, waits: its.into_iter().map(|(_, pending)| pending).collect() });
        }
        if !all.is_empty() {
            let part = "started by what is done".to_owned();
            stacks.push(Stack { part, waits: all.into_iter().map(|(_, pending)| pending).collect() });
        }
        stacks
    }
}
